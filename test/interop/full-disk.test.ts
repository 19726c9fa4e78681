/**
 * A disk that fills up and gets space again: a small tmpfs, which root can mount. A profile store refuses changes and
 * loses nothing; a log keeps its lines, and mail is sent.
 * @module
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailer, formatLogEvent, openProfileStore, profileToJson } from '../../src/index.js';
import type { EmailProfile, LogEvent, Transport } from '../../src/index.js';

const mounted: string[] = [];
afterEach(() => {
  for (const directory of mounted.splice(0)) {
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true });
  }
});

function smallDisk(size: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', directory]);
  mounted.push(directory);
  return directory;
}

/** Fills the disk. */
function fill(directory: string): void {
  try {
    for (;;) writeFileSync(join(directory, 'filler'), Buffer.alloc(64 * 1024), { flag: 'a' });
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

const profile: EmailProfile = {
  name: 'office',
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'login', username: 'ann', password: 'secret' },
};
const json = (value: EmailProfile | undefined): unknown => value && profileToJson(value, { secrets: 'include' });

/** A store with a profile and a copy of a certificate, on a disk that is full now. `before` is its file. */
async function storeOnFullDisk() {
  const disk = smallDisk('512k');
  const file = join(disk, 'profiles.store');
  const store = await openProfileStore({ file, key: new Uint8Array(32) });
  await store.save(profile);
  await store.saveCached('office', 'slot', Buffer.alloc(50_000, 1));
  const before = readFileSync(file);
  fill(disk);
  return { disk, file, store, before };
}

describe('a profile store on a full disk', () => {
  it('says so, keeps what it has, and works again when there is room', async () => {
    const { disk, file, store, before } = await storeOnFullDisk();
    const changed = { ...profile, description: 'changed' };
    for (const call of [
      () => store.save(changed),
      () => store.save({ ...profile, name: 'other' }),
      () => store.saveCached('office', 'slot', Buffer.alloc(60_000)),
      () => store.saveTokens('["office"]', { accessToken: 'x'.repeat(5_000), tokenType: 'Bearer' }),
      () => store.changeKey(new Uint8Array(32).fill(1)),
      () => store.delete('office'),
    ])
      await expect(call()).rejects.toMatchObject({
        code: 'ERR_STORE',
        retryable: true,
        message: expect.stringContaining('no space is left') as string,
      });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(disk).sort()).toEqual(['filler', 'profiles.store', 'profiles.store.state']);
    const again = await openProfileStore({ file, key: new Uint8Array(32) });
    expect(json(await again.get('office'))).toEqual(json(profile));
    rmSync(join(disk, 'filler'));
    await store.save(changed);
    expect(json(await again.get('office'))).toEqual(json(changed));
    expect(await again.loadCached('office', 'slot')).toHaveLength(50_000);
  });
});

describe('a profile store with room for one of the two files of a change', () => {
  it('changes nothing', async () => {
    const { disk, file, store, before } = await storeOnFullDisk();
    const block = 4096;
    const changed = { ...profile, description: 'changed' };
    truncateSync(join(disk, 'filler'), statSync(join(disk, 'filler')).size - Math.ceil(before.length / block) * block);
    await expect(store.save(changed)).rejects.toMatchObject({ code: 'ERR_STORE', retryable: true });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(`${file}.state`).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    truncateSync(join(disk, 'filler'), statSync(join(disk, 'filler')).size - block);
    await store.save(changed);
    expect(json(await store.get('office'))).toEqual(json(changed));
  });
});

describe('a profile store whose file is a mount point', () => {
  it('refuses changes, says what to mount, and keeps what it has', async () => {
    const file = join(smallDisk('512k'), 'profiles.store');
    const store = await openProfileStore({ file, key: new Uint8Array(32) });
    await store.save(profile);
    execFileSync('mount', ['--bind', file, file]);
    try {
      await expect(store.save({ ...profile, description: 'changed' })).rejects.toMatchObject({
        code: 'ERR_STORE',
        retryable: false,
        message: expect.stringContaining('it is a mount point, or open in another program (EBUSY)') as string,
        remedy: 'Mount the directory of the file, not the file by itself.',
      });
    } finally {
      execFileSync('umount', [file]);
    }
    expect(json(await store.get('office'))).toEqual(json(profile));
    await store.save({ ...profile, description: 'changed' });
  });
});

describe('a log file of 20 000 messages', () => {
  it('has every event in order while it is moved away, truncated, and its disk fills up', async () => {
    const disk = smallDisk('8m');
    const file = join(disk, 'mail.log');
    const transport: Transport = {
      send: async (envelope, compose) => {
        await compose();
        // Gives other work a turn, as a network does.
        await new Promise((turn) => setImmediate(turn));
        return { accepted: envelope.to, rejected: [], reply: { code: 250, lines: ['ok'] } };
      },
      close: () => Promise.resolve(),
    };
    const events: LogEvent[] = [];
    const mailer = createMailer(
      { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'h' }, logging: { file } },
      { transport, logger: (event) => events.push(event) },
    );
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        expect((await mailer.send({ to: 'bob@example.org', text: 'x' })).accepted).toHaveLength(1);
        sent++;
      }
    };
    const last = (): string => `${formatLogEvent(events.at(-1) as LogEvent)}\n`;
    const written = async (): Promise<void> => {
      while (!existsSync(file) || !readFileSync(file, 'utf8').endsWith(last())) await pause(5);
    };
    const warnings = (): readonly LogEvent[] => events.filter(({ type }) => type === 'warning');

    await send(1);
    await written();
    await send(2_499);
    renameSync(file, `${file}.moved`);
    await send(2_500);
    await written();
    copyFileSync(file, `${file}.copy`);
    truncateSync(file, 0);
    await send(5_000);
    await written();
    // The file ends in the middle of a page, so the next write ends in the middle of a line.
    fill(disk);
    const full = statSync(file).size;
    await send(3_000);
    expect(statSync(file).size).toBeGreaterThanOrEqual(full);
    expect(warnings()).toEqual([
      expect.objectContaining({
        warning: { code: 'WARN_LOG', message: expect.stringContaining('(ENOSPC)') as string },
      }),
    ]);
    rmSync(join(disk, 'filler'));
    await send(7_000);
    await mailer.close();
    expect(sent).toBe(20_000);
    expect(warnings()).toHaveLength(1);

    const lines = ['.moved', '.copy', ''].flatMap((end) =>
      readFileSync(file + end, 'utf8')
        .split('\n')
        .slice(0, -1),
    );
    const expected = events.map(formatLogEvent);
    const pieces: string[] = [];
    let at = 0;
    for (const line of lines) {
      if (line === expected[at]) at++;
      else pieces.push(line);
    }
    expect(at).toBe(expected.length);
    // Pieces of a line that a write into the full disk left; the whole line follows.
    expect(pieces.length).toBeLessThan(3);
    for (const piece of pieces) expect(expected.some((line) => line.startsWith(piece))).toBe(true);
  }, 120_000);
});

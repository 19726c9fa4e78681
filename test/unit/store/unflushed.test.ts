/**
 * A disk that fails after the store's file was replaced: the error says that the change was made.
 * @module
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type * as Fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { openProfileStore } from '../../../src/index.js';
import { NotFlushed, writeFileAtomically } from '../../../src/system/write-file.js';

/** The calls that fail: the flush of a directory, or a rename to the note beside the store. */
const failing = vi.hoisted(() => ({ flush: false, note: false }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Fs>();
  const diskError = (): Error => Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  return {
    ...fs,
    open: async (path: string, flags: string | number, mode?: number) => {
      const handle = await fs.open(path, flags, mode);
      if (failing.flush && flags === 'r') handle.sync = () => Promise.reject(diskError());
      return handle;
    },
    rename: async (from: string, to: string) => {
      if (failing.note && to.endsWith('revision')) throw diskError();
      await fs.rename(from, to);
    },
  };
});

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-unflushed-'));
afterEach(() => Object.assign(failing, { flush: false, note: false }));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const office = {
  name: 'office',
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
} as const;

describe.skipIf(process.platform === 'win32')('a disk that fails after the file was replaced', () => {
  it('is an error that says so, and leaves no temporary file', async () => {
    const path = join(scratch, 'file');
    failing.flush = true;
    const error: unknown = await writeFileAtomically(path, Buffer.from('new')).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(NotFlushed);
    expect(error).toMatchObject({ cause: { code: 'EIO' } });
    expect([readFileSync(path, 'utf8'), readdirSync(scratch)]).toEqual(['new', ['file']]);
  });

  it.each(['flush', 'note'] as const)(
    '(%s) is ERR_STORE, and the store goes on with what was written',
    async (what) => {
      const file = join(scratch, what, 'profiles.store');
      const store = await openProfileStore({ file, key: new Uint8Array(32).fill(7) });
      await store.save({ ...office, name: 'home' });
      failing[what] = true;
      await expect(store.save(office)).rejects.toMatchObject({
        code: 'ERR_STORE',
        message: expect.stringMatching(/was written, but a power failure may undo that, because .*\(EIO\)/) as string,
        remedy: expect.stringMatching(/^The change is in the file: do not make it again\./) as string,
        retryable: false,
      });
      failing[what] = false;
      const names = async (opened: typeof store): Promise<string[]> => (await opened.list()).map(({ name }) => name);
      expect(await names(store)).toEqual(['home', 'office']);
      await store.save({ ...office, name: 'third' });
      const again = await openProfileStore({ file, key: new Uint8Array(32).fill(7) });
      expect(await names(again)).toEqual(['home', 'office', 'third']);
    },
  );

  it('leaves a store that changes its key readable with the new one', async () => {
    const file = join(scratch, 'key', 'profiles.store');
    const [before, after] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
    const store = await openProfileStore({ file, key: before });
    await store.save(office);
    failing.flush = true;
    await expect(store.changeKey(after)).rejects.toMatchObject({ code: 'ERR_STORE' });
    failing.flush = false;
    expect((await store.get('office'))?.name).toBe('office');
    expect((await (await openProfileStore({ file, key: after })).get('office'))?.name).toBe('office');
  });
});

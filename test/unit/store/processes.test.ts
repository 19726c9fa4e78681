/**
 * A profile store used by several processes. Some are killed with SIGKILL at random moments of a save. `npm run
 * test:soak` kills many more and saves for longer.
 * @module
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProfileStore, profileToJson } from '../../../src/index.js';
import type { EmailProfile } from '../../../src/index.js';
import { bundle } from '../../support/bundle.js';
import { random } from '../../support/random.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-processes-'));
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
const key = new Uint8Array(32).fill(5);
let worker: string;
beforeAll(async () => {
  const modules = await bundle({ index: 'src/index.ts' });
  worker = join(modules, 'worker.mjs');
  writeFileSync(worker, workerSource);
});

const workerSource = `
import { openProfileStore } from './index.mjs';
const [file, who, first, last] = process.argv.slice(2);
const store = await openProfileStore({ file, key: new Uint8Array(32).fill(5) });
const profile = (name, text) => ({
  name,
  description: text,
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'login', username: 'ann', password: 'pw ' + text },
});
for (let n = Number(first); n <= Number(last); n++) {
  await store.save(profile(who, String(n)));
  await store.save(profile('shared', who + ' ' + n));
  await store.saveTokens(JSON.stringify(['shared', who]), { accessToken: String(n), tokenType: 'Bearer' });
  console.log(n);
}
`;

function start(file: string, who: string, first: number, last: number): ChildProcess {
  const child = spawn(process.execPath, [worker, file, who, String(first), String(last)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.add(child);
  return child;
}

function linesOf(child: ChildProcess): AsyncIterable<string> {
  if (child.stdout === null) throw new Error('no output');
  return createInterface({ input: child.stdout });
}

/** The number in a profile. Fails if its secret comes from another save. */
function numberIn(profile: EmailProfile | undefined): number {
  if (profile === undefined) return 0;
  const { description = '', authentication } = profileToJson(profile, { secrets: 'include' }) as {
    description?: string;
    authentication: { password: string };
  };
  expect(authentication.password).toBe(`pw ${description}`);
  return Number(description.split(' ').at(-1));
}

function revisionOf(file: string): number {
  return Number(/"revision": (\d+)/.exec(readFileSync(file, 'utf8'))?.[1]);
}

describe.runIf(process.platform !== 'win32')('a profile store of several processes', () => {
  it('holds the old or the new profile where a process is killed in a save, and is never left locked', async () => {
    const file = join(scratch, 'killed', 'store');
    const seed = Date.now() >>> 0;
    const next = random(seed);
    const reader = await openProfileStore({ file, key });
    let number = 0;
    for (let kills = 4; kills > 0; kills--) {
      const child = start(file, 'ann', number + 1, Infinity);
      let left = next(4);
      let turns = next(40);
      for await (const line of linesOf(child)) {
        number = Number(line);
        if (left-- > 0) continue;
        while (turns-- > 0) await new Promise((turn) => setImmediate(turn));
        child.kill('SIGKILL');
        break;
      }
      if (child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode, `seed ${seed}: the process ended by itself`).toBe('SIGKILL');
      // Both read the last save that the process reported, or one that it made without reporting it.
      for (const store of [reader, await openProfileStore({ file, key })]) {
        const own = numberIn(await store.get('ann'));
        const shared = numberIn(await store.get('shared'));
        const token = Number((await store.loadTokens('["shared","ann"]'))?.accessToken);
        expect(own, `seed ${seed}`).toBeGreaterThanOrEqual(number);
        expect([own, own - 1], `seed ${seed}`).toContain(shared);
        expect([shared, shared - 1], `seed ${seed}`).toContain(token);
      }
      number = numberIn(await reader.get('ann'));
    }
    await once(start(file, 'ann', number + 1, number + 1), 'exit');
    expect(numberIn(await reader.get('shared'))).toBe(number + 1);
    expect(readdirSync(join(file, '..')).sort()).toEqual(['store', 'store.state']);
  });

  it('loses nothing where four save different profiles and the same one', async () => {
    const file = join(scratch, 'four', 'store');
    const rounds = 5;
    const reader = await openProfileStore({ file, key });
    const names = Array.from({ length: 4 }, (_, index) => `process ${index}`);
    const children = names.map((who) => start(file, who, 1, rounds));
    let running = children.length;
    const ends = children.map(async (child) => {
      for await (const line of linesOf(child)) expect(Number(line)).toBeLessThanOrEqual(rounds);
      if (child.exitCode === null) await once(child, 'exit');
      running--;
      expect(child.exitCode).toBe(0);
    });
    // A reader never waits, and never sees half a write or an older one than before.
    let seen = 0;
    while (running > 0) {
      const list = await reader.list();
      expect(list.length).toBeGreaterThanOrEqual(seen);
      seen = list.length;
      numberIn(await reader.get('shared'));
    }
    await Promise.all(ends);
    for (const who of names) {
      expect(numberIn(await reader.get(who))).toBe(rounds);
      expect((await reader.loadTokens(JSON.stringify(['shared', who])))?.accessToken).toBe(String(rounds));
    }
    expect(numberIn(await reader.get('shared'))).toBe(rounds);
    // Each save raised the revision by one, so none overwrote another that it had not read.
    expect(revisionOf(file)).toBe(1 + 4 * rounds * 3);
  });
});

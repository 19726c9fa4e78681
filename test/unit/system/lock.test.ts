/**
 * The lock between processes, tested with real processes. Some are killed with SIGKILL while they hold it or wait for
 * it.
 * @module
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessLock } from '../../../src/system/lock.js';
import type { LockKind } from '../../../src/system/lock.js';
import { bundle } from '../../support/bundle.js';
import { random } from '../../support/random.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-lock-'));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
/** `npm run test:soak` kills more. */
const kills = Number(process.env['SEALPOST_LOCK_KILLS'] ?? 6);
let worker: string;
beforeAll(async () => {
  const directory = await bundle({ lock: 'src/system/lock.ts' });
  worker = join(directory, 'worker.mjs');
  writeFileSync(worker, workerSource);
});

/** A process that takes the lock repeatedly. It logs each entry and exit, and notifies its parent in between. */
const workerSource = `
import { appendFileSync } from 'node:fs';
import { ProcessLock } from './lock.mjs';
const [directory, kind, log, rounds, inside] = process.argv.slice(2);
const lock = new ProcessLock(directory, kind);
const turn = () => new Promise((next) => setImmediate(next));
for (let round = 0; round < Number(rounds); round++) {
  console.log('waits');
  await lock.run(async () => {
    appendFileSync(log, 'enter ' + process.pid + '\\n');
    console.log('inside');
    if (inside === 'for ever') await new Promise((never) => setInterval(never, 2 ** 30));
    for (let i = 0; i < 5; i++) await turn();
    appendFileSync(log, 'leave ' + process.pid + '\\n');
  });
}
`;

let directories = 0;
const freshDirectory = (): string => {
  const path = join(scratch, String(++directories));
  mkdirSync(path);
  return path;
};

interface Place {
  readonly lock: string;
  readonly log: string;
}
const freshPlace = (): Place => {
  const directory = freshDirectory();
  writeFileSync(join(directory, 'log'), '');
  return { lock: join(directory, 'lock'), log: join(directory, 'log') };
};

function start({ lock, log }: Place, kind: LockKind, rounds: number, inside = 'briefly'): ChildProcess {
  const child = spawn(process.execPath, [worker, lock, kind, log, String(rounds), inside], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  return child;
}

function linesOf(child: ChildProcess): AsyncIterable<string> {
  if (child.stdout === null) throw new Error('no output');
  return createInterface({ input: child.stdout });
}

async function until(child: ChildProcess, word: string): Promise<void> {
  for await (const line of linesOf(child)) if (line === word) return;
  throw new Error(`the process ended before it said ${word}`);
}

/** The number of entries in the log. Fails if a process entered while a living one was inside. */
function visits(log: string, killed: ReadonlySet<number>): number {
  let inside: number | undefined;
  let count = 0;
  for (const line of readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
    const [word, text] = line.split(' ');
    const pid = Number(text);
    if (word === 'enter') {
      if (inside !== undefined) expect(killed, `${pid} came in while ${inside} held the lock`).toContain(inside);
      inside = pid;
    } else {
      expect(inside, `${pid} left while another held the lock`).toBe(pid);
      inside = undefined;
      count++;
    }
  }
  return count;
}

const kinds: readonly LockKind[] = process.platform === 'linux' ? ['directory', 'name'] : ['directory'];

describe.runIf(process.platform !== 'win32').each(kinds)('a lock between processes (%s)', (kind) => {
  it('lets one process in at a time, and every one in the end', async () => {
    const place = freshPlace();
    const all = Array.from({ length: 4 }, () => start(place, kind, 15));
    const codes = await Promise.all(all.map(async (child) => (await once(child, 'exit'))[0] as unknown));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(visits(place.log, new Set())).toBe(60);
  });

  it(
    'passes on from a process that is killed, whether it holds the lock or waits for it',
    async () => {
      const place = freshPlace();
      const seed = Date.now() >>> 0;
      const next = random(seed);
      const killed = new Set<number>();
      const run = async (): Promise<void> => {
        while (killed.size < kills) {
          const child = start(place, kind, 1_000_000);
          let left = next(12);
          for await (const line of linesOf(child)) {
            expect(['waits', 'inside']).toContain(line);
            if (left-- > 0 && killed.size < kills) continue;
            killed.add(child.pid ?? 0);
            child.kill('SIGKILL');
            break;
          }
          if (child.signalCode === null) await once(child, 'exit');
          expect(child.signalCode, 'a worker ended by itself').toBe('SIGKILL');
        }
      };
      await Promise.all([run(), run(), run()]);
      // Files left by killed processes block no later one: a new process takes the lock and clears the directory.
      expect(await once(start(place, kind, 3), 'exit')).toEqual([0, null]);
      expect(visits(place.log, killed), `seed ${seed}`).toBeGreaterThanOrEqual(3);
      if (kind === 'directory') expect(readdirSync(place.lock), `seed ${seed}`).toEqual(['held']);
    },
    // Far more than a slow machine takes: only a hang lasts so long.
    300_000 + 5_000 * kills,
  );

  it('waits for a process that is stopped, however long', async () => {
    const place = freshPlace();
    const holder = start(place, kind, 1, 'for ever');
    await until(holder, 'inside');
    holder.kill('SIGSTOP');
    const other = start(place, kind, 1);
    await until(other, 'waits');
    const lock = new ProcessLock(place.lock, kind);
    const controller = new AbortController();
    const gaveUp = lock.run(() => Promise.reject(new Error('two hold it')), controller.signal);
    for (let i = 0; i < 300; i++) await new Promise((turn) => setImmediate(turn));
    controller.abort();
    await expect(gaveUp).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(readFileSync(place.log, 'utf8')).toBe(`enter ${holder.pid}\n`);
    holder.kill('SIGKILL');
    expect(await once(other, 'exit')).toEqual([0, null]);
    expect(visits(place.log, new Set([holder.pid ?? 0]))).toBe(1);
  });

  it('queues up within a process, in order, also after failures and aborts', async () => {
    const lock = new ProcessLock(freshPlace().lock, kind);
    const order: number[] = [];
    const controller = new AbortController();
    const all = [
      lock.run(() => Promise.resolve(order.push(1))),
      lock.run(() => Promise.reject(new Error('the work failed'))),
      lock.run(() => Promise.resolve(order.push(2)), controller.signal),
      lock.run(() => Promise.resolve(order.push(3))),
    ];
    controller.abort();
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(order).toEqual([1, 3]);
  });
});

describe.runIf(process.platform !== 'win32')('the directory of a lock', () => {
  it('may have a path too long for a socket', async () => {
    const deep = join(freshDirectory(), 'd'.repeat(120));
    const a = new ProcessLock(deep);
    const b = new ProcessLock(deep);
    let inside = 0;
    const work = async (): Promise<number> => {
      expect(++inside).toBe(1);
      await new Promise((turn) => setImmediate(turn));
      return inside--;
    };
    await Promise.all([a.run(work), b.run(work), a.run(work), b.run(work)]);
    expect(readdirSync(deep)).toEqual(['held']);
  });

  it('may hold files of others', async () => {
    const directory = freshPlace().lock;
    mkdirSync(join(directory, 'held'), { recursive: true });
    writeFileSync(join(directory, 'held', '.DS_Store'), 'x');
    expect(await new ProcessLock(directory).run(() => Promise.resolve('in'))).toBe('in');
  });

  it('is for this user alone', async () => {
    const { lock } = freshPlace();
    await new ProcessLock(lock).run(async () => {
      const { statSync } = await import('node:fs');
      expect(statSync(lock).mode & 0o777).toBe(0o700);
      expect(statSync(join(lock, 'held')).mode & 0o777).toBe(0o700);
    });
  });

  it('must have a directory above it', async () => {
    const lock = new ProcessLock(join(freshDirectory(), 'missing', 'lock'));
    await expect(lock.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/**
 * The log file: a fault of the file loses no other line, and nothing throws.
 * @module
 */
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
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
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { formatLogEvent } from '../../../src/index.js';
import type { Warning } from '../../../src/index.js';
import { FileSink } from '../../../src/sinks/file-sink.js';
import type { RotationSettings } from '../../../src/sinks/rotation.js';
import { bundle } from '../../support/bundle.js';
import { numbered, numbersIn, upTo } from './events.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-file-sink-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;
const freshPath = (): string => {
  const directory = join(scratch, String(++directories));
  mkdirSync(directory);
  return join(directory, 'mail.log');
};

interface Setup {
  readonly path: string;
  readonly sink: FileSink;
  readonly warnings: Warning[];
  /** Resolves when everything written so far is in the file or has failed. */
  settle(): Promise<void>;
}

function setUp(path = freshPath(), rotation?: RotationSettings): Setup {
  const warnings: Warning[] = [];
  const sink = new FileSink({ path, level: 'debug', rotation }, (warning) => warnings.push(warning));
  return { path, sink, warnings, settle: () => sink.flush() };
}
const lines = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('a log file', () => {
  it('has a line for each event in order, as formatLogEvent writes it, and mode 0600', async () => {
    const { path, sink } = setUp();
    for (const number of upTo(500)) sink.write(numbered(number));
    await sink.close();
    expect(lines(path)).toEqual(upTo(500).map((number) => formatLogEvent(numbered(number))));
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('has events of its level and graver ones', async () => {
    const path = freshPath();
    const sink = new FileSink({ path, level: 'warning' }, () => undefined);
    for (const [number, level] of (['debug', 'info', 'warning', 'error'] as const).entries())
      sink.write(numbered(number, level));
    await sink.close();
    expect(numbersIn(readFileSync(path, 'utf8'))).toEqual([2, 3]);
    sink.write(numbered(4, 'error'));
    await sink.close();
    expect(numbersIn(readFileSync(path, 'utf8'))).toEqual([2, 3]);
  });

  it('is appended to, and keeps the mode that it has', async () => {
    const { path, sink } = setUp();
    writeFileSync(path, 'before\n');
    chmodSync(path, 0o640);
    sink.write(numbered(0));
    await sink.close();
    expect(lines(path)[0]).toBe('before');
    expect(lines(path)).toHaveLength(2);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('is begun anew where it was moved away, deleted or replaced, and goes on where it was truncated', async () => {
    const { path, sink, settle, warnings } = setUp();
    let number = 0;
    const some = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) sink.write(numbered(number++));
      await settle();
    };
    await some();
    renameSync(path, `${path}.moved`);
    await some();
    truncateSync(path, 0);
    await some();
    rmSync(path);
    await some();
    renameSync(path, `${path}.first`);
    writeFileSync(path, 'of another program\n');
    await some();
    await sink.close();
    expect(numbersIn(readFileSync(`${path}.moved`, 'utf8'))).toEqual(upTo(10));
    expect(numbersIn(readFileSync(`${path}.first`, 'utf8'))).toEqual(upTo(40).slice(30));
    expect(lines(path)[0]).toBe('of another program');
    expect(numbersIn(readFileSync(path, 'utf8'))).toEqual(upTo(50).slice(40));
    expect(warnings).toEqual([]);
  });

  it('says once that its folder is gone, and has every event when the folder is back', async () => {
    const { path, sink, settle, warnings } = setUp();
    sink.write(numbered(0));
    await settle();
    rmSync(join(path, '..'), { recursive: true });
    for (const number of [1, 2, 3]) {
      sink.write(numbered(number));
      await settle();
    }
    expect(warnings).toEqual([
      {
        code: 'WARN_LOG',
        message: expect.stringMatching(/mail\.log cannot be written \(ENOENT\)\. Sending continues/) as string,
      },
    ]);
    mkdirSync(join(path, '..'));
    sink.write(numbered(4));
    await settle();
    expect(numbersIn(readFileSync(path, 'utf8'))).toEqual([1, 2, 3, 4]);
    rmSync(join(path, '..'), { recursive: true });
    sink.write(numbered(5));
    await sink.close();
    expect(warnings).toHaveLength(2);
  });

  it('drops the oldest of too many events that wait, and says how many', async () => {
    const { path, sink, settle } = setUp(join(scratch, 'later', 'mail.log'));
    for (const number of upTo(50_500)) sink.write(numbered(number));
    await settle();
    mkdirSync(join(path, '..'));
    await sink.close();
    const text = readFileSync(path, 'utf8');
    expect(lines(path)[0]).toMatch(/ warning - 500 earlier events are missing/);
    expect(numbersIn(text)).toEqual(upTo(50_500).slice(500));
  });

  it('is not a directory, and not a pipe, which would hold the process', async () => {
    const directory = setUp(scratch);
    directory.sink.write(numbered(0));
    await directory.sink.close();
    expect(directory.warnings[0]?.message).toContain('EISDIR');
    if (process.platform === 'win32') return;
    const pipe = freshPath();
    await promisify(execFile)('mkfifo', [pipe]);
    const { sink, warnings } = setUp(pipe);
    sink.write(numbered(0));
    await sink.close();
    expect(warnings).toHaveLength(1);
  });

  it.runIf(process.platform !== 'win32')(
    'keeps what a full disk does not take, and writes it to the next file',
    async () => {
      const path = freshPath();
      const modules = await bundle({ sink: 'src/sinks/file-sink.ts' });
      const worker = join(modules, 'worker.mjs');
      writeFileSync(
        worker,
        `import { renameSync } from 'node:fs';
       import { FileSink } from './sink.mjs';
       const path = process.argv[2];
       const warnings = [];
       const sink = new FileSink({ path, level: 'debug' }, (warning) => warnings.push(warning.message));
       const write = (from, to) => {
         for (let n = from; n < to; n++)
           sink.write({ time: new Date(), level: 'info', connection: 1, type: 'command', display: 'event ' + n });
         return sink.flush();
       };
       await write(0, 20);
       await write(20, 60);
       await write(60, 70);
       renameSync(path, path + '.full');
       await write(70, 71);
       await sink.close();
       console.log(JSON.stringify(warnings));`,
      );
      // With files of at most 2 KiB a write ends in the middle of a line, as on a full disk.
      const command = 'ulimit -f 2; exec "$0" "$1" "$2"';
      const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, worker, path]);
      expect(JSON.parse(stdout)).toEqual([expect.stringContaining('cannot be written (EFBIG)')]);
      expect(statSync(`${path}.full`).size).toBe(2048);
      const first = numbersIn(readFileSync(`${path}.full`, 'utf8'));
      const cut = lines(`${path}.full`).length;
      expect(first.length === cut || first.length === cut + 1).toBe(true);
      expect([...new Set([...first.slice(0, cut), ...numbersIn(readFileSync(path, 'utf8'))])]).toEqual(upTo(71));
    },
  );
});

describe('rotation of a log file', () => {
  const all = (path: string): string[] => readdirSync(join(path, '..')).filter((name) => !name.endsWith('.lock'));

  it('keeps files under the limit, and as many as it should', async () => {
    const { path, sink, settle, warnings } = setUp(freshPath(), { maxBytes: 400, maxFiles: 3 });
    for (const number of upTo(100)) {
      sink.write(numbered(number));
      if (number % 7 === 0) await settle();
    }
    await sink.close();
    expect(all(path).sort()).toEqual(['mail.log', 'mail.log.1', 'mail.log.2', 'mail.log.3']);
    const kept = ['.3', '.2', '.1', ''].map((end) => readFileSync(path + end, 'utf8'));
    for (const text of kept) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(400);
    const numbers = numbersIn(kept.join(''));
    expect(numbers).toEqual(upTo(100).slice(-numbers.length));
    expect(numbers.length).toBeGreaterThan(20);
    expect(warnings).toEqual([]);
  });

  it('writes a line longer than the limit to a file of its own', async () => {
    const { path, sink } = setUp(freshPath(), { maxBytes: 10, maxFiles: 9 });
    for (const number of upTo(4)) sink.write(numbered(number));
    await sink.close();
    expect(['.3', '.2', '.1', ''].map((end) => lines(path + end).length)).toEqual([1, 1, 1, 1]);
  });

  it.runIf(process.platform !== 'win32')('loses no line of any process', async () => {
    const { path } = setUp();
    const modules = await bundle({ sink: 'src/sinks/file-sink.ts' });
    writeFileSync(
      join(modules, 'worker.mjs'),
      `import { FileSink } from './sink.mjs';
       const [path, first] = process.argv.slice(2);
       const sink = new FileSink({ path, level: 'debug', rotation: { maxBytes: 3000, maxFiles: 1000 } }, ({ message }) => {
         // On a busy machine another process may hold the lock of a rotation for longer than this one waits.
         if (!message.includes('cannot be rotated')) throw new Error(message);
       });
       for (let n = 0; n < 1000; n++) {
         sink.write({ time: new Date(), level: 'info', connection: 1, type: 'command', display: 'event ' + (Number(first) + n) });
         if (n % 20 === 0) await sink.flush();
       }
       await sink.close();`,
    );
    await Promise.all(
      [1, 2, 3].map((process_) =>
        promisify(execFile)(process.execPath, [join(modules, 'worker.mjs'), path, String(process_ * 10_000)]),
      ),
    );
    const files = all(path)
      .map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0))
      .sort((a, b) => b - a);
    expect(files.length).toBeGreaterThan(3);
    const text = files.map((number) => readFileSync(number === 0 ? path : `${path}.${number}`, 'utf8')).join('');
    const numbers = numbersIn(text);
    expect(text.split('\n')).toHaveLength(3001);
    for (const first of [10_000, 20_000, 30_000]) {
      const own = numbers.filter((number) => number >= first && number < first + 10_000);
      expect(new Set(own).size).toBe(1000);
      expect(own).toHaveLength(1000);
    }
  });

  it('goes without rotation where that is not to be had, and says so', async () => {
    const { path, sink, warnings } = setUp(freshPath(), { maxBytes: 100, maxFiles: 2 });
    // A file stands in place of the lock's directory.
    appendFileSync(`${path}.lock`, '');
    for (const number of upTo(20)) {
      sink.write(numbered(number));
      await sink.flush();
    }
    await sink.close();
    expect(numbersIn(readFileSync(path, 'utf8'))).toEqual(upTo(20));
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('cannot be rotated')]);
  });
});

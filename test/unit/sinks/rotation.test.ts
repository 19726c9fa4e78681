/**
 * Rotation while another process holds its lock: no event waits for long, and close() never waits.
 * @module
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Warning } from '../../../src/index.js';
import { FileSink } from '../../../src/sinks/file-sink.js';
import { ProcessLock } from '../../../src/system/lock.js';
import { numbered, numbersIn, upTo } from './events.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-rotation-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => void vi.useRealTimers());

describe('rotation of a log file that another process has locked', () => {
  it('is given up after 5 seconds, and tried again after a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const path = join(scratch, 'mail.log');
    const warnings: Warning[] = [];
    const sink = new FileSink({ path, level: 'debug', rotation: { maxBytes: 200, maxFiles: 3 } }, (warning) =>
      warnings.push(warning),
    );
    sink.write(numbered(0));
    await sink.flush();
    await new ProcessLock(`${path}.lock`).run(async () => {
      for (const number of upTo(10).slice(1)) sink.write(numbered(number));
      while (vi.getTimerCount() === 0) await new Promise((turn) => setImmediate(turn));
      await vi.advanceTimersByTimeAsync(5_000);
      await sink.flush();
      expect(numbersIn(readFileSync(path, 'utf8'))).toEqual(upTo(10));
      sink.write(numbered(10));
      await sink.flush();
      expect(numbersIn(readFileSync(path, 'utf8'))).toEqual(upTo(11));
    });
    const message = `The log file ${path} cannot be rotated (another process has held its lock for 5 s) and grows.`;
    expect(warnings).toEqual([{ code: 'WARN_LOG', message }]);
    await vi.advanceTimersByTimeAsync(60_000);
    sink.write(numbered(11));
    await sink.close();
    expect(readdirSync(scratch).sort()).toEqual(['mail.log', 'mail.log.1', 'mail.log.lock']);
    expect(numbersIn(readFileSync(path, 'utf8'))).toEqual([11]);
  });
});

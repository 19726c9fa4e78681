/**
 * The logs of a profile while their code is being loaded: events are kept and written later; events beyond the limit
 * are counted.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Warning } from '../../../src/index.js';
import { ProfileLogs } from '../../../src/mailer/profile-logs.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-profile-logs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const noIdentity = (): never => {
  throw new Error('no certificate is wanted');
};

/** Writes `count` events in one turn of the event loop. Returns the number of lines in the log, and the warnings. */
async function logged(count: number): Promise<{ readonly lines: number; readonly warnings: readonly Warning[] }> {
  const file = join(scratch, `${count}.log`);
  const warnings: Warning[] = [];
  const logs = new ProfileLogs({ file }, noIdentity, (warning) => warnings.push(warning));
  for (let connection = 1; connection <= count; connection++)
    logs.write({ type: 'connection', level: 'info', time: new Date(0), connection, state: 'closed', detail: '' });
  await logs.close();
  const text = readFileSync(file, 'utf8');
  const numbers = [...text.matchAll(/ info #(\d+) closed\n/g)].map(([, number]) => Number(number));
  expect(numbers.every((number, index) => number === index + 1)).toBe(true);
  return { lines: numbers.length, warnings };
}

describe('the logs of a profile', () => {
  it('have every event of twenty thousand sends that begin at once', async () => {
    expect(await logged(40_000)).toEqual({ lines: 40_000, warnings: [] });
  });

  it('say how many events had no room while their code was loaded', async () => {
    expect(await logged(50_007)).toEqual({
      lines: 50_000,
      warnings: [{ code: 'WARN_LOG', message: expect.stringMatching(/^7 events are missing/) as string }],
    });
  });
});

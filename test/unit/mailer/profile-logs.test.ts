/** The logs of a profile while their code is loaded: what comes meanwhile is written, and what has no room is counted. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer } from '../../../src/index.js';
import type { LogEvent, Transport, Warning } from '../../../src/index.js';
import { ProfileLogs } from '../../../src/mailer/profile-logs.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-profile-logs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const linesOf = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const noIdentity = (): never => {
  throw new Error('no certificate is wanted');
};

describe('the logs of a profile', () => {
  it('have every event of twelve thousand sends that begin at once', async () => {
    const file = join(scratch, 'burst.log');
    const transport: Transport = {
      send: async (envelope, compose) => {
        await compose();
        return { accepted: envelope.to, rejected: [], reply: { code: 250, lines: ['ok'] } };
      },
      close: () => Promise.resolve(),
    };
    const events: LogEvent[] = [];
    const mailer = createMailer(
      { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'h' }, logging: { file } },
      { transport, logger: (event) => events.push(event) },
    );
    await Promise.all(Array.from({ length: 12_000 }, () => mailer.send({ to: 'bob@example.org', text: 'x' })));
    await mailer.close();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(linesOf(file).length).toBe(events.length);
  });

  it('say how many events had no room while their code was loaded', async () => {
    const file = join(scratch, 'many.log');
    const warnings: Warning[] = [];
    const logs = new ProfileLogs({ file }, noIdentity, (warning) => warnings.push(warning));
    for (let connection = 1; connection <= 50_007; connection++)
      logs.write({ type: 'connection', level: 'info', time: new Date(0), connection, state: 'closed', detail: '' });
    await logs.close();
    expect(linesOf(file)).toHaveLength(50_000);
    expect(warnings).toEqual([{ code: 'WARN_LOG', message: expect.stringMatching(/^7 events are missing/) as string }]);
  });
});

/**
 * The time of the machine is set an hour ahead or back in the middle of the work. Durations come from a clock that is
 * not set, so no deadline passes early or never, and nothing waits for longer.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailProfile, Mailer, PoolOptions } from '../../src/index.js';
import { ProcessLock } from '../../src/system/lock.js';
import { TestSmtpServer } from '../../src/testing.js';
import type { TestSmtpServerOptions } from '../../src/testing.js';
import { setTime, stopClock, turns, until } from '../support/clock.js';
import { failure } from '../support/engine.js';

const hour = 3_600_000;
const ways = [
  ['ahead', hour],
  ['back', -hour],
] as const;
const message = { to: 'b@example.org', text: 'x' };

async function setUp(
  options: TestSmtpServerOptions,
  pool: PoolOptions = {},
  server: Partial<EmailProfile['server']> = {},
): Promise<{ readonly smtp: TestSmtpServer; readonly mailer: Mailer }> {
  const smtp = await TestSmtpServer.start(options);
  const mailer = createMailer(
    {
      name: 'p',
      sender: { email: 'a@example.com' },
      server: { ...smtp.settings, localName: 'client.example.com', ...server },
      ...(options.users && { authentication: { method: 'password', username: 'ann', password: 'secret' } }),
    },
    { pool },
  );
  onTestFinished(async () => {
    await mailer.close({ force: true });
    await smtp.close();
  });
  return { smtp, mailer };
}

describe.each(ways)('the time of the machine is set an hour %s', (_, by) => {
  test('at every stage of a send: the message is sent once, and its durations are those of the work', async () => {
    const stages: string[] = [];
    const { smtp, mailer } = await setUp({
      users: { ann: 'secret' },
      replies: (verb) => {
        stages.push(verb);
        setTime(stages.length % 2 === 1 ? by : 0);
        return undefined;
      },
    });
    const { accepted, durationMs } = await mailer.send(message);
    expect(accepted).toEqual(['b@example.org']);
    expect(smtp.messages).toHaveLength(1);
    expect(stages.length).toBeGreaterThan(4);
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(durationMs).toBeLessThan(hour / 2);
    const { ok, steps } = await mailer.testConnection();
    expect(ok).toBe(true);
    for (const step of steps) expect(step.durationMs).toBeGreaterThanOrEqual(0);
    for (const step of steps) expect(step.durationMs).toBeLessThan(hour / 2);
  });

  test.each(['connectMs', 'replyMs', 'totalMs'] as const)(
    'while a server is silent: %s passes when it should',
    async (name) => {
      const clock = stopClock();
      const { smtp, mailer } = await setUp(
        { security: 'none', faults: [{ at: name === 'connectMs' ? 'greeting' : 'MAIL', do: 'silence' }] },
        {},
        {
          timeouts: { connectMs: 30_000, greetingMs: 40_000, replyMs: 30_000, totalMs: 60_000, [name]: 10_000 },
        },
      );
      const limit = name === 'connectMs' ? 40_000 : 10_000;
      const sending = failure(mailer.send(message));
      let isOver = false;
      void sending.then(() => (isOver = true));
      await until(() => smtp.connections === 1);
      if (name !== 'connectMs') await until(() => smtp.transcript.join().includes('MAIL FROM'));
      await turns();
      setTime(by);
      await clock.advance(limit - 100);
      await turns();
      expect(isOver).toBe(false);
      await clock.advance(200);
      expect((await sending).code).toBe('ERR_TIMEOUT');
    },
  );

  test('while a message waits for the only connection: it goes when the connection is free', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { smtp, mailer } = await setUp({ security: 'none' }, { maxConnections: 1 });
    const content = async function* () {
      yield Buffer.from('one');
      await held;
      yield Buffer.from('two');
    };
    const first = mailer.send({ ...message, attachments: [{ filename: 'a.bin', content: content() }] });
    await until(() => smtp.connections === 1);
    const second = mailer.send(message);
    await turns();
    setTime(by);
    await turns();
    release();
    expect((await first).accepted).toEqual(['b@example.org']);
    expect((await second).accepted).toEqual(['b@example.org']);
    expect(smtp.connections).toBe(1);
  });

  test('while a message waits for its turn under a rate: it goes after `perMs`, neither before nor later', async () => {
    const clock = stopClock();
    const { smtp, mailer } = await setUp({ security: 'none' }, { rateLimit: { messages: 1, perMs: 10_000 } });
    await mailer.send(message);
    const second = mailer.send(message);
    await turns();
    setTime(by);
    await clock.advance(9_900);
    await turns();
    expect(smtp.messages).toHaveLength(1);
    await clock.advance(200);
    expect((await second).accepted).toEqual(['b@example.org']);
  });

  test('while a process waits for a lock: it takes it when it is released', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealpost-set-time-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [one, two] = [new ProcessLock(join(folder, 'lock')), new ProcessLock(join(folder, 'lock'))];
    const order: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const first = one.run(async () => {
      begin();
      await held;
      order.push('first');
    });
    await begun;
    const second = two.run(() => Promise.resolve(order.push('second')));
    setTime(by);
    await turns();
    expect(order).toEqual([]);
    release();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });
});

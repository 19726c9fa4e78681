import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { SmtpConnection } from '../../../src/connection/contract.js';
import { isEmailError } from '../../../src/errors/email-error.js';
import type { TestFaultStage } from '../../../src/testing/server/server-options.js';
import { createMailer } from '../../../src/mailer/create-mailer.js';
import { TestSmtpServer } from '../../../src/testing/server/test-smtp-server.js';
import { open, send, timeouts } from '../../support/engine.js';

/**
 * Stages at which the server fails. Whatever the fault is, every promise settles, and its outcome agrees with what the
 * server has.
 */
const stages: readonly TestFaultStage[] = [
  'connect',
  'greeting',
  'EHLO',
  'MAIL',
  'RCPT',
  'DATA',
  'content',
  'end',
  'RSET',
  'QUIT',
];
const short = { connectMs: 150, greetingMs: 150, replyMs: 150, stallMs: 150, acceptanceMs: 150 };

describe.each(['drop', 'reset', 'silence', 'delay'] as const)('a fault of the server: %s', (fault) => {
  describe.each([['PIPELINING', 'CHUNKING'], ['PIPELINING'], []])('with %s %s', (...extensions) => {
    test.concurrent.each(stages)('at %s leaves no doubt that is not told', async (at) => {
      await using server = await TestSmtpServer.start({
        security: 'none',
        extensions: extensions.filter((name) => typeof name === 'string'),
        faults: [{ at, do: fault, ms: 20 }],
      });
      const said = { delivered: 0, not: 0, unknown: 0 };
      let connection: SmtpConnection | undefined;
      try {
        connection = await open(server.port, { timeouts: fault === 'silence' ? short : timeouts, messagesInFlight: 3 });
      } catch (error) {
        expect(isEmailError(error) && error.delivery === 'not-delivered', String(error)).toBe(true);
      }
      if (connection !== undefined) {
        const opened = connection;
        const settled = await Promise.allSettled([1, 2, 3].map(() => send(opened)));
        for (const result of settled) {
          if (result.status === 'fulfilled') said.delivered++;
          else if (!isEmailError(result.reason)) throw result.reason;
          else if (result.reason.delivery === 'unknown') said.unknown++;
          else said.not++;
        }
        expect(settled.length).toBe(3);
        await connection.quit();
      }
      const kept = server.messages.length;
      expect(kept, JSON.stringify(said)).toBeGreaterThanOrEqual(said.delivered);
      expect(kept, JSON.stringify(said)).toBeLessThanOrEqual(said.delivered + said.unknown);
      if (fault === 'delay') expect(said).toEqual({ delivered: 3, not: 0, unknown: 0 });
    });
  });
});

test('a stream of a connector that throws as it is written to loses the connection, and what had left is unknown', async () => {
  class Thrower extends Duplex {
    constructor() {
      super();
      setImmediate(() => this.push('220 x\r\n'));
    }
    override _read(): void {}
    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      if (chunk.includes('MAIL FROM')) throw new TypeError('a bug of the connector');
      this.push('250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n');
      done();
    }
  }
  const connector = { connect: () => Promise.resolve(new Thrower()) };
  const mailer = createMailer(
    { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com', security: 'none' } },
    { connector },
  );
  const failure = await mailer.send({ to: 'b@example.org', text: 'x' }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'ERR_CONNECT',
    delivery: 'unknown',
    retryable: false,
    message: expect.stringContaining('a bug of the connector') as string,
  });
  await mailer.close();
});

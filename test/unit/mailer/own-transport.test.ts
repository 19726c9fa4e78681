/**
 * A mailer with a transport of the caller: how often the transport is closed, and how its errors are reported.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import { createMailer } from '../../../src/mailer/create-mailer.js';
import type { Transport, TransportResult } from '../../../src/model/transport.js';
import { failure } from '../../support/engine.js';

const profile = { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } };
const message = { to: 'b@example.org', text: 'x' };
const taken: TransportResult = { accepted: [message.to], rejected: [], reply: { code: 250, lines: ['ok'] } };

/** A transport that counts calls of close(), and sends when the test says so. */
function setUp(more: Partial<Transport> = {}) {
  const closes: unknown[] = [];
  let deliver = (): void => {};
  const transport: Transport = {
    send: (_envelope, _compose, { signal }) =>
      new Promise((resolve, reject) => {
        deliver = () => resolve(taken);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
    close: async (options) => void closes.push(options),
    ...more,
  };
  return { mailer: createMailer(profile, { transport }), closes, deliver: () => deliver() };
}

/** Runs everything that is ready. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('close() reaches the transport once', () => {
  test('without force, after what was under way', async () => {
    const { mailer, closes, deliver } = setUp();
    const sending = mailer.send(message);
    await turn();
    const closing = Promise.all([mailer.close(), mailer.close()]);
    await turn();
    expect(closes).toEqual([]);
    deliver();
    await sending;
    await closing;
    await mailer.close();
    await mailer.close({ force: true });
    expect(closes).toEqual([undefined]);
  });

  test('with force, at once', async () => {
    const { mailer, closes } = setUp();
    const sending = failure(mailer.send(message));
    await turn();
    const closing = mailer.close({ force: true });
    expect(closes).toEqual([{ force: true }]);
    await closing;
    expect((await sending).code).toBe('ERR_CLOSED');
    await mailer.close({ force: true });
    await mailer.close();
    expect(closes).toEqual([{ force: true }]);
  });

  test('with force, though a close() without it waits for messages', async () => {
    const { mailer, closes } = setUp();
    const sending = failure(mailer.send(message));
    await turn();
    const closing = mailer.close();
    await mailer.close({ force: true });
    await closing;
    expect((await sending).code).toBe('ERR_CLOSED');
    expect(closes).toEqual([{ force: true }]);
  });

  test('and again only to force a close that is under way', async () => {
    const closes: unknown[] = [];
    let end = (): void => {};
    const { mailer } = setUp({
      close: (options) => {
        closes.push(options);
        if (options?.force) end();
        return new Promise((resolve) => (options?.force ? resolve() : (end = resolve)));
      },
    });
    const closing = mailer.close();
    await turn();
    await Promise.all([closing, mailer.close({ force: true }), mailer.close({ force: true })]);
    expect(closes).toEqual([undefined, { force: true }]);
  });
});

describe('what the transport throws is an EmailError', () => {
  const kinds: readonly (readonly [string, () => never])[] = [
    [
      'an Error',
      () => {
        throw new TypeError('a bug');
      },
    ],
    [
      'a value that is not an Error',
      () => {
        throw 'a bug';
      },
    ],
  ];

  test.each(kinds)('%s from close(), for each who called it', async (_, fail) => {
    for (const close of [async () => fail(), fail as unknown as () => Promise<void>]) {
      for (const force of [false, true]) {
        const { mailer, deliver } = setUp({ close });
        const sending = mailer.send(message).catch(() => {});
        await turn();
        const closing = [mailer.close({ force }), mailer.close({ force })].map((promise) => failure(promise));
        await turn();
        deliver();
        await sending;
        for (const error of await Promise.all(closing)) {
          expect(error).toMatchObject({ code: 'ERR_CONNECT', message: 'The transport failed: a bug' });
          expect(isEmailError(error.cause)).toBe(false);
        }
      }
    }
  });

  test.each(kinds)('%s from send() and test()', async (_, fail) => {
    const { mailer } = setUp({ send: async () => fail(), test: async () => fail() });
    for (const work of [() => mailer.send(message), () => mailer.testConnection()])
      expect(await failure(work())).toMatchObject({ code: 'ERR_CONNECT', message: 'The transport failed: a bug' });
    await mailer.close();
  });

  test('the reason of the abort that it was told of is ERR_ABORTED', async () => {
    const { mailer } = setUp();
    const controller = new AbortController();
    const sending = failure(mailer.send(message, { signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await sending).toMatchObject({ code: 'ERR_ABORTED', cause: controller.signal.reason as unknown });
    await mailer.close();
  });
});

import { describe, expect, it } from 'vitest';
import { createMailer } from '../../../src/index.js';
import { MemoryTransport, TestSmtpServer } from '../../../src/testing.js';
import { notify } from '../../../src/util/notify.js';
import { failure } from '../../support/engine.js';

const fail = (): never => {
  throw new Error('of a listener');
};
const failLater = async (): Promise<void> => {
  await Promise.resolve();
  fail();
};

/** Vitest fails the run at an unhandled rejection; this catches it where it arises. */
async function unhandledDuring(run: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const own = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (reason) => unhandled.push(reason));
  try {
    await run();
    // Node reports unhandled rejections once the queue of microtasks is empty.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of own) process.on('unhandledRejection', listener);
  }
  return unhandled;
}

describe('a listener that fails', () => {
  it.each([
    ['by throwing', fail],
    ['by rejecting', failLater],
    [
      'by a foreign promise',
      () => ({ then: (_: unknown, reject?: (reason: unknown) => void) => reject?.(new Error('foreign')) }),
    ],
    ['by a then that throws', () => ({ then: fail })],
  ])('%s changes nothing', async (_how, listener) => {
    expect(await unhandledDuring(async () => notify(listener, 1))).toEqual([]);
  });

  const profile = { name: 'n', sender: { email: 'a@example.com' }, server: { host: 'localhost' } };

  it.each([
    ['throws', fail],
    ['rejects', failLater],
  ])('loses no message where onProgress and the logger %s', async (_how, listener) => {
    await using server = await TestSmtpServer.start();
    const unhandled = await unhandledDuring(async () => {
      for (const options of [{ transport: new MemoryTransport() }, {}]) {
        await using mailer = createMailer({ ...profile, server: server.settings }, { ...options, logger: listener });
        await mailer.send({ to: 'b@example.com', text: 'x' }, { onProgress: listener });
        await mailer.testConnection();
      }
    });
    expect([unhandled, server.messages.length]).toEqual([[], 1]);
  });

  it('is an error where its outcome is needed: secret, mechanism, connector, recipients', async () => {
    await using server = await TestSmtpServer.start({ users: { ann: 'x' } });
    const settings = { ...profile, server: server.settings };
    const send = async (more: object, options: object = {}): Promise<string> => {
      await using mailer = createMailer({ ...settings, ...more }, options);
      return (await failure(mailer.send({ to: 'b@example.com', text: 'x' }))).code;
    };
    const unhandled = await unhandledDuring(async () => {
      for (const broken of [fail, failLater]) {
        expect(await send({ authentication: { method: 'plain', username: 'ann', password: broken } })).toBe(
          'ERR_SECRET',
        );
        expect(await send({ authentication: { method: 'custom', createMechanism: broken } })).toBe(
          'ERR_AUTH_UNAVAILABLE',
        );
        expect(await send({}, { connector: { connect: broken } })).toBe('ERR_CONNECT');
        expect(await send({ smime: { encrypt: { certificates: broken } } })).toBe('ERR_CERTIFICATE_MISSING');
        expect(await send({}, { transport: { send: broken, close: () => Promise.resolve() } })).toBe('ERR_CONNECT');
      }
    });
    expect(unhandled).toEqual([]);
  });
});

/**
 * Functions and objects of the caller that fail in every way: they throw or reject with any value, at once or later,
 * never settle, or return a value of the wrong kind. Every promise of the library settles, every rejection is an
 * EmailError, and there is no unhandled rejection, which would end the process.
 * @module
 */
import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorize, createMailer, isEmailError } from '../../src/index.js';
import type { CertificateStore, EmailProfile, MailerOptions, MailMessage, Transport } from '../../src/index.js';
import { decrypt, encrypt } from '../../src/smime.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { loadCertificate } from '../../src/pki/load-certificate.js';
import { turns } from '../support/clock.js';

const trap = (): never => {
  throw new Error('trap');
};
const hostileProxy = (): object =>
  new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap });
const thrown: Readonly<Record<string, () => unknown>> = {
  'an error': () => new Error('boom'),
  undefined: () => undefined,
  'a symbol': () => Symbol('boom'),
  'an object without a prototype': () => Object.create(null) as object,
  'a Proxy that throws': hostileProxy,
  'an error whose message throws': () => Object.defineProperty(new Error('boom'), 'message', { get: trap }),
};
/** After some turns of the event loop, which come before the abort. */
const later = (): Promise<void> => turns(3);

/** `afterAbort` resolves when the signal of the work has aborted, and the library had time to notice. */
const failures: readonly (readonly [string, (afterAbort: Promise<void>) => unknown])[] = [
  ...Object.entries(thrown).flatMap(([name, make]) => [
    [
      `throws ${name}`,
      () => {
        throw make();
      },
    ] as const,
    [
      `rejects with ${name}`,
      async () => {
        throw make();
      },
    ] as const,
    [
      `rejects later with ${name}`,
      async () => {
        await later();
        throw make();
      },
    ] as const,
  ]),
  ['never settles', () => new Promise(() => {})],
  ['gives nothing', () => undefined],
  ['gives a promise of nothing', async () => undefined],
  ['gives a number', () => 7],
  ['gives an object', () => ({})],
  [
    'gives a promise of what throws',
    async () => new Proxy(() => undefined, { get: (_, key) => (key === 'then' ? undefined : trap()) }),
  ],
  ['gives a thenable that throws', () => ({ then: trap })],
  ['gives a thenable that never calls', () => ({ then: () => undefined })],
  ['gives what comes after the abort', (afterAbort) => afterAbort],
  [
    'gives what comes after the abort and throws',
    async (afterAbort) => {
      await afterAbort;
      return { destroy: trap };
    },
  ],
];

const unhandled: unknown[] = [];
const listen = (reason: unknown): void => void unhandled.push(reason);
let server: TestSmtpServer;
beforeAll(async () => {
  process.on('unhandledRejection', listen).on('uncaughtException', listen);
  server = await TestSmtpServer.start({ security: 'none', users: { ann: 'secret' } });
});
afterAll(async () => {
  process.off('unhandledRejection', listen).off('uncaughtException', listen);
  await server.close();
});

const identity = createTestCertificateAuthority().issueEmail('ann@example.com');
const der = Buffer.from(identity.certificate.replace(/-----[A-Z ]+-----/g, ''), 'base64');
const identityPem = { data: identity.certificate, key: identity.key };
const encryptedKey = createPrivateKey(identity.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
  .toString();
const message: MailMessage = { to: 'b@example.org', text: 'x' };
/** `begin` counts the turns to the abort where nothing calls the callback before. */
type Fail = (() => never) & { readonly begin: () => void };
type Run = (fail: Fail, signal: AbortSignal) => Promise<unknown>;

const profile = (more: Partial<EmailProfile> = {}): EmailProfile => ({
  name: 'p',
  sender: { email: 'ann@example.com' },
  server: { ...server.settings, localName: 'client.example.com' },
  authentication: { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true },
  ...more,
});
const using =
  (
    make: (fail: Fail) => readonly [Partial<EmailProfile>, MailerOptions?],
    act: (mailer: ReturnType<typeof createMailer>, signal: AbortSignal, fail: Fail) => Promise<unknown> = (
      mailer,
      signal,
    ) => mailer.send(message, { signal }),
  ): Run =>
  async (fail, signal) => {
    const [more, options] = make(fail);
    const mailer = createMailer(profile(more), options);
    const outcome = await act(mailer, signal, fail).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    await mailer.close({ force: true }).catch((error: unknown) => {
      if (!isEmailError(error)) throw error;
    });
    if (outcome !== undefined) throw outcome.error;
  };
const custom = (mechanism: (fail: Fail) => object): Run =>
  using((fail) => [
    {
      authentication: { method: 'custom', createMechanism: () => mechanism(fail) as never, allowPlaintext: true },
    },
  ]);
const initial = Buffer.from('\0ann\0secret');
const byToken = { method: 'xoauth2', username: 'ann', allowPlaintext: true } as const;
const oauth2 = {
  grant: 'client-credentials',
  clientId: 'client',
  clientSecret: 'client-secret',
  tokenUrl: 'http://127.0.0.1:1/token',
} as const;
const gives = (json: object, status = 200): Response => new Response(JSON.stringify(json), { status });
const transport = (more: (fail: Fail) => Partial<Transport>) => (fail: Fail) =>
  [
    {},
    { transport: { send: () => Promise.reject(new Error('no')), close: () => Promise.resolve(), ...more(fail) } },
  ] as const;
const attached = (content: unknown): MailMessage => ({
  ...message,
  attachments: [{ filename: 'a', content: content as string }],
});
const sendAttached = (content: (fail: Fail) => unknown): Run =>
  using(
    () => [{}],
    (mailer, signal, fail) => mailer.send(attached(content(fail)), { signal }),
  );

/** A store whose certificate has its key in a device. */
const keyring = (sign: Fail): CertificateStore => ({
  list: () => Promise.resolve([]),
  load: async () => ({ ...(await loadCertificate(identityPem)), privateKey: { sign } }),
});

const callbacks: Readonly<Record<string, Run>> = {
  logger: using((fail) => [{}, { logger: fail }]),
  onProgress: using(
    () => [{}],
    (mailer, signal, fail) => mailer.send(message, { signal, onProgress: fail }),
  ),
  'a password': using((fail) => [
    { authentication: { method: 'plain', username: 'ann', password: fail, allowPlaintext: true } },
  ]),
  'a token': using((fail) => [{ authentication: { ...byToken, token: fail } }]),
  'a client secret': using((fail) => [{ authentication: byToken, oauth2: { ...oauth2, clientSecret: fail } }]),
  'a DKIM key': using((fail) => [{ dkim: { domain: 'example.com', selector: 's', privateKey: fail } }]),
  connector: using((fail) => [{}, { connector: { connect: fail } }]),
  'connector, in testConnection()': using(
    (fail) => [{}, { connector: { connect: fail } }],
    (mailer, signal) => mailer.testConnection({ signal }),
  ),
  createMechanism: custom((fail) => fail()),
  'start() of a mechanism': custom((fail) => ({ name: 'PLAIN', complete: true, start: fail, next: fail })),
  'next() of a mechanism': custom((fail) => ({ name: 'LOGIN', complete: true, start: () => undefined, next: fail })),
  'complete of a mechanism': custom((fail) => ({
    name: 'PLAIN',
    get complete(): unknown {
      return fail();
    },
    start: () => initial,
    next: () => initial,
  })),
  'name of a mechanism': custom((fail) => ({
    get name(): unknown {
      return fail();
    },
    complete: true,
    start: () => initial,
    next: () => initial,
  })),
  'send() of a transport': using(transport((fail) => ({ send: fail }))),
  'send() of a transport that asked for the content': using(
    transport((fail) => ({
      send: (_, compose) => {
        void compose();
        return fail();
      },
    })),
    (mailer, signal) => mailer.send(attached(trap), { signal }),
  ),
  'test() of a transport': using(
    transport((fail) => ({ test: fail })),
    (mailer, signal) => mailer.testConnection({ signal }),
  ),
  'close() of a transport': using(transport((fail) => ({ close: fail }))),
  'a token store': using((fail) => [
    { authentication: byToken, oauth2 },
    {
      fetch: async () => gives({ access_token: 'secret', token_type: 'Bearer' }),
      tokenStore: { loadTokens: fail, saveTokens: fail, lock: fail },
    },
  ]),
  fetch: using((fail) => [{ authentication: byToken, oauth2 }, { fetch: fail }]),
  openBrowser: (fail, signal) =>
    authorize(
      {
        grant: 'authorization-code',
        clientId: 'client',
        authorizationUrl: 'http://127.0.0.1:1/authorize',
        tokenUrl: 'http://127.0.0.1:1/token',
      },
      { signal, openBrowser: fail },
    ),
  onUserCode: using(
    () => [
      {
        oauth2: {
          grant: 'device-code',
          clientId: 'client',
          deviceAuthorizationUrl: 'http://127.0.0.1:1/device',
          tokenUrl: 'http://127.0.0.1:1/token',
        },
      },
      {
        fetch: async () => gives({ device_code: 'd', user_code: 'u', verification_uri: 'https://example.com/' }),
      },
    ],
    (mailer, signal, fail) => mailer.authorize({ signal, onUserCode: fail }),
  ),
  'a source of certificates': using((fail) => [
    { smime: { encrypt: { certificates: fail } } },
    { transport: new MemoryTransport() },
  ]),
  'a source of certificates, in testEncryption()': using(
    (fail) => [{ smime: { encrypt: { certificates: fail } } }, { transport: new MemoryTransport() }],
    (mailer, signal) => mailer.testEncryption('b@example.org', { signal }),
  ),
  'a profile store': using((fail) => [
    { smime: { sign: { certificate: { data: identity.certificate, key: identity.key, cache: true } } } },
    {
      transport: new MemoryTransport(),
      profileStore: { loadCached: fail, saveCached: fail, loadTokens: fail, saveTokens: fail } as never,
    },
  ]),
  'a password of a certificate': using((fail) => [
    { smime: { sign: { certificate: { data: identity.certificate, key: encryptedKey, keyPassword: fail } } } },
    { transport: new MemoryTransport() },
  ]),
  'a signer': using((fail) => [
    { smime: { sign: { certificate: { store: keyring(fail), select: { email: 'ann@example.com' } } } } },
    { transport: new MemoryTransport() },
  ]),
  'content as a function': sendAttached((fail) => fail),
  'next() of content': sendAttached((fail) => ({ [Symbol.asyncIterator]: () => ({ next: fail, return: fail }) })),
  'return() of content': sendAttached((fail) => ({
    [Symbol.asyncIterator]: () => ({
      next: () => {
        fail.begin();
        return new Promise(() => {});
      },
      return: fail,
    }),
  })),
};

describe.each(Object.keys(callbacks))('%s', (name) => {
  test('settles, with an EmailError if at all, and nothing is left unhandled', async () => {
    const run = callbacks[name]!;
    await Promise.all(
      failures.map(async ([how, fail]) => {
        const controller = new AbortController();
        const afterAbort = new Promise<void>((resolve) =>
          controller.signal.addEventListener('abort', () => resolve(turns())),
        );
        let begun = false;
        let called = false;
        const begin = (): void => {
          // After these turns the first call has had its effect, unless the callback waits for the abort.
          if (!begun) void turns().then(() => controller.abort());
          begun = true;
        };
        const callback = (): unknown => {
          called = true;
          begin();
          return fail(afterAbort);
        };
        const error = await run(Object.assign(callback, { begin }) as Fail, controller.signal).then(
          () => undefined,
          (reason: unknown) => ({ reason }),
        );
        expect(called, `${name} ${how}`).toBe(true);
        if (error !== undefined) expect(isEmailError(error.reason), `${name} ${how}`).toBe(true);
        await afterAbort;
      }),
    );
    // Late rejections have arrived after these turns.
    await turns();
    expect(unhandled.splice(0).map((reason) => (reason instanceof Error ? reason.stack : reason))).toEqual([]);
  });
});

test('a decryptor that fails in any way is an EmailError', async () => {
  const encrypted = await encrypt(Buffer.from('Content-Type: text/plain\r\n\r\nx\r\n'), [identity.certificate]);
  const settling = failures.filter(([how]) => !/never/.test(how));
  for (const [how, make] of settling) {
    const fail = (): unknown => make(turns());
    const error: unknown = await decrypt(encrypted, { certificate: der, decrypt: fail, agree: fail } as never).catch(
      (reason: unknown) => reason,
    );
    expect(isEmailError(error), how).toBe(true);
  }
});

describe('a transport that pays no heed', () => {
  const never = (): Promise<never> => new Promise(() => {});

  test('does not hold a send whose signal aborts: the outcome is unknown once it had the content', async () => {
    for (const [asks, delivery] of [
      [false, 'not-delivered'],
      [true, 'unknown'],
    ] as const) {
      const controller = new AbortController();
      const foreign: Transport = {
        send: async (_, compose) => {
          if (asks) await compose();
          void turns().then(() => controller.abort());
          return await never();
        },
        close: () => Promise.resolve(),
      };
      const mailer = createMailer(profile(), { transport: foreign });
      const sending = mailer.send(message, { signal: controller.signal });
      await expect(sending).rejects.toMatchObject({ code: 'ERR_ABORTED', delivery });
      await mailer.close();
    }
  });

  test('that sends nonetheless soon after the abort has sent', async () => {
    const controller = new AbortController();
    const foreign: Transport = {
      send: async ({ to }, compose, { signal }) => {
        await compose();
        void turns().then(() => controller.abort());
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return { accepted: to, rejected: [], reply: { code: 250, lines: ['ok'] } };
      },
      close: () => Promise.resolve(),
    };
    const mailer = createMailer(profile(), { transport: foreign });
    expect(await mailer.send(message, { signal: controller.signal })).toMatchObject({
      accepted: ['b@example.org'],
    });
    await mailer.close();
  });

  test('does not hold close(), nor an earlier one, once it is forced', async () => {
    const mailer = createMailer(profile(), { transport: { send: never, close: never } });
    const sending = mailer.send(message);
    const closing = mailer.close();
    const forced = mailer.close({ force: true });
    await expect(sending).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(forced).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    await expect(closing).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });
});

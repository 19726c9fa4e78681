import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { EmailError } from '../../../src/model/error.js';
import type { ConnectionStepReport } from '../../../src/model/report.js';
import type { Authentication } from '../../../src/model/settings/authentication.js';
import type { SaslMechanism } from '../../../src/model/sasl.js';
import { SharedState } from '../../../src/connection/shared.js';
import { createTestCertificateAuthority } from '../../../src/testing/certificate-authority.js';
import { TestSmtpServer } from '../../../src/testing/server/test-smtp-server.js';
import { stopClock, turns, until } from '../../support/clock.js';
import { failure, open, send, timeouts } from '../../support/engine.js';
import { startScriptedServer } from '../../support/scripted-server.js';

const users = { ann: 'ann-Secret' };
/** If the greeting takes longer than this, `automatic` also tries TLS. */
const silenceMs = 3_000;
const password = { method: 'password', username: 'ann', password: 'ann-Secret' } as const;

describe('security', () => {
  test('explicit does STARTTLS, and EHLO again', async () => {
    await using server = await TestSmtpServer.start();
    const connection = await open(server.port, { security: 'explicit', tls: { ca: server.ca } });
    expect(connection.tls).toMatchObject({
      protocol: 'TLSv1.3',
      authorized: true,
      certificate: { subject: 'CN=localhost' },
    });
    expect(connection.extensions.has('STARTTLS')).toBe(false);
    expect(connection.extensions.has('REQUIRETLS')).toBe(true);
    await send(connection, { envelope: { requireTls: true } });
    await connection.quit();
    expect(server.transcript.filter((line) => line.includes('EHLO'))).toHaveLength(2);
  });

  test('explicit fails where STARTTLS is not offered, before anything is proven (CVE-2021-22946)', async () => {
    await using server = await TestSmtpServer.start({ security: 'none', users });
    await expect(failure(open(server.port, { security: 'explicit', authentication: password }))).resolves.toMatchObject(
      { code: 'ERR_TLS_REQUIRED', phase: 'starttls' },
    );
    expect(server.transcript.join()).not.toContain('AUTH PLAIN <');
  });

  test.each(['explicit', 'automatic'] as const)(
    '%s fails where STARTTLS is offered and refused (CVE-2016-0772)',
    async (security) => {
      await using server = await TestSmtpServer.start({ replies: { STARTTLS: ['454 not now'] } });
      await expect(failure(open(server.port, { security, tls: { ca: server.ca } }))).resolves.toMatchObject({
        code: 'ERR_TLS',
        phase: 'starttls',
      });
    },
  );

  test.each(['explicit', 'automatic'] as const)(
    '%s fails where the certificate is bad (emailjs 5)',
    async (security) => {
      await using server = await TestSmtpServer.start();
      await expect(failure(open(server.port, { security }))).resolves.toMatchObject({
        code: 'ERR_TLS',
        phase: 'tls',
        delivery: 'not-delivered',
      });
      expect(server.transcript.join()).not.toContain('MAIL');
    },
  );

  test.each(['250 ok\r\n', '250-mail.example.test\r\n250 AUTH PLAIN\r\n', '\x16', ' '])(
    'believes no byte behind the 220 to STARTTLS: %j (CVE-2026-41319, CVE-2021-22947, nodemailer 9.0.3)',
    async (injected) => {
      await using server = await startScriptedServer(async (peer) => {
        await peer.send('220 x\r\n');
        await peer.hello('STARTTLS');
        await peer.line();
        await peer.send(`220 go\r\n${injected}`);
        await peer.closed;
      });
      await expect(failure(open(server.port, { security: 'explicit' }))).resolves.toMatchObject({
        code: 'ERR_SMTP_PROTOCOL',
      });
    },
  );

  test('implicit starts with TLS', async () => {
    await using server = await TestSmtpServer.start({ security: 'implicit' });
    const connection = await open(server.port, { security: 'implicit', host: 'localhost', tls: { ca: server.ca } });
    expect(connection.tls?.authorized).toBe(true);
    await connection.quit();
  });

  test('implicit says so where the server speaks plain text', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const error = await failure(open(server.port, { security: 'implicit' }));
    expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls', remedy: expect.stringContaining("'explicit'") });
  });

  test('none is never TLS', async () => {
    await using server = await TestSmtpServer.start();
    const connection = await open(server.port, { security: 'none' });
    expect([connection.tls, connection.warnings]).toEqual([undefined, []]);
    await connection.quit();
  });

  test('automatic takes STARTTLS where it is offered, else plain text with a warning', async () => {
    await using secured = await TestSmtpServer.start();
    const connection = await open(secured.port, { security: 'automatic', tls: { ca: secured.ca } });
    expect([connection.tls?.authorized, connection.warnings]).toEqual([true, []]);
    await connection.quit();
    await using plain = await TestSmtpServer.start({ security: 'none' });
    const open2 = await open(plain.port, { security: 'automatic' });
    expect([open2.tls, open2.warnings.map(({ code }) => code)]).toEqual([undefined, ['WARN_PLAINTEXT']]);
    await open2.quit();
  });

  test('automatic finds TLS behind a silent port, and fails there with a bad certificate', async () => {
    const clock = stopClock();
    await using server = await TestSmtpServer.start({ security: 'implicit' });
    const steps: ConnectionStepReport[] = [];
    const opening = Promise.all([
      open(
        server.port,
        { security: 'automatic', tls: { ca: server.ca } },
        { observer: { step: (step) => steps.push(step) } },
      ),
      failure(open(server.port, { security: 'automatic' })),
    ]);
    await until(() => server.connections === 2);
    await clock.advance(silenceMs);
    const [connection, error] = await opening;
    expect(steps.find(({ ok }) => !ok)).toMatchObject({
      name: 'greeting',
      detail: expect.stringContaining('speaks TLS'),
      remedy: expect.stringContaining("server.security to 'implicit'"),
    });
    expect(connection.tls?.authorized).toBe(true);
    await connection.quit();
    expect(error).toMatchObject({ code: 'ERR_TLS', message: expect.stringContaining('certificate') });
  });

  test('automatic says what is wrong with TLS behind a silent port, and waits for no greeting then', async () => {
    const clock = stopClock();
    const own = createTestCertificateAuthority().issueServer();
    const server = createTlsServer({ cert: own.certificate, key: own.key, maxVersion: 'TLSv1.2' }).on(
      'tlsClientError',
      () => {},
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const connected = once(server, 'connection');
    const opening = failure(open(port, { security: 'automatic', tls: { minVersion: 'TLSv1.3' } }));
    await connected;
    await clock.advance(silenceMs);
    await expect(opening).resolves.toMatchObject({
      code: 'ERR_TLS',
      phase: 'tls',
      message: expect.stringContaining('version'),
    });
    await new Promise((resolve) => server.close(resolve));
  });

  test('automatic waits for a slow greeting, whatever becomes of the second connection', async () => {
    const clock = stopClock();
    let lost = false;
    await using server = await startScriptedServer(async (peer, number) => {
      if (number === 2) {
        peer.socket.destroy();
        lost = true;
        return;
      }
      await until(() => lost);
      await turns();
      await peer.send('220 x\r\n');
      await peer.hello();
      await peer.closed;
    });
    const opening = open(server.port, { security: 'automatic' });
    await until(() => server.connections === 1);
    await clock.advance(silenceMs);
    const connection = await opening;
    expect([connection.tls, server.connections]).toEqual([undefined, 2]);
    connection.destroy();
  });

  test('automatic tries TLS first on 465, and does STARTTLS or fails where that greets in plain text', async () => {
    await using withTls = await TestSmtpServer.start();
    await using without = await TestSmtpServer.start({ security: 'none' });
    // The library connects to port 465; the connector leads to the test's server.
    const to = (port: number) => ({
      connect: async (target: { host: string }, options: { signal: AbortSignal }) =>
        await new (await import('../../../src/net/direct.js')).DirectConnector().connect({ ...target, port }, options),
    });
    const connection = await open(465, { security: 'automatic', connector: to(withTls.port), tls: { ca: withTls.ca } });
    expect(connection.tls?.authorized).toBe(true);
    await connection.quit();
    await expect(failure(open(465, { security: 'automatic', connector: to(without.port) }))).resolves.toMatchObject({
      code: 'ERR_TLS_REQUIRED',
    });
  });
});

describe('opening', () => {
  test('reports its steps, failed ones too', async () => {
    await using server = await TestSmtpServer.start({ users });
    const steps: ConnectionStepReport[] = [];
    const observer = { step: (step: ConnectionStepReport) => steps.push(step) };
    await (
      await open(server.port, { security: 'explicit', tls: { ca: server.ca }, authentication: password }, { observer })
    ).quit();
    expect(steps.map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'resolve true',
      'connect true',
      'greeting true',
      'ehlo true',
      'starttls true',
      'tls true',
      'ehlo true',
      'authenticate true',
    ]);
    expect(steps.every(({ durationMs, detail }) => durationMs >= 0 && detail !== '')).toBe(true);
    expect(steps.at(-1)?.detail).toMatch(
      /^SCRAM-SHA-512-PLUS by method 'password', the strongest of SCRAM-SHA-512-PLUS .*PLAIN LOGIN/,
    );
    steps.length = 0;
    await failure(
      open(
        server.port,
        { security: 'explicit', tls: { ca: server.ca }, authentication: { ...password, password: 'wrong' } },
        { observer },
      ),
    );
    expect(steps.at(-1)).toMatchObject({
      name: 'authenticate',
      ok: false,
      error: { code: 'ERR_AUTH_REJECTED' },
      remedy: expect.any(String),
    });
    expect(steps.at(-1)?.detail).toMatch(/by SCRAM-SHA-512-PLUS: 535 /);
    expect(steps.at(-1)?.remedy).toBe('Check user name and password, and that the account may send by SMTP.');
  });

  test('shows no secret in events, errors or steps, whatever the server repeats (emailjs 5)', async () => {
    await using server = await TestSmtpServer.start({
      users,
      security: 'none',
      mechanisms: ['PLAIN', 'LOGIN'],
      replies: (verb, line) => (verb === 'AUTH' ? `501 5.5.2 what is "${line}", and ann-Secret?` : undefined),
    });
    const seen: unknown[] = [];
    const observer = { step: (step: unknown) => seen.push(step), event: (event: unknown) => seen.push(event) };
    for (const method of ['plain', 'login'] as const) {
      const error = await failure(
        open(
          server.port,
          { authentication: { method, username: 'ann', password: 'ann-Secret', allowPlaintext: true } },
          { observer },
        ),
      );
      expect(error.code).toBe('ERR_AUTH_REJECTED');
      seen.push(error, error.message, error.stack);
    }
    const text = JSON.stringify(seen);
    expect(text).toContain('AUTH PLAIN');
    for (const secret of [
      'ann-Secret',
      Buffer.from('\0ann\0ann-Secret').toString('base64'),
      Buffer.from('ann-Secret').toString('base64'),
    ])
      expect(text).not.toContain(secret);
  });

  test.each([
    'plain',
    'login',
    'cram-md5',
    'scram-sha-256',
    'ntlm',
    'xoauth2',
    'oauthbearer',
    'password',
    'custom',
  ] as const)('sends nothing by %s in the plain text that automatic ended in', async (method) => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 NTLM XOAUTH2 OAUTHBEARER X-OWN');
      expect(await peer.line()).toBe('QUIT');
    });
    const mechanism: SaslMechanism = {
      name: 'X-OWN',
      complete: true,
      start: () => Buffer.from('x'),
      next: () => Buffer.alloc(0),
    };
    const authentication = {
      method,
      username: 'ann',
      password: 'ann-Secret',
      token: 'ann-Secret',
      createMechanism: () => mechanism,
    } as unknown as Authentication;
    await expect(failure(open(server.port, { security: 'automatic', authentication }))).resolves.toMatchObject({
      code: 'ERR_AUTH_PLAINTEXT',
      phase: 'authenticate',
    });
  });

  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  test.each([
    ['as a line', (line: string) => `${line}\r\n`],
    ['as part of a line', (line: string) => `235 ok\r\n${line.slice(0, -3)}`],
    ['in a reply that is no refusal', (line: string) => `235 ok ${line} ann-Secret ${base64('ann-Secret')}\r\n`],
    ['in a reply of another kind', (line: string) => `354 ${line}\r\n`],
    ['in base64 by itself', () => `535 no ${base64('ann-Secret')}\r\n`],
  ])('shows no secret that the server repeats %s', async (_, answer) => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('AUTH PLAIN');
      await peer.send(answer(await peer.line()));
      await peer.closed;
    });
    const seen: unknown[] = [];
    const observer = { step: (step: unknown) => seen.push(step), event: (event: unknown) => seen.push(event) };
    const authentication = { ...password, method: 'plain', allowPlaintext: true } as const;
    const outcome = await open(server.port, { authentication }, { observer }).catch((error: unknown) => error);
    if (outcome instanceof Error) seen.push(outcome.message, outcome.stack, outcome);
    else await turns();
    (outcome as { destroy?: () => void }).destroy?.();
    const text = inspect(seen, { depth: 12 });
    expect(text).toContain('AUTH PLAIN <initial response>');
    for (const secret of ['ann-Secret', base64('\0ann\0ann-Secret').slice(0, -5), base64('ann-Secret')])
      expect(text).not.toContain(secret);
  });

  test.each(['plain', 'login', 'cram-md5', 'scram-sha-1', 'scram-sha-256', 'scram-sha-512', 'password'] as const)(
    'authenticates by %s',
    async (method) => {
      await using server = await TestSmtpServer.start({ users });
      const connection = await open(server.port, {
        security: 'explicit',
        tls: { ca: server.ca },
        authentication: { method, username: 'ann', password: 'ann-Secret' },
      });
      if (method === 'password') expect(connection.mechanism).toBe('SCRAM-SHA-512-PLUS');
      await send(connection);
      await connection.quit();
    },
  );

  test('authenticates with channel binding under TLS 1.3 and on a resumed session', async () => {
    await using server = await TestSmtpServer.start({ users });
    const shared = new SharedState();
    const details: string[] = [];
    const tls = { ca: server.ca };
    for (let i = 0; i < 3; i++) {
      const observer = { step: (step: ConnectionStepReport) => step.name === 'tls' && details.push(step.detail) };
      const connection = await open(
        server.port,
        { security: 'explicit', tls, authentication: password },
        { shared, observer },
      );
      expect(connection.mechanism).toBe('SCRAM-SHA-512-PLUS');
      expect(connection.tls).toMatchObject({ authorized: true, certificate: { subject: 'CN=localhost' } });
      await send(connection);
      await connection.quit();
    }
    expect(details.map((detail) => detail.includes('resumed'))).toEqual([false, true, true]);
  });

  test('asks a token function once more after a refusal, and no more than that', async () => {
    await using server = await TestSmtpServer.start({ users });
    const tokens = ['stale', 'ann-Secret'];
    let asked = 0;
    const token = (): string => tokens[asked++] ?? 'stale';
    const settings = { security: 'explicit', tls: { ca: server.ca } } as const;
    const connection = await open(server.port, {
      ...settings,
      authentication: { method: 'oauthbearer', username: 'ann', token },
    });
    expect([connection.mechanism, asked]).toEqual(['OAUTHBEARER', 2]);
    await connection.quit();
    await expect(
      failure(open(server.port, { ...settings, authentication: { method: 'xoauth2', username: 'ann', token } })),
    ).resolves.toMatchObject({ code: 'ERR_AUTH_REJECTED' });
    expect(asked).toBe(4);
    await expect(
      failure(
        open(server.port, { ...settings, authentication: { method: 'xoauth2', username: 'ann', token: 'stale' } }),
      ),
    ).resolves.toMatchObject({ code: 'ERR_AUTH_REJECTED' });
  });

  test('tries the next mechanism after 504, never after 535', async () => {
    await using server = await TestSmtpServer.start({
      users,
      security: 'none',
      mechanisms: ['SCRAM-SHA-256', 'CRAM-MD5'],
      replies: { AUTH: ['504 5.5.4 unknown'] },
    });
    const connection = await open(server.port, { authentication: password });
    expect(connection.mechanism).toBe('CRAM-MD5');
    await connection.quit();
    await using strict = await TestSmtpServer.start({
      users,
      security: 'none',
      mechanisms: ['SCRAM-SHA-256', 'CRAM-MD5'],
      replies: { AUTH: ['535 5.7.8 no'] },
    });
    await expect(failure(open(strict.port, { authentication: password }))).resolves.toMatchObject({
      code: 'ERR_AUTH_REJECTED',
      reply: { code: 535 },
    });
    expect(strict.transcript.filter((line) => line.startsWith('C: AUTH'))).toHaveLength(1);
  });

  test.each([
    ['is not in the list', 'SCRAM-SHA-256', []],
    ['is in the list under an unknown name', 'SCRAM-SHA-X-PLUS SCRAM-SHA-256', []],
    ['is answered with 504', 'SCRAM-SHA-256-PLUS SCRAM-SHA-256', ['504 5.5.4 what']],
  ])(
    'tells a server whose -PLUS %s that it could bind to the channel (RFC 5802 section 6)',
    async (_, offered, refusals) => {
      const authority = createTestCertificateAuthority();
      const own = authority.issueServer();
      const said: string[] = [];
      const answers = [...refusals, '535 5.7.8 no'];
      const server = createTlsServer({ cert: own.certificate, key: own.key }, (socket) => {
        socket.on('error', () => {}).write('220 x\r\n');
        createInterface(socket).on('line', (line) => {
          if (line.startsWith('EHLO')) return socket.write(`250-x\r\n250 AUTH ${offered}\r\n`);
          const [, name, response = ''] = line.split(' ');
          said.push(`${name} ${Buffer.from(response, 'base64').toString().slice(0, 3)}`);
          return socket.write(`${answers.shift()}\r\n`);
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const error = await failure(
        open(port, { security: 'implicit', tls: { ca: authority.certificate }, authentication: password }),
      );
      expect([error.code, said]).toEqual([
        'ERR_AUTH_REJECTED',
        [...refusals.map(() => 'SCRAM-SHA-256-PLUS p=t'), 'SCRAM-SHA-256 y,,'],
      ]);
      server.close();
    },
  );

  test.each([
    ['432 4.7.12 A password transition is needed', false, /sign in once under TLS with authentication.method 'plain'/],
    ['454 4.7.0 Temporary authentication failure', true, /try again later/],
    ['500 5.5.6 Authentication exchange line is too long', false, /raise the limit/],
    ['534 5.7.9 Authentication mechanism is too weak', false, /application password/],
    ['535 5.7.8 Authentication credentials invalid', false, /Check user name and password/],
    ['538 5.7.11 Encryption required', false, /'explicit' or 'implicit'/],
  ])('says what to do about %s (RFC 4954 section 6)', async (reply, retryable, remedy) => {
    await using server = await TestSmtpServer.start({
      users,
      security: 'none',
      mechanisms: ['CRAM-MD5'],
      replies: { AUTH: [reply] },
    });
    const error = await failure(open(server.port, { authentication: password }));
    expect(error).toMatchObject({ code: 'ERR_AUTH_REJECTED', retryable, remedy: expect.stringMatching(remedy) });
  });

  test('runs a mechanism of the caller, and cancels where that throws', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('AUTH X-OWN');
      expect(await peer.line()).toBe('AUTH X-OWN');
      await peer.send('334 \r\n');
      expect(await peer.line()).toBe('*');
      await peer.send('501 cancelled\r\n');
    });
    const mechanism: SaslMechanism = {
      name: 'X-OWN',
      complete: false,
      start: () => undefined,
      next: () => {
        throw new TypeError('no key');
      },
    };
    const error = await failure(
      open(server.port, {
        authentication: { method: 'custom', allowPlaintext: true, createMechanism: () => mechanism },
      }),
    );
    expect(error).toMatchObject({
      code: 'ERR_AUTH_UNAVAILABLE',
      phase: 'authenticate',
      message: expect.stringMatching(/it threw TypeError\.$/),
      cause: { message: 'no key' },
    });
  });

  test.each([
    [
      'a start that throws',
      {
        start: (): never => {
          throw new Error('x');
        },
      },
      'it threw Error',
    ],
    [
      'a start that is rejected',
      { start: (): Promise<never> => Promise.reject(new RangeError('x')) },
      'it threw RangeError',
    ],
    ['an initial response that is text', { start: (): string => 'text' }, 'its response is not a Uint8Array'],
    [
      'no response to a challenge',
      { start: (): undefined => undefined, next: (): undefined => undefined },
      'its response is not a Uint8Array',
    ],
  ])("says of a caller's mechanism with %s that it failed", async (_, mechanism, words) => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('AUTH X-OWN');
      for (;;) await peer.send((await peer.line()) === '*' ? '501 cancelled\r\n' : '334 \r\n');
    });
    const createMechanism = () => ({ name: 'X-OWN', complete: false, ...mechanism }) as unknown as SaslMechanism;
    const error = await failure(
      open(server.port, { authentication: { method: 'custom', allowPlaintext: true, createMechanism } }),
    );
    expect([error.code, error.message]).toEqual(['ERR_AUTH_UNAVAILABLE', expect.stringContaining(words)]);
    const thrown = await failure(
      open(server.port, {
        authentication: {
          method: 'custom',
          allowPlaintext: true,
          createMechanism: () => {
            throw new Error('x');
          },
        },
      }),
    );
    expect(thrown.code).toBe('ERR_AUTH_UNAVAILABLE');
  });

  test('greets with the name of the profile, else with one that a server takes', async () => {
    const names: string[] = [];
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      names.push(await peer.hello());
    });
    (await open(server.port)).destroy();
    (await open(server.port, { localName: undefined })).destroy();
    expect(names[0]).toBe('EHLO client.example.test');
    expect(names[1]).toMatch(/^EHLO ([a-z0-9-]+(\.[a-z0-9-]+)+|\[127\.0\.0\.1\])$/i);
  });

  test.each([
    ['421 4.7.0 Try again later, closing connection. (EHLO)', undefined, true],
    ['450 4.7.1 later', undefined, true],
    ['421 4.7.0 Try again later, closing connection. (EHLO)', 'client.example.test', false],
  ])(
    'names server.localName where %s answers EHLO and the name is not of the profile (%s)',
    async (reply, localName, named) => {
      await using server = await startScriptedServer(async (peer) => {
        await peer.send('220 x\r\n');
        await peer.line();
        await peer.send(`${reply}\r\n`);
        peer.socket.end();
      });
      const error = await failure(open(server.port, { localName }));
      expect(error).toMatchObject({ code: 'ERR_SMTP_REPLY', retryable: true, phase: 'ehlo' });
      expect(error.remedy).toMatch(/try again later/);
      expect(/server\.localName/.test(error.remedy ?? '')).toBe(named);
    },
  );

  test('ends with its signal at every step, and leaves nothing open', async () => {
    for (const silentAfter of [0, 1, 2]) {
      let closed: Promise<void> | undefined;
      const controller = new AbortController();
      await using server = await startScriptedServer(async (peer) => {
        closed = peer.closed;
        if (silentAfter > 0) await peer.send('220 x\r\n');
        if (silentAfter > 1) await peer.hello('AUTH PLAIN');
        if (silentAfter > 0) await peer.line();
        controller.abort();
        await peer.closed;
      });
      const opening = failure(
        open(server.port, { authentication: { ...password, allowPlaintext: true } }, { signal: controller.signal }),
      );
      await expect(opening).resolves.toMatchObject({ code: 'ERR_ABORTED' });
      await closed;
    }
  });

  test('ends with its deadlines, which name themselves', async () => {
    await using server = await startScriptedServer(async (peer, number) => {
      if (number > 1) await peer.send('220 x\r\n');
      await peer.closed;
    });
    const fails = (short: Partial<typeof timeouts>): Promise<EmailError> =>
      failure(open(server.port, { timeouts: { ...timeouts, ...short } }));
    await expect(fails({ greetingMs: 60 })).resolves.toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'greeting',
      message: expect.stringContaining('greetingMs'),
    });
    await expect(fails({ replyMs: 60 })).resolves.toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'ehlo',
      message: expect.stringContaining('replyMs'),
    });
    await expect(failure(open(server.port, { security: 'implicit' }))).resolves.toMatchObject({ code: 'ERR_TLS' });
  });

  test('ends TLS that does not come about within connectMs', async () => {
    await using server = await startScriptedServer(async (peer) => await peer.closed);
    await expect(
      failure(open(server.port, { security: 'implicit', timeouts: { ...timeouts, connectMs: 80 } })),
    ).resolves.toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('connectMs') });
  });

  test('does not wait for a connector that heeds no signal, and drops what it gives later', async () => {
    const late = new PassThrough();
    let give = (_: PassThrough): void => {};
    const connector = { connect: () => new Promise<PassThrough>((resolve) => (give = resolve)) };
    await expect(failure(open(1, { connector, timeouts: { ...timeouts, connectMs: 50 } }))).resolves.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringContaining('connectMs'),
    });
    give(late);
    await until(() => late.destroyed);
  });

  test('does not wait for a client certificate that does not come', async () => {
    const clock = stopClock();
    await using server = await TestSmtpServer.start({ security: 'implicit' });
    let asked = 0;
    const settings = {
      security: 'implicit',
      tls: { clientCertificate: { file: 'ann.p12' } },
      loadClientIdentity: () => {
        asked++;
        return new Promise<never>(() => {});
      },
    } as const;
    const late = failure(open(server.port, settings));
    await until(() => asked === 1);
    await clock.advance(timeouts.connectMs);
    await expect(late).resolves.toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'tls',
      message: expect.stringContaining('connectMs'),
    });
    const controller = new AbortController();
    const aborted = failure(open(server.port, settings, { signal: controller.signal }));
    await until(() => asked === 2);
    controller.abort();
    await expect(aborted).resolves.toMatchObject({ code: 'ERR_ABORTED' });
  });

  test('wraps the error of a connector that is not ours', async () => {
    const connector = { connect: () => Promise.reject(new Error('no tunnel')) };
    const error = await failure(open(1, { connector }));
    expect([error.code, (error.cause as Error).message]).toEqual(['ERR_CONNECT', 'no tunnel']);
  });

  test('goes on where a listener throws', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const broken = (): never => {
      throw new Error('broken logger');
    };
    const connection = await open(server.port, {}, { observer: { event: broken, step: broken } });
    await send(connection);
    await connection.quit();
  });

  test('shows a client certificate, and says what is missing where the server wants one', async () => {
    const authority = createTestCertificateAuthority();
    const own = authority.issueServer();
    const client = authority.issueClient('ann');
    const server = createTlsServer(
      { cert: own.certificate, key: own.key, ca: authority.certificate, requestCert: true },
      (socket) =>
        socket
          .once('data', () => socket.destroy())
          .on('error', () => {})
          .write('220 x\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const seen = new Promise((resolve) =>
      server.once('secureConnection', (socket) => resolve(socket.getPeerCertificate().subject)),
    );
    const tls = { ca: authority.certificate, clientCertificate: { file: 'ann.p12' } };
    const settings = { security: 'implicit', tls } as const;
    const loaded: unknown[] = [];
    const loadClientIdentity = (source: unknown): Promise<{ cert: string; key: string }> => {
      loaded.push(source);
      return Promise.resolve({ cert: client.certificate, key: client.key });
    };
    await failure(open(port, { ...settings, loadClientIdentity }));
    expect(await seen).toMatchObject({ CN: 'ann' });
    expect(loaded).toEqual([{ file: 'ann.p12' }]);
    await expect(failure(open(port, settings))).resolves.toMatchObject({ code: 'ERR_PROFILE_INVALID' });
    await expect(failure(open(port, { ...settings, tls: { ca: authority.certificate } }))).resolves.toMatchObject({
      code: 'ERR_TLS',
      retryable: false,
      remedy: expect.stringContaining('clientCertificate'),
    });
    await new Promise((resolve) => server.close(resolve));
  });
});

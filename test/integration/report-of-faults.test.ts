/**
 * Reports about the most likely faults: each failed step explains itself and says what to do.
 * @module
 */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { Authentication, ConnectionReport, EmailProfile, OutgoingServer, Secret } from '../../src/index.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { TestSmtpServer } from '../../src/testing/server/test-smtp-server.js';
import type { TestSmtpServerOptions } from '../../src/testing/server/server-options.js';
import { stopClock, turns, until } from '../support/clock.js';

const servers: Server[] = [];
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const plain = (behave: (socket: Socket) => void): Promise<number> =>
  listen(createServer((socket) => behave(socket.on('error', () => undefined).resume())));

afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

async function report(
  server: Partial<OutgoingServer>,
  more: Pick<EmailProfile, 'authentication' | 'proxy'> = {},
): Promise<ConnectionReport> {
  await using mailer = createMailer({
    name: 'n',
    sender: { email: 'ann@example.com' },
    server: { host: 'localhost', ...server },
    ...more,
  });
  return await mailer.testConnection();
}

/** The lines of the step that failed. */
function told(result: ConnectionReport): { step: string; text: string } {
  const failed = result.steps.filter(({ ok }) => !ok);
  expect([result.ok, failed.length]).toEqual([false, 1]);
  for (const { name, error, detail, remedy } of failed) {
    expect(error?.message, name).toBeTruthy();
    expect(remedy, name).toBe(error?.remedy);
    expect(remedy, `${name}: ${detail}`).toMatch(/\S.*\.$/);
  }
  const text = String(result).split('\n');
  const at = text.findIndex((line) => line.startsWith('FAIL'));
  expect(text[at + 1]).toMatch(/^ {5}-> /);
  return { step: failed[0]?.name ?? '', text: `${text[at]}\n${text[at + 1]}` };
}

describe('a report of a server that', () => {
  it.each<[string, (socket: Socket) => void, Partial<OutgoingServer>, string, RegExp]>([
    [
      'closes at once',
      (socket) => socket.end(),
      { security: 'explicit' },
      'greeting',
      /closed the connection[^]*-> Try again\. .*log of the server/,
    ],
    [
      'refuses this machine',
      (socket) => socket.end('554 5.7.1 You are on our list\r\n'),
      { security: 'explicit' },
      'greeting',
      /554 5\.7\.1 You are on our list[^]*-> .*submission service/,
    ],
    [
      'has no time',
      (socket) => socket.end('421 4.3.2 Too many connections\r\n'),
      { security: 'explicit' },
      'greeting',
      /421 4\.3\.2[^]*-> Try again in some minutes/,
    ],
    [
      'is one for IMAP',
      (socket) => socket.write('* OK IMAP4rev1\r\n'),
      { security: 'explicit' },
      'greeting',
      /"\* OK IMAP4rev1"[^]*-> .*server\.port/,
    ],
    [
      'takes no LHLO',
      (socket) => socket.once('data', () => socket.end('500 5.5.1 What?\r\n')).write('220 x\r\n'),
      { security: 'none', protocol: 'lmtp' },
      'ehlo',
      /refused LHLO: 500[^]*-> .*server\.protocol/,
    ],
  ])('%s', async (_what, behave, server, step, words) => {
    const result = told(await report({ port: await plain(behave), ...server }));
    expect(result).toEqual({ step, text: expect.stringMatching(words) });
  });

  it.each<[string, Partial<OutgoingServer>, string, RegExp]>([
    [
      'waits for TLS',
      { security: 'explicit', timeouts: { greetingMs: 300 } },
      'greeting',
      /sent no greeting within 300 ms[^]*-> .*'implicit'.*greetingMs/,
    ],
    [
      'never speaks TLS',
      { security: 'implicit', timeouts: { connectMs: 300 } },
      'tls',
      /not set up within 300 ms \(server\.timeouts\.connectMs\)[^]*-> .*firewall.*connectMs/,
    ],
  ])('%s', async (_what, server, step, words) => {
    const clock = stopClock();
    let connected = false;
    let over = false;
    const reporting = report({ port: await plain(() => (connected = true)), ...server }).finally(() => (over = true));
    await until(() => connected);
    while (!over) {
      await turns();
      await clock.advance(100);
    }
    expect(told(await reporting)).toEqual({ step, text: expect.stringMatching(words) });
  });

  it('wants a client certificate, which no second attempt will bring', async () => {
    const { certificate: cert, key } = createTestCertificateAuthority().issueServer();
    const server = createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: true }).on(
      'tlsClientError',
      () => undefined,
    );
    const result = await report({
      port: await listen(server),
      security: 'implicit',
      tls: { dangerouslyAcceptAnyCertificate: true },
    });
    expect(told(result).text).toMatch(/CERTIFICATE_REQUIRED[^]*-> .*server\.tls\.clientCertificate/);
    expect(result.steps.at(-1)?.error?.retryable).toBe(false);
  });
});

describe('a report of a mail server', () => {
  const options: TestSmtpServerOptions = { users: { ann: 'open sesame' }, mechanisms: ['PLAIN', 'LOGIN'] };
  let server: TestSmtpServer;
  beforeAll(async () => {
    server = await TestSmtpServer.start(options);
  });
  afterAll(() => server.close());

  const login = (password: Secret): Authentication => ({ method: 'password', username: 'ann', password });

  it.each<[string, OutgoingServer['tls'], Authentication | undefined, string, RegExp]>([
    ['whose authority is unknown', {}, undefined, 'tls', /Throwaway test CA[^]*-> .*server\.tls\.ca/],
    [
      'of another name',
      { serverName: 'other.example' },
      undefined,
      'tls',
      /is for localhost.*, and server\.tls\.serverName asks for other\.example[^]*-> Remove server\.tls\.serverName/,
    ],
    [
      'whose authority stands in a file that is not there',
      { ca: { file: '/no/such.pem' } },
      undefined,
      'tls',
      /file \/no\/such\.pem of server\.tls\.ca: there is no such file[^]*-> Name a file with certificates/,
    ],
    [
      'with a wrong password',
      {},
      login('Open sesame'),
      'authenticate',
      /by PLAIN: 535[^]*-> Check user name and password/,
    ],
    [
      'with a password that is not there',
      {},
      login({ env: 'SEALPOST_NO_SUCH' }),
      'authenticate',
      /SEALPOST_NO_SUCH is not set[^]*-> Set SEALPOST_NO_SUCH/,
    ],
    [
      'with a method that it has not',
      {},
      { method: 'ntlm', username: 'ann', password: 'x' },
      'authenticate',
      /offers only PLAIN and LOGIN[^]*-> Use an offered method: authentication\.method 'password'/,
    ],
  ])('%s', async (_what, tls, authentication, step, words) => {
    const ca = authentication === undefined && tls?.serverName === undefined ? {} : { ca: server.ca };
    const result = told(
      await report({ port: server.port, security: 'explicit', tls: { ...ca, ...tls } }, { authentication }),
    );
    expect(result).toEqual({ step, text: expect.stringMatching(words) });
  });

  it('that is as it should be says what it offers and what was used', async () => {
    const result = await report(
      { port: server.port, security: 'explicit', tls: { ca: server.ca } },
      { authentication: login('open sesame') },
    );
    expect([result.ok, result.steps.find(({ name }) => name === 'authenticate')?.detail]).toEqual([
      true,
      "PLAIN by method 'password', the strongest of PLAIN LOGIN",
    ]);
  });

  it('without TLS says of each mechanism what it would show', async () => {
    for (const [mechanisms, words] of [
      [['PLAIN'], 'read the secret'],
      [['CRAM-MD5'], 'guess at the password'],
      [['PLAIN', 'CRAM-MD5'], 'read the password, or guess at it'],
    ] as const) {
      await using open = await TestSmtpServer.start({ security: 'none', users: { ann: 'x' }, mechanisms });
      expect(told(await report({ port: open.port }, { authentication: login('x') })).text).toContain(
        `${mechanisms.join(' and ')} would let anyone on the network path ${words}.`.replace(
          'PLAIN and CRAM-MD5',
          'CRAM-MD5 and PLAIN',
        ),
      );
    }
  });
});

describe('a report of a proxy', () => {
  it('that cannot be reached says so once', async () => {
    const closed = createServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    servers.pop();
    const result = told(await report({}, { proxy: `http://127.0.0.1:${port}` }));
    expect(result).toEqual({
      step: 'connect',
      text: expect.stringMatching(
        /The HTTP proxy \S+ could not be reached: No connection to 127\.0\.0\.1:\d+: .*ECONNREFUSED\n {5}-> .*proxy\.host/,
      ),
    });
  });
});

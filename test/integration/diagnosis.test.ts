/**
 * The diagnosis of testConnection() after a step failed, or while a server is silent: cause and remedy, in words.
 * @module
 */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createServer as createWebServer } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { Authentication, ConnectionReport, Connector, OutgoingServer } from '../../src/index.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { TestSmtpServer } from '../../src/testing/server/test-smtp-server.js';

const servers: { close(done: () => void): unknown }[] = [];
const sockets = new Set<Socket>();
async function listen(server: Server | ReturnType<typeof createWebServer>): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const plain = (behave: (socket: Socket) => void): Promise<number> => listen(createServer(behave));
const greets = (text: string): Promise<number> => plain((socket) => void socket.resume().write(text));
const authority = createTestCertificateAuthority();
const tls = (options: object = {}): Promise<number> => {
  const { certificate: cert, key } = authority.issueServer();
  return listen(createTlsServer({ cert, key, ...options }, (socket) => void socket.on('error', () => undefined)));
};
const web = (): Promise<number> => listen(createWebServer((_, response) => response.end('hello')));

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(resolve))));
});

/**
 * A network in which the ports of every host lead to servers of this test. Ports named 'filtered' never answer; others
 * refuse.
 */
function network(ports: Readonly<Record<number, number | 'filtered'>>): Connector {
  return {
    connect: ({ port }, { signal }) =>
      new Promise((resolve, reject) => {
        const where = ports[port];
        if (where === 'filtered') return signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (where === undefined) return reject(new Error('connect ECONNREFUSED'));
        const socket = connect(where, '127.0.0.1', () => resolve(socket)).once('error', reject);
      }),
  };
}

async function test(
  server: Partial<OutgoingServer>,
  more: { connector?: Connector; authentication?: Authentication } = {},
): Promise<ConnectionReport> {
  await using mailer = createMailer(
    {
      name: 'n',
      sender: { email: 'ann@example.com' },
      server: { host: 'localhost', ...server },
      authentication: more.authentication,
    },
    { connector: more.connector },
  );
  return await mailer.testConnection();
}

/** The step that failed: its name, and its line and remedy as a person reads them. */
function ending(report: ConnectionReport): { readonly step: string; readonly text: string } {
  expect(report.ok).toBe(false);
  const step = report.steps.findLast(({ ok }) => !ok);
  expect(step?.remedy).toBe(step?.error?.remedy);
  const lines = String(report).split('\n');
  return {
    step: step?.name ?? '',
    text: lines.slice(lines.findLastIndex((line) => line.startsWith('FAIL'))).join('\n'),
  };
}

/** Only a filtered port takes its whole time. A silent one is looked at long before the greeting is due. */
const soon = { greetingMs: 15_000, connectMs: 900 };

describe('a port that takes no connection', () => {
  it('25 is filtered, and submission answers: the report says that it is blocked and what to set', async () => {
    const connector = network({ 25: 'filtered', 587: await greets('220 mx ESMTP\r\n'), 465: await tls() });
    const { step, text } = ending(await test({ host: 'mail.example.com', timeouts: soon }, { connector }));
    expect(step).toBe('connect');
    expect(text).toMatch(
      /-> Port 25 is blocked, as in many networks\. The host accepts mail on port 587 and 465: set server\.port to 587 and server\.security to 'explicit'\.$/,
    );
  });

  it('another port is refused, and only 465 answers', async () => {
    const connector = network({ 465: await tls() });
    const { text } = ending(await test({ host: 'mail.example.com', port: 2525, timeouts: soon }, { connector }));
    expect(text).toMatch(
      /-> Port 2525 does not answer\. The host accepts mail on port 465: set server\.port to 465 and server\.security to 'implicit'\.$/,
    );
  });

  it('nothing answers anywhere: the remedy stays that of the failure', async () => {
    const { text } = ending(await test({ host: 'mail.example.com', timeouts: soon }, { connector: network({}) }));
    expect(text).not.toContain('answers mail');
  });

  it('a web server on a submission port is not taken for a mail server', async () => {
    const connector = network({ 587: await web() });
    const { text } = ending(await test({ host: 'mail.example.com', timeouts: soon }, { connector }));
    expect(text).not.toContain('answers mail');
  });
});

describe.concurrent('a port that is silent', () => {
  it.each(['explicit', 'none'] as const)("begins with TLS, and the profile says '%s'", async (security) => {
    const { step, text } = ending(await test({ port: await tls(), security, timeouts: soon }));
    expect(step).toBe('greeting');
    expect(text).toMatch(
      /expects TLS: it sends nothing in plain text, but answers to TLS\.\n {5}-> Set server\.security to 'implicit'/,
    );
  });

  it.each(['explicit', 'none', 'automatic'] as const)(
    "is that of a web server, and the profile says '%s'",
    async (security) => {
      const { text } = ending(await test({ port: await web(), security, timeouts: soon }));
      expect(text).toMatch(
        /is not a mail server: a web server answers there \("HTTP\/1\.1 400 Bad Request"\)\.\n {5}-> .*sign-in page of a guest network/,
      );
    },
  );

  it('says nothing to anything: the deadline is the error', async () => {
    const { text } = ending(
      await test({
        port: await plain((socket) => void socket.resume()),
        security: 'none',
        timeouts: { greetingMs: 900 },
      }),
    );
    expect(text).toMatch(/sent no greeting within 900 ms/);
  });
});

describe('TLS from the first byte', () => {
  it('to a port that greets in plain text quotes the greeting', async () => {
    const { step, text } = ending(
      await test({ port: await greets('220 mx.example.com ESMTP ready\r\n'), security: 'implicit' }),
    );
    expect(step).toBe('tls');
    expect(text).toMatch(
      /did not answer with TLS.*\n {5}-> The server greets in plain text on this port \("220 mx\.example\.com ESMTP ready"\): set server\.security to 'explicit'/,
    );
  });

  it('to a web server names it', async () => {
    const { text } = ending(await test({ port: await web(), security: 'implicit' }));
    expect(text).toMatch(/-> This is not a mail server: a web server answers there \("HTTP\/1\.1 400 Bad Request"\)/);
  });

  it.each([
    [
      'a version of TLS',
      { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
      { minVersion: 'TLSv1.3' } as const,
      /no version of TLS that is allowed here.*\n {5}-> .*server\.tls\.minVersion/,
    ],
    [
      'a cipher suite',
      { ciphers: 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
      { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256' },
      /no cipher suite in common.*\n {5}-> .*server\.tls\.ciphers/,
    ],
  ])('without %s in common', async (_what, options, settings, words) => {
    const { step, text } = ending(await test({ port: await tls(options), security: 'implicit', tls: settings }));
    expect([step, text]).toEqual(['tls', expect.stringMatching(words)]);
  });
});

describe('a certificate', () => {
  it('of an unknown issuer: names it, and says how to trust it, with a pin to copy', async () => {
    const { text } = ending(await test({ port: await tls(), security: 'implicit' }));
    expect(text).toMatch(/Throwaway test CA/);
    expect(text).toMatch(/server\.tls\.ca/);
    expect(text).toMatch(/server\.tls\.pinnedFingerprints.*(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
  });
});

describe('a STARTTLS offer', () => {
  const answers = (lines: readonly string[]): Promise<number> =>
    plain((socket) => {
      socket.write('220 mx\r\n');
      socket.on('data', () => socket.write(lines.map((line) => `${line}\r\n`).join('')));
    });

  it('that something on the way replaces by XXXXXXXA', async () => {
    const { step, text } = ending(
      await test({ port: await answers(['250-mx', '250-XXXXXXXA', '250 SIZE 1000']), security: 'explicit' }),
    );
    expect(step).toBe('starttls');
    expect(text).toMatch(/XXXXXXXA.*\n {5}-> .*(?:firewall|antivirus)/);
  });

  it('that is missing', async () => {
    const { text } = ending(await test({ port: await answers(['250 mx']), security: 'explicit' }));
    expect(text).toMatch(/does not offer STARTTLS/);
  });
});

describe('a server that is as it should be', () => {
  it('and offers AUTH, which the profile does not use, is a warning', async () => {
    await using server = await TestSmtpServer.start({ users: { ann: 'x' } });
    const report = await test({ port: server.port, security: 'explicit', tls: { ca: server.ca } });
    expect([report.ok, report.warnings.map(({ code }) => code)]).toEqual([true, ['WARN_NO_AUTHENTICATION']]);
    expect(String(report)).toMatch(/warn WARN_NO_AUTHENTICATION: The server offers AUTH .*530/);
  });

  it('tells its size limit, and is plain data by toJSON()', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const report = await test({ port: server.port, security: 'none' });
    expect(String(report)).toMatch(/size limit of the server: \d+ octets/);
    const data = JSON.parse(JSON.stringify(report)) as { steps: { durationMs: number }[] };
    expect(data).toMatchObject({
      ok: true,
      warnings: [],
      steps: [{ name: 'resolve' }, { name: 'connect' }, { name: 'greeting' }, { name: 'ehlo' }, { name: 'quit' }],
    });
    for (const { durationMs } of data.steps) expect(Number.isInteger(durationMs)).toBe(true);
  });
});

/**
 * The errors of proxies as an administrator reads them: they quote the proxy, name the setting, and reveal no secret.
 * @module
 */
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createEmailError } from '../../../../src/errors/email-error.js';
import { createMailer } from '../../../../src/mailer/create-mailer.js';
import type { EmailError } from '../../../../src/model/error.js';
import type { ProxyServerSettings } from '../../../../src/model/settings/proxy.js';
import type { ConnectionStepReport } from '../../../../src/model/report.js';
import type { ConnectOptions } from '../../../../src/net/connector.js';
import { createConnector } from '../../../../src/mailer/create-connector.js';
import { createTestCertificateAuthority } from '../../../../src/testing/certificate-authority.js';
import { FakeProxy } from './fake-proxy.js';

const { signal } = new AbortController();
const target = { host: 'mail.example.com', port: 587 };

async function errorOf(connecting: Promise<unknown>): Promise<EmailError> {
  return (await connecting.then(
    () => expect.fail('connected'),
    (reason: unknown) => reason,
  )) as EmailError;
}

/** An HTTP proxy that sends this answer to each request. */
function answering(answer: string | ((header: string) => string)): Promise<FakeProxy> {
  return FakeProxy.start(async (side) => {
    for (;;) {
      const header = await side.readHeader();
      await side.send(Buffer.from(typeof answer === 'string' ? answer : answer(header), 'latin1'));
    }
  });
}

describe('the words of a proxy', () => {
  const authenticate = 'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n';

  test.each([
    ['in UTF-8', 'p\u00e4sswort\u015f', (password: string) => Buffer.from(password).toString('latin1')],
    ['in Latin-1', 'p\u00e4sswort', (password: string) => password],
    ['percent-encoded', 'p/ss w%rt', (password: string) => encodeURIComponent(password)],
    ['in base64', 'password', (password: string) => Buffer.from(password).toString('base64')],
    ['where they are cut', 'a-rather-long-password', (password: string) => `${'x'.repeat(175)}${password}`],
  ])('hide the password that a proxy echoes %s', async (_what, password, echo) => {
    await using proxy = await answering((header) =>
      header.includes('Proxy-Authorization') ? `HTTP/1.1 400 You said ${echo(password)}\r\n\r\n` : authenticate,
    );
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'me',
      password,
    });
    const { message } = await errorOf(connector.connect(target, { signal }));
    expect(message).toMatch(/: 400 <hidden>$/);
    for (let at = 0; at + 5 <= password.length; at++) expect(message).not.toContain(password.slice(at, at + 5));
  });

  test('hide the answer to an NTLM challenge, from which a password can be guessed', async () => {
    await using proxy = await answering((header) => {
      const [, authorization] = /^Proxy-Authorization: (.*)$/m.exec(header) ?? [];
      return authorization === undefined
        ? 'HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n'
        : `HTTP/1.1 400 Not understood: ${authorization}\r\n\r\n`;
    });
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'me',
      password: 'x',
    });
    expect((await errorOf(connector.connect(target, { signal }))).message).toMatch(/: 400 <hidden>$/);
  });

  test('are not those of the library: a password that is one of its words does not show by its absence', async () => {
    await using proxy = await answering(
      'HTTP/1.1 407 No proxy for you\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
    );
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'me',
      password: 'proxy',
    });
    const { message } = await errorOf(connector.connect(target, { signal }));
    expect(message).toBe(`The HTTP proxy 127.0.0.1:${proxy.port} refused the user name or the password: 407 <hidden>`);
  });

  test('are escaped where a connector below has them', async () => {
    const connector = createConnector('socks5://p', { connect: () => Promise.reject(new Error('no\u001b[2J\r\nway')) });
    expect((await errorOf(connector.connect(target, { signal }))).message).toMatch(/no\\x1b\[2J\\x0d\\x0away$/);
  });
});

describe('the remedy', () => {
  test('is there where the connection breaks', async () => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      side.socket.resetAndDestroy();
    });
    expect(await errorOf(createConnector(`http://127.0.0.1:${proxy.port}`).connect(target, { signal }))).toMatchObject({
      code: 'ERR_PROXY',
      retryable: true,
      message: expect.stringContaining('lost the connection: '),
      remedy: expect.stringContaining('proxy.type'),
    });
  });

  test('is about server.localAddress where that is what is wrong', async () => {
    const profile = {
      name: 'n',
      sender: { email: 'a@b.example' },
      server: { host: 'mail.example.com', localAddress: '::1' },
      proxy: 'http://127.0.0.1:9',
    } as const;
    await using mailer = createMailer(profile);
    expect(await errorOf(mailer.send({ to: 'c@d.example', text: 'x' }))).toMatchObject({
      code: 'ERR_CONNECT',
      remedy: expect.stringContaining('server.localAddress'),
    });
  });

  test('is about the proxy where no connection to it comes about in time', async () => {
    const reason = createEmailError('ERR_TIMEOUT', 'No connection came about', { remedy: 'raise it' });
    const via = {
      connect: (_target: unknown, options: { signal: AbortSignal }) => Promise.reject(options.signal.reason),
    };
    expect(
      await errorOf(createConnector('socks5://p', via).connect(target, { signal: AbortSignal.abort(reason) })),
    ).toMatchObject({
      code: 'ERR_TIMEOUT',
      remedy: expect.stringContaining('proxy.host'),
    });
  });

  test('in a report of a secret that cannot be had stands at the step of the proxy', async () => {
    const proxy = {
      type: 'socks5',
      host: '127.0.0.1',
      username: 'me',
      password: { env: 'SEALPOST_NO_SUCH_VARIABLE' },
    } as const;
    await using mailer = createMailer({
      name: 'n',
      sender: { email: 'a@b.example' },
      server: { host: 'mail.example.com' },
      proxy,
    });
    const { steps } = await mailer.testConnection();
    expect(steps.at(-1)).toMatchObject({
      name: 'proxy',
      ok: false,
      error: { code: 'ERR_SECRET' },
      remedy: expect.stringContaining('SEALPOST_NO_SUCH_VARIABLE'),
    });
  });
});

describe('a chain', () => {
  const inner = 'socks5://inner.example';

  test('has the words and the remedy of the proxy that failed, in the report too', async () => {
    await using outer = await answering('HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
    const steps: ConnectionStepReport[] = [];
    const options: ConnectOptions = { signal, onStep: (step) => steps.push(step) };
    const error = await errorOf(
      createConnector(inner, createConnector(`http://127.0.0.1:${outer.port}`)).connect(target, options),
    );
    const expected = { remedy: 'Set proxy.username and proxy.password.' };
    expect(error).toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining(`HTTP proxy 127.0.0.1:${outer.port} requires authentication`),
      ...expected,
    });
    expect(steps.at(-1)).toMatchObject({ name: 'proxy', ok: false, ...expected });
  });

  test('names the proxy that is silent', async () => {
    await using outer = await FakeProxy.start(async () => undefined);
    const profile = {
      name: 'n',
      sender: { email: 'a@b.example' },
      server: { host: 'mail.example.com', timeouts: { connectMs: 200 } },
    };
    await using mailer = createMailer(profile, {
      connector: createConnector(inner, createConnector(`http://127.0.0.1:${outer.port}`)),
    });
    const expected = {
      code: 'ERR_PROXY',
      message: expect.stringContaining(`HTTP proxy 127.0.0.1:${outer.port} did not answer in time`),
    };
    expect(await errorOf(mailer.send({ to: 'c@d.example', text: 'x' }))).toMatchObject(expected);
    expect((await mailer.testConnection()).steps.filter(({ ok }) => !ok)).toMatchObject([
      { name: 'proxy', error: expected },
    ]);
  });
});

describe('TLS with a proxy', () => {
  const proxyTls = (port: number, tls: ProxyServerSettings['tls']): Promise<EmailError> =>
    errorOf(createConnector({ type: 'http-connect', host: '127.0.0.1', port, tls }).connect(target, { signal }));

  test('that is not accepted is told in terms of proxy.tls', async () => {
    const authority = createTestCertificateAuthority();
    const { certificate: cert, key } = authority.issueServer();
    const server = createServer({ cert, key });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const pinned = await proxyTls(port, { pinnedFingerprints: ['00'.repeat(32)] });
      expect(pinned).toMatchObject({ code: 'ERR_PROXY', cause: { code: 'ERR_TLS' } });
      expect(pinned.message).toMatch(/could not be reached by TLS: .*not in proxy\.tls\.pinnedFingerprints/);
      expect((await proxyTls(port, true)).remedy).toContain('proxy.tls.ca');
      expect((await proxyTls(port, { ca: authority.certificate, serverName: 'other.example' })).remedy).toContain(
        'proxy.tls.serverName',
      );
      expect(await proxyTls(port, { ca: { file: '/no/such/file' } })).toMatchObject({
        code: 'ERR_CERTIFICATE',
        phase: 'proxy',
        message: expect.stringContaining('proxy.tls.ca'),
      });
      expect(await proxyTls(port, { ciphers: 'NO_SUCH' })).toMatchObject({
        code: 'ERR_PROFILE_INVALID',
        problems: [{ path: 'proxy.tls.ciphers' }],
      });
      const unread = await proxyTls(port, { clientCertificate: { file: 'x.p12' } });
      expect([unread.code, unread.problems?.[0]?.path, unread.remedy]).toEqual([
        'ERR_PROFILE_INVALID',
        'proxy.tls.clientCertificate',
        'Correct the fields named in this error.',
      ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('where it speaks plain text has a remedy without the settings of the server', async () => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.read(1);
      side.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    const error = await proxyTls(proxy.port, true);
    expect(error).toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining('could not be reached by TLS'),
      remedy: expect.stringContaining('proxy.port'),
    });
    expect(`${error.message} ${error.remedy}`).not.toContain('server.');
  });
});

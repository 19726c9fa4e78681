import { describe, expect, test } from 'vitest';
import type { EmailError } from '../../../../src/model/error.js';
import { createConnector } from '../../../../src/net/proxy/create-connector.js';
import { FakeProxy } from './fake-proxy.js';

/** What an administrator reads when a proxy does not do: whose words they are, which setting they are about, and no secret. */

const { signal } = new AbortController();
const target = { host: 'mail.example.com', port: 587 };

async function errorOf(connecting: Promise<unknown>): Promise<EmailError> {
  return (await connecting.then(() => expect.fail('connected'), (reason: unknown) => reason)) as EmailError;
}

/** An HTTP proxy that answers each request with this. */
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
    await using proxy = await answering((header) => (header.includes('Proxy-Authorization') ? `HTTP/1.1 400 You said ${echo(password)}\r\n\r\n` : authenticate));
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, username: 'me', password });
    const { message } = await errorOf(connector.connect(target, { signal }));
    expect(message).toContain('400 You said ');
    expect(message).toContain('[hidden]');
    for (let at = 0; at + 5 <= password.length; at++) expect(message).not.toContain(password.slice(at, at + 5));
  });

  test('hide the answer to an NTLM challenge, from which a password can be guessed', async () => {
    await using proxy = await answering((header) => {
      const [, authorization] = /^Proxy-Authorization: (.*)$/m.exec(header) ?? [];
      return authorization === undefined ? 'HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n' : `HTTP/1.1 400 Not understood: ${authorization}\r\n\r\n`;
    });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, username: 'me', password: 'x' });
    expect((await errorOf(connector.connect(target, { signal }))).message).toMatch(/400 Not understood: NTLM \[hidden\]$/);
  });

  test('are not those of the library: a password that is one of its words does not show by its absence', async () => {
    await using proxy = await answering('HTTP/1.1 407 No proxy for you\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, username: 'me', password: 'proxy' });
    const { message } = await errorOf(connector.connect(target, { signal }));
    expect(message).toBe(`The HTTP proxy 127.0.0.1:${proxy.port} refused the user name or the password: 407 No [hidden] for you`);
  });

  test('are escaped where a connector below has them', async () => {
    const connector = createConnector('socks5://p', { connect: () => Promise.reject(new Error('no\u001b[2J\r\nway')) });
    expect((await errorOf(connector.connect(target, { signal }))).message).toMatch(/no\\x1b\[2J\\x0d\\x0away$/);
  });
});


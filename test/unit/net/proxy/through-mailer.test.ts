import { describe, expect, test, vi } from 'vitest';
import { createMailer } from '../../../../src/mailer/create-mailer.js';
import type { EmailProfile } from '../../../../src/model/settings/profile.js';
import type { ProxySettings } from '../../../../src/model/settings/proxy.js';
import { TestSmtpServer } from '../../../../src/testing/server/test-smtp-server.js';
import { FakeProxy } from './fake-proxy.js';
import type { ProxySide } from './fake-proxy.js';
import { connect } from 'node:net';

const secret = 'proxy-Secret4';

function profileFor(
  server: { readonly port: number; readonly ca?: string },
  proxy: ProxySettings,
  connectMs = 5000,
): EmailProfile {
  return {
    name: 'through a proxy',
    sender: { email: 'ann@example.com' },
    server: {
      host: 'localhost',
      port: server.port,
      security: 'explicit',
      tls: { ca: server.ca },
      timeouts: { connectMs },
    },
    authentication: { method: 'password', username: 'ann', password: 'open sesame' },
    proxy,
  };
}

/** A tunnel that records the octets to the mail host before TLS. */
async function relay(side: ProxySide, port: number, seen: Buffer[]): Promise<void> {
  const server = connect(port, '127.0.0.1');
  side.socket.removeAllListeners('data');
  side.socket.on('data', (chunk: Buffer) => seen.push(chunk));
  side.socket.pipe(server).pipe(side.socket);
  server.on('error', () => side.socket.destroy());
  side.socket.on('error', () => server.destroy()).on('close', () => server.destroy());
}

describe('a mailer with a proxy', () => {
  test('tells the proxy its credentials, the mail host its own, and neither to anybody else', async () => {
    await using server = await TestSmtpServer.start({ users: { ann: 'open sesame' } });
    const seen: Buffer[] = [];
    await using proxy = await FakeProxy.start(async (side) => {
      if (!(await side.readHeader()).includes('Proxy-Authorization')) {
        await side.send('HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n');
        await side.readHeader();
      }
      await side.send('HTTP/1.1 200 OK\r\n\r\n');
      await relay(side, server.port, seen);
    });
    const events: string[] = [];
    await using mailer = createMailer(profileFor(server, `http://me:${secret}@127.0.0.1:${proxy.port}`), {
      logger: (event) => events.push(JSON.stringify(event)),
    });
    const report = await mailer.testConnection();
    expect(report.ok).toBe(true);
    expect(report.steps.map(({ name }) => name)).toEqual([
      'resolve',
      'connect',
      'proxy',
      'greeting',
      'ehlo',
      'starttls',
      'tls',
      'ehlo',
      'authenticate',
      'quit',
    ]);
    expect(report.steps[2]?.detail).toBe(`HTTP proxy 127.0.0.1:${proxy.port} to localhost:${server.port}`);
    await mailer.send({ to: 'bob@example.com', text: 'x' });
    const { user, secure } = await server.waitForMessage();
    expect([user, secure, proxy.problems]).toEqual(['ann', true, []]);
    expect(events.filter((event) => event.includes('"connected"'))[0]).toContain(`"detail":"127.0.0.1:${proxy.port}"`);
    const everything = [
      Buffer.concat(seen).toString('latin1'),
      server.transcript.join('\n'),
      events.join('\n'),
      String(report),
      JSON.stringify(report),
    ].join('\n');
    const basic = Buffer.from(`me:${secret}`).toString('base64');
    for (const text of [secret, basic, Buffer.from(secret).toString('base64'), 'open sesame', 'Proxy-'])
      expect(everything).not.toContain(text);
    expect(Buffer.concat(seen).toString('latin1').startsWith('EHLO ')).toBe(true);
  });

  test('verifies the mail host by its own name, not the proxy', async () => {
    await using server = await TestSmtpServer.start({ users: { ann: 'open sesame' } });
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      await side.send('HTTP/1.1 200 OK\r\n\r\n');
      await relay(side, server.port, []);
    });
    const base = profileFor(server, `http://127.0.0.1:${proxy.port}`);
    await using mailer = createMailer({ ...base, server: { ...base.server, host: 'mail.example.com' } });
    await expect(mailer.send({ to: 'bob@example.com', text: 'x' })).rejects.toMatchObject({
      code: 'ERR_TLS',
      message: expect.stringContaining('mail.example.com'),
    });
  });

  test.each(['http', 'socks5', 'socks4a'])(
    'a silent %s proxy is ERR_PROXY within connectMs, in send and in the report',
    async (scheme) => {
      await using proxy = await FakeProxy.start(async () => undefined);
      await using mailer = createMailer(profileFor({ port: 25 }, `${scheme as 'http'}://127.0.0.1:${proxy.port}`, 300));
      await expect(mailer.send({ to: 'bob@example.com', text: 'x' })).rejects.toMatchObject({
        code: 'ERR_PROXY',
        phase: 'proxy',
        retryable: true,
        delivery: 'not-delivered',
      });
      const { ok, steps } = await mailer.testConnection();
      expect(ok).toBe(false);
      expect(steps.at(-1)).toMatchObject({
        name: 'proxy',
        ok: false,
        error: { code: 'ERR_PROXY' },
        remedy: expect.any(String),
      });
    },
  );

  test("a step says where 'auto' found its proxy", async () => {
    await using proxy = await FakeProxy.start(async (side) => void side.socket.end());
    try {
      for (const name of ['all_proxy', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'])
        vi.stubEnv(name, undefined);
      vi.stubEnv('ALL_PROXY', `socks5://me:${secret}@127.0.0.1:${proxy.port}`);
      await using mailer = createMailer(profileFor({ port: 25 }, 'auto'));
      const report = await mailer.testConnection();
      expect(report.steps[0]).toMatchObject({
        name: 'proxy',
        ok: true,
        detail: `SOCKS 5 proxy 127.0.0.1:${proxy.port}, from ALL_PROXY`,
      });
      expect(report.steps.at(-1)).toMatchObject({ name: 'proxy', ok: false, error: { code: 'ERR_PROXY' } });
      expect(JSON.stringify(report)).not.toContain(secret);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

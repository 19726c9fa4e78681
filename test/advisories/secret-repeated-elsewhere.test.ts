/**
 * Peers that repeat a secret: the mail server on a later connection or to a custom mechanism, a directory, a proxy, an
 * authorization server. No error and no log contains it, and no gap in well-known words reveals its place.
 * @module
 */
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { authorize, createMailer, formatLogEvent } from '../../src/index.js';
import type { EmailProfile, LogEvent, MailerOptions } from '../../src/index.js';
import { MemoryTransport } from '../../src/testing.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { children, contentOf, readElement } from '../../src/util/der.js';
import { type ProviderAnswer, startFakeProvider } from '../support/fake-provider.js';
import { type Peer, startScriptedServer } from '../support/scripted-server.js';
import { krbError } from '../unit/kerberos/fake-kdc.js';
import { aliceKdc, context, failureOf, mechanismFor, quietConf, Scratch } from '../unit/kerberos/harness.js';
import { ldapResult } from '../unit/pki/ldap/ldap-server.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const krb5Conf = scratch.write('krb5.conf', quietConf);

const secret = 'S3cr3t-Hunter2-long-one';
const hex = Buffer.from(secret).toString('hex');
const forms: Readonly<Record<string, string>> = {
  whole: `no rights for ${secret}`,
  'in capitals': `no rights for ${secret.toUpperCase()}`,
  'in part': `no rights for ${secret.slice(5, 18)}`,
  'in hexadecimal digits': `no rights for ${hex}`,
  'in the escapes of LDAP': `no rights for ${hex.replace(/../g, '\\$&')}`,
  'in percent-encoding': `no rights for ${hex.replace(/../g, '%$&')}`,
  'in base64 of UTF-16': `no rights for ${Buffer.from(secret, 'utf16le').toString('base64')}`,
  'letter by letter': `no rights for ${[...secret].join('\u200b')}`,
};

/** Everything that a program can observe of these outcomes. */
function shown(outcomes: readonly unknown[], events: readonly LogEvent[] = []): string {
  const stacks = outcomes.map((outcome) => (outcome instanceof Error ? outcome.stack : undefined));
  return [
    inspect([outcomes, stacks], { depth: 20, showHidden: true }),
    JSON.stringify(outcomes),
    JSON.stringify(events),
    ...events.map(formatLogEvent),
  ].join('\n');
}

function expectHidden(text: string): void {
  expect(text).toContain('<hidden>');
  expect(text).not.toMatch(/no rights|S3cr3t|Hunter2|nter2-long/i);
  expect(text).not.toContain(hex.slice(0, 24));
}

const settled = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

function profileFor(port: number, more: Partial<EmailProfile> = {}): EmailProfile {
  return {
    name: 'p',
    sender: { email: 'app@example.com' },
    server: { host: '127.0.0.1', port, security: 'none', localName: 'client.example.test' },
    authentication: { username: 'ann', method: 'plain', password: secret, allowPlaintext: true },
    ...more,
  };
}

async function send(profile: EmailProfile, times: number, options: MailerOptions = {}): Promise<string> {
  const events: LogEvent[] = [];
  const outcomes: unknown[] = [];
  const mailer = createMailer(profile, { logger: (event) => void events.push(event), ...options });
  for (let i = 0; i < times; i++) outcomes.push(await settled(mailer.send({ to: 'b@example.org', text: 'x' })));
  const report = await mailer.testConnection();
  await mailer.close({ force: true });
  return shown([...outcomes, report, String(report)], events);
}

/** Takes one message and closes. */
async function takeOne(peer: Peer): Promise<void> {
  await peer.send('220 x\r\n');
  await peer.hello('AUTH PLAIN X-MINE');
  for (;;) {
    const line = await peer.line();
    if (line === 'DATA') {
      await peer.send('354 go\r\n');
      await peer.skip('\r\n.\r\n');
      await peer.send('250 ok\r\n');
      return void peer.socket.end();
    }
    await peer.send(line.startsWith('AUTH') ? '235 ok\r\n' : '250 ok\r\n');
  }
}

describe.each(Object.entries(forms))('%s', (_, said) => {
  test.each<readonly [string, (peer: Peer) => Promise<unknown>]>([
    ['the greeting', (peer) => peer.send(`220 ${said}\r\n`).then(() => peer.hello('AUTH PLAIN'))],
    ['a refusal in place of a greeting', (peer) => peer.send(`554 ${said}\r\n`)],
    ['what is no greeting', (peer) => peer.send(`${said}\r\n`)],
    ['the reply to EHLO', (peer) => peer.send('220 x\r\n').then(() => peer.hello(said, 'AUTH PLAIN'))],
    [
      'a refusal of EHLO',
      async (peer) => {
        await peer.send('220 x\r\n');
        await peer.line();
        await peer.send(`421 ${said}\r\n`);
      },
    ],
  ])('in %s of a later connection', async (_name, script) => {
    await using server = await startScriptedServer(async (peer, number) => {
      if (number === 1) return await takeOne(peer);
      await script(peer);
      for (;;) {
        await peer.line();
        await peer.send('535 5.7.8 <hidden>\r\n');
      }
    });
    const text = await send(profileFor(server.port), 2);
    expect(text).not.toMatch(/no rights|S3cr3t|Hunter2|nter2-long/i);
    expect(text).not.toContain(hex.slice(0, 24));
    expect(server.connections).toBeGreaterThan(1);
  });

  test('by a server to which a mechanism of the caller’s own gave it', async () => {
    for (const response of [`\0ann\0${secret}`, secret, `user=ann\x01auth=Bearer ${secret}\x01\x01`]) {
      await using server = await startScriptedServer(async (peer) => {
        await peer.send('220 x\r\n');
        await peer.hello('AUTH X-MINE');
        await peer.line();
        await peer.send(`535 5.7.8 ${said}\r\n`);
        await peer.closed;
      });
      const createMechanism = () => ({
        name: 'X-MINE',
        complete: true,
        start: () => Buffer.from(response),
        next: () => new Uint8Array(),
      });
      const authentication = { method: 'custom', createMechanism, allowPlaintext: true } as const;
      expectHidden(await send(profileFor(server.port, { authentication }), 1));
    }
  });

  test('by a KDC that knows the password, in the text of an error', async () => {
    const kdc = await aliceKdc();
    const asked = { principal: 'alice@FAKE.TEST', kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: krb5Conf };
    kdc.script = () => krbError(60, { text: said });
    const { mechanism } = mechanismFor({ ...asked, password: secret });
    const refused = await failureOf(Promise.resolve(mechanism.start(context)));
    // Whatever else it says is one line, and short.
    kdc.script = () => krbError(60, { text: `\u202ea\r\n\x1b[2J${'x'.repeat(20_000)}` });
    const { mechanism: other } = mechanismFor({ ...asked, password: 'another password' });
    const flooded = await failureOf(Promise.resolve(other.start(context)));
    await kdc.close();
    expectHidden(shown([refused]));
    expect(flooded).toMatchObject({ code: 'ERR_KERBEROS' });
    expect(flooded.message).toContain('\\u202ea\\x0d\\x0a\\x1b[2Jxxx');
    expect(flooded.message.length).toBeLessThan(600);
  });

  test('by a directory, in reply to the login and to a search', async () => {
    const authority = createTestCertificateAuthority();
    const { key, certificate } = authority.issueServer();
    for (const refusesLogin of [true, false]) {
      const directory = createTlsServer({ key, cert: certificate }, (socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => {
          const [id, operation] = [...children(bytes, readElement(bytes, 0))];
          if (id === undefined || operation === undefined) return;
          const number = contentOf(bytes, id).readUIntBE(0, id.end - id.start);
          if (operation.tag === 0x60)
            socket.write(refusesLogin ? ldapResult(number, 0x61, 49, said) : ldapResult(number, 0x61, 0));
          else if (operation.tag === 0x63) socket.write(ldapResult(number, 0x65, 50, said));
        });
      });
      await new Promise<void>((resolve) => directory.listen(0, '127.0.0.1', resolve));
      const certificates = {
        ldap: `ldaps://localhost:${(directory.address() as AddressInfo).port}`,
        baseDn: 'o=example',
        bindDn: 'cn=mail',
        password: secret,
        tls: { ca: authority.certificate },
      };
      const events: LogEvent[] = [];
      const mailer = createMailer(profileFor(1, { smime: { encrypt: { certificates } } }), {
        transport: new MemoryTransport(),
        logger: (event) => void events.push(event),
      });
      const outcomes = [
        await settled(mailer.send({ to: 'bob@example.org', text: 'x' })),
        await mailer.testEncryption('bob@example.org'),
      ];
      await mailer.close();
      await new Promise((resolve) => directory.close(resolve));
      expect(outcomes[0]).toMatchObject({ code: 'ERR_CERTIFICATE_MISSING' });
      expectHidden(shown([...outcomes, String(outcomes[1])], events));
    }
  });

  test.each(['407 Proxy Authentication Required: ', '403 ', '200-'])('by a proxy: %s', async (status) => {
    const proxy = createServer((socket) => {
      let asked = 0;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        for (const _ of bytes.toString('latin1').matchAll(/\r\n\r\n/g)) {
          const challenge = 'Proxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n';
          socket.write(asked++ === 0 ? `HTTP/1.1 407 no\r\n${challenge}` : `HTTP/1.1 ${status}${said}\r\n${challenge}`);
        }
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const type = 'http-connect';
    const { port } = proxy.address() as AddressInfo;
    const events: LogEvent[] = [];
    const mailer = createMailer(
      profileFor(25, { proxy: { type, host: '127.0.0.1', port, username: 'ann', password: secret } }),
      { logger: (event) => void events.push(event) },
    );
    const error = await settled(mailer.send({ to: 'bob@example.org', text: 'x' }));
    await mailer.close({ force: true });
    proxy.close();
    expect(error).toMatchObject({ code: 'ERR_PROXY' });
    const text = shown([error], events);
    expect(text).not.toMatch(/no rights|S3cr3t|Hunter2|nter2-long/i);
    expect(text).not.toContain(hex.slice(0, 24));
  });

  test.each<readonly [string, ProviderAnswer]>([
    ['in error_description', { status: 400, json: { error: 'invalid_client', error_description: said } }],
    ['in error', { status: 401, json: { error: said } }],
    ['as the type of a token', { json: { access_token: 'x', token_type: said } }],
    ['as the type of a content', { text: '<html>', headers: { 'Content-Type': said.replace(/[^\x20-\x7e]/g, ' ') } }],
  ])('by a token endpoint, %s', async (_name, answer) => {
    await using provider = await startFakeProvider({ '/token': () => answer });
    const tokenUrl = `${provider.origin}/token`;
    for (const clientAuthentication of ['post', 'basic'] as const)
      expectHidden(
        shown([
          await settled(
            authorize({
              clientId: 'client',
              clientSecret: secret,
              clientAuthentication,
              grant: 'client-credentials',
              tokenUrl,
            }),
          ),
        ]),
      );
  });
});

/**
 * Mistakes of an administrator. The error alone tells a newcomer what is wrong, where, and what to change.
 * @module
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailer, parseProfile } from '../../src/index.js';
import type { EmailError, EmailProfile, KerberosAuthentication, OutgoingServer } from '../../src/index.js';
import { contextPrimitive, sequence } from '../../src/util/der.js';
import { createTestIdentities, TestSmtpServer } from '../../src/testing.js';
import type { TestIdentity, TestSmtpServerOptions } from '../../src/testing.js';
import { extension, issue, root } from '../support/certificates.js';
import { failure } from '../support/engine.js';
import { FakeProxy } from '../unit/net/proxy/fake-proxy.js';
import type { ProxySide } from '../unit/net/proxy/fake-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'mistakes-'));
const { identities } = createTestIdentities('ann@example.com', 'bob@example.org');
const ann = identities.get('ann@example.com') as TestIdentity;
const bob = identities.get('bob@example.org') as TestIdentity;
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const servers: Server[] = [];
const sockets = new Set<Socket>();
const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const says = (words: string) => (socket: Socket) => {
  socket.on('error', () => undefined);
  if (words !== '') socket.write(words);
};
/** Silent until it receives a byte, then closes the connection. */
const web = (socket: Socket): void => {
  socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
};
const ports = { closed: 0, ssh: 0, imap: 0, web: 0 };
beforeAll(async () => {
  ports.ssh = await listen(createServer(says('SSH-2.0-OpenSSH_9.6\r\n')));
  ports.imap = await listen(createServer(says('* OK IMAP4rev1 ready\r\n')));
  ports.web = await listen(createServer(web));
  const closed = createServer();
  ports.closed = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true, force: true });
});

const gssapiAlone: TestSmtpServerOptions = {
  users: { ann: 'x' },
  replies: (verb) => (verb === 'EHLO' ? '250-test\r\n250-STARTTLS\r\n250 AUTH GSSAPI' : undefined),
};
const withKerberos = (authentication: Partial<KerberosAuthentication>): Mistake => ({
  server: gssapiAlone,
  profile: ({ settings }) => ({
    server: { ...settings, host: 'localhost' },
    authentication: { method: 'kerberos', ...authentication },
  }),
});
const password = { method: 'password', username: 'ann', password: 'hunter2' } as const;
/** A profile whose server is tried, or one that is refused at once. */
interface Mistake {
  readonly server?: TestSmtpServerOptions;
  readonly profile: (server: TestSmtpServer) => Partial<EmailProfile> | Promise<Partial<EmailProfile>>;
}

async function toldOf({ server: options, profile }: Mistake): Promise<string> {
  await using server = await TestSmtpServer.start(options);
  await using mailer = createMailer({
    name: 'payroll',
    sender: { email: 'ann@example.com' },
    server: server.settings,
    ...(await profile(server)),
  });
  return textOf(await failure(mailer.send({ to: 'bob@example.org', text: 'x' })));
}
const textOf = ({ message, remedy }: EmailError): string => `${message}\n${remedy ?? ''}`;
const at = (port: number, more: Partial<OutgoingServer> = {}): { server: OutgoingServer } => ({
  server: { host: '127.0.0.1', port, timeouts: { greetingMs: 300 }, ...more },
});
const signing = (certificate: object): Partial<EmailProfile> => ({
  smime: { sign: { certificate: certificate as never } },
});
const proxied = async (
  behave: (side: ProxySide) => Promise<void>,
  type = 'http',
  credentials = '',
): Promise<Partial<EmailProfile>> => {
  const proxy = await FakeProxy.start(behave);
  servers.push({ close: (done: () => void) => void proxy[Symbol.asyncDispose]().then(done) } as never);
  return { proxy: `${type}://${credentials}127.0.0.1:${proxy.port}` as never };
};
const answer =
  (status: string, more = '') =>
  async (side: ProxySide) => {
    await side.readHeader();
    await side.send(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n${more}\r\n`);
  };

const mistakes: readonly (readonly [what: string, Mistake, RegExp])[] = [
  [
    'a port on which nothing listens',
    { profile: () => at(ports.closed) },
    /No connection to 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n.*check server\.port, and that the server is running/,
  ],
  [
    'the port of ssh',
    { profile: () => at(ports.ssh) },
    /"SSH-2\.0-OpenSSH_9\.6", which is not an SMTP reply.*\nThis is an SSH server, not an SMTP server\. Correct server\.port: usually 587 or 465\./,
  ],
  [
    'the port of an IMAP server',
    { profile: () => at(ports.imap) },
    /"\* OK IMAP4rev1 ready", which is not an SMTP reply.*\nThis is an IMAP server, not an SMTP server\. Correct server\.port/,
  ],
  [
    'the port of a web server',
    { profile: () => at(ports.web) },
    /sent no greeting.*\nCheck server\.port: the server on this port neither sends a greeting nor supports TLS; it may be a web server/,
  ],
  [
    'the port of a web server, implicit',
    { profile: () => at(ports.web, { security: 'implicit' }) },
    /the server did not answer with TLS.*\nIf it is a mail server, .*If it is not, correct server\.host or server\.port\./,
  ],
  [
    'a host that does not exist',
    { profile: () => ({ server: { host: 'mail.invalid' } }) },
    /no host named mail\.invalid.*\nCheck server\.host for a typing error/,
  ],
  [
    'explicit on a port with implicit TLS',
    {
      server: { security: 'implicit' },
      profile: ({ port, ca }) => at(port, { host: 'localhost', security: 'explicit', tls: { ca } }),
    },
    /sent no greeting.*\nThis port may expect TLS from the first octet, as 465 does: if so, set server\.security to 'implicit'\. If the port does not belong to a mail server, correct server\.port\. .*raise server\.timeouts\.greetingMs/,
  ],
  [
    'implicit on a port with STARTTLS',
    { profile: ({ port, ca }) => at(port, { security: 'implicit', tls: { ca } }) },
    /the server did not answer with TLS.*\nIf it is a mail server, set server\.security to 'explicit' \(STARTTLS\)/,
  ],
  [
    'an expired certificate of the server',
    {
      profile: async () => {
        const { ca, ...own } = expired();
        return at(await listen(createTlsServer(own, (socket) => socket.on('error', () => undefined))), {
          host: 'localhost',
          security: 'implicit',
          tls: { ca },
        });
      },
    },
    /certificate of localhost was refused: .*that of localhost was valid until .*\nTell the operator of the server to renew it\. Check the clock/,
  ],
  [
    'a wrong password of the signing certificate',
    { profile: () => signing({ data: ann.certificate, key: encryptedKey(), keyPassword: 'wrong' }) },
    /smime\.sign\.certificate: .*password of the private key is wrong.*\nCheck `smime\.sign\.certificate\.keyPassword`/,
  ],
  [
    'no password of the signing certificate',
    { profile: () => signing({ data: ann.certificate, key: encryptedKey() }) },
    /smime\.sign\.certificate: .*no password was given\nGive it in `smime\.sign\.certificate\.keyPassword`/,
  ],
  [
    'a password in a variable that is not set',
    {
      profile: () => signing({ data: ann.certificate, key: encryptedKey(), keyPassword: { env: 'NO_SUCH_VARIABLE' } }),
    },
    /smime\.sign\.certificate\.keyPassword .*NO_SUCH_VARIABLE is not set\nSet NO_SUCH_VARIABLE for this process/,
  ],
  [
    'a certificate file that is missing',
    { profile: () => signing({ file: join(folder, 'none.p12') }) },
    /smime\.sign\.certificate: .*none\.p12: there is no such file\nCheck the path/,
  ],
  [
    'a directory in place of a file',
    { profile: () => signing({ file: folder }) },
    /smime\.sign\.certificate: .*not a regular file\nName a file with certificates/,
  ],
  [
    'a file that holds no certificate',
    { profile: () => signing({ file: file('x.p12', 'hello') }) },
    /smime\.sign\.certificate: .*x\.p12: it is not recognised: it is plain text, not a certificate.*\nIt may be the wrong file: name the right one, or export the certificate with its private key again as PKCS#12 \(\.p12\) or PEM\./,
  ],
  [
    'a certificate without its key',
    { profile: () => signing({ file: file('a.pem', ann.certificate) }) },
    /smime\.sign\.certificate: .*a\.pem: .*no private key\n.*name the key in `keyFile`/,
  ],
  [
    "another's key",
    { profile: () => signing({ data: ann.certificate, key: bob.key }) },
    /smime\.sign\.certificate\.key: the private key does not belong to the certificate of .*ann.* \(serial number [\dA-Fa-f]+\)\nGive the key of this certificate, or the certificate of this key\./i,
  ],
  [
    'a wrong mail password',
    { server: { users: { ann: 'x' } }, profile: () => ({ authentication: password }) },
    /refused the authentication by SCRAM.*535.*\nCheck user name and password/,
  ],
  [
    'a wrong mail password at a server of a Windows domain',
    {
      server: {
        users: { ann: 'x' },
        mechanisms: ['LOGIN'],
        replies: (verb) =>
          verb === 'EHLO'
            ? '250-test\r\n250-STARTTLS\r\n250 AUTH NTLM LOGIN'
            : verb === 'AUTH'
              ? '535 5.7.3 Authentication unsuccessful'
              : undefined,
      },
      profile: () => ({ authentication: password }),
    },
    /535.*\n.*authentication\.username as DOMAIN\\user or user@domain/,
  ],
  [
    'a password where there is no TLS',
    {
      server: { security: 'none', users: { ann: 'x' }, mechanisms: ['PLAIN'] },
      profile: () => ({ authentication: password }),
    },
    /no TLS.*No credential was sent.*\nSet server\.security to 'explicit'/,
  ],
  [
    'a proxy that wants a user',
    { profile: () => proxied(answer('407 Who', 'Proxy-Authenticate: Basic realm="x"\r\n')) },
    /HTTP proxy 127\.0\.0\.1:\d+ requires authentication.*\nSet proxy\.username and proxy\.password/,
  ],
  [
    'a proxy that refuses the password',
    {
      profile: () =>
        proxied(
          async (side) => {
            for (;;) await answer('407 Who', 'Proxy-Authenticate: Basic realm="x"\r\n')(side);
          },
          'http',
          'me:wrong@',
        ),
    },
    /HTTP proxy .* refused the user name or the password.*\nCheck proxy\.username and proxy\.password/,
  ],
  [
    'a proxy that forbids the port',
    { profile: () => proxied(answer('403 Forbidden')) },
    /HTTP proxy .* refused the tunnel to .* 403 Forbidden.*\nThe proxy must allow CONNECT/,
  ],
  [
    'a proxy that is not there',
    { profile: () => ({ proxy: `http://127.0.0.1:${ports.closed}` }) },
    /^The HTTP proxy 127\.0\.0\.1:\d+ could not be reached: .*ECONNREFUSED.*\nCheck proxy\.host and proxy\.port/,
  ],
  [
    'a proxy of another kind',
    {
      profile: () =>
        proxied(async (side) => {
          await side.read(3);
          await side.send('HTTP/1.1 400 Bad\r\n\r\n');
          side.socket.end();
        }, 'socks5'),
    },
    /looks like an HTTP proxy.*\nIf it is an HTTP proxy, set proxy\.type to 'http'; otherwise correct proxy\.port\./,
  ],
  [
    'no certificate of a recipient',
    { profile: () => ({ smime: { encrypt: { certificates: { directory: folder } } } }) },
    /No usable certificate for bob@example\.org .*nothing was sent\n.*smime\.encrypt\.certificates/,
  ],
  [
    'a directory of certificates that is missing',
    { profile: () => ({ smime: { encrypt: { certificates: { directory: join(folder, 'none') } } } }) },
    /the directory \S+none: there is no such directory.*\nCorrect smime\.encrypt\.certificates\.directory, or create the directory\./,
  ],
  [
    'an LDAP server that is down',
    {
      profile: () => ({
        smime: { encrypt: { certificates: { ldap: `ldap://127.0.0.1:${ports.closed}`, baseDn: '' } } },
      }),
    },
    /LDAP server 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n.*check smime\.encrypt\.certificates\.ldap/,
  ],
  [
    'an LDAP server with an untrusted certificate',
    {
      server: { security: 'implicit' },
      profile: ({ port, settings }) => ({
        server: settings,
        smime: { encrypt: { certificates: { ldap: `ldaps://localhost:${port}`, baseDn: '' } } },
      }),
    },
    /certificate of the LDAP server localhost was refused.*\n.*smime\.encrypt\.certificates\.tls\.ca/,
  ],
  [
    'an LDAP port of another service',
    {
      profile: () => ({ smime: { encrypt: { certificates: { ldap: `ldap://127.0.0.1:${ports.ssh}`, baseDn: '' } } } }),
    },
    /LDAP server 127\.0\.0\.1:\d+: the server does not speak LDAP.*\n.*smime\.encrypt\.certificates\.ldap/,
  ],
  [
    'an authority that is not trusted',
    { profile: ({ port }) => at(port, { host: 'localhost', security: 'explicit' }) },
    /self-signed issuer that is not trusted here.*\n.*server\.tls\.ca.*server\.tls\.pinnedFingerprints: [\dA-F:]{95}/,
  ],
  [
    'a file of the authority that is missing',
    {
      profile: ({ port }) =>
        at(port, { host: 'localhost', security: 'explicit', tls: { ca: { file: join(folder, 'none.pem') } } }),
    },
    /none\.pem of server\.tls\.ca: there is no such file\n/,
  ],
  [
    'a file that holds no authority',
    {
      profile: ({ port }) =>
        at(port, { host: 'localhost', security: 'explicit', tls: { ca: { file: file('no-ca.pem', 'hello') } } }),
    },
    /no-ca\.pem of server\.tls\.ca: it contains no certificate\n/,
  ],
  [
    'a name that the certificate has not',
    {
      profile: ({ port, ca }) =>
        at(port, { host: '127.0.0.1', security: 'explicit', tls: { ca, serverName: 'other.example' } }),
    },
    /^The certificate of 127\.0\.0\.1:\d+ was refused: it is for localhost.*, and server\.tls\.serverName asks for other\.example .*\nRemove server\.tls\.serverName, or correct it to one of these names\./,
  ],
  [
    'a wrong pin',
    { profile: ({ port }) => at(port, { security: 'explicit', tls: { pinnedFingerprints: ['00'.repeat(32)] } }) },
    /has the fingerprint [\dA-F:]{95}, which is not in server\.tls\.pinnedFingerprints.*\n.*do not add it/,
  ],
  [
    'a method that the server does not offer',
    {
      server: { users: { ann: 'x' }, mechanisms: ['PLAIN'] },
      profile: () => ({ authentication: { ...password, method: 'ntlm' } }),
    },
    /'ntlm' can use NTLM, but the server offers only PLAIN.*\nUse an offered method: authentication\.method 'password'/,
  ],
  [
    'a server without AUTH',
    { profile: () => ({ authentication: password }) },
    /^The server offers no authentication\. Method 'password' can use .*\n.*587 or 465/,
  ],
  [
    'no authentication where the server wants it',
    { server: { users: { ann: 'x' } }, profile: () => ({}) },
    /530.*\nSet authentication in the profile: in most cases method, username and password/,
  ],
  [
    'explicit, and no STARTTLS',
    { server: { security: 'none' }, profile: ({ port }) => at(port, { security: 'explicit' }) },
    /does not offer STARTTLS, and server\.security is 'explicit'.*\nCheck server\.port/,
  ],
  [
    'greylisting',
    {
      server: { replies: { RCPT: ['450 4.2.0 <bob@example.org>: Recipient address rejected: Greylisted'] } },
      profile: () => ({}),
    },
    /refused bob@example\.org: 450.*\nThe server uses greylisting.*fifteen minutes/,
  ],
  [
    'a recipient that is refused for now',
    { server: { replies: { RCPT: ['450 4.2.1 Mailbox busy'] } }, profile: () => ({}) },
    /refused bob@example\.org: 450 4\.2\.1 Mailbox busy.*\n.*try again later/,
  ],
  [
    'a message that is too large, as announced',
    { server: { extensions: ['SIZE 100'] }, profile: () => ({}) },
    /has \d+ octets; the server accepts at most 100.*\nSend a smaller message/,
  ],
  [
    'a message that is too large, at its end',
    { server: { replies: { END: ['552 5.3.4 Message size exceeds fixed limit'] } }, profile: () => ({}) },
    /refused the message of \d+ octets as too large: 552.*\nSend a smaller message, or ask the operator of the server for its limit\./,
  ],
  [
    'relay denied',
    { server: { replies: { RCPT: ['550 5.7.1 Relaying denied'] } }, profile: () => ({}) },
    /refused bob@example\.org: 550.*\nThe server does not relay mail to example\.org for this sender\. If the profile has no authentication, set it .* or ask the operator to allow this machine to relay\./,
  ],
  [
    'send-as denied',
    {
      server: { replies: { MAIL: ['550 5.7.60 SMTP; Client does not have permissions to send as this sender'] } },
      profile: () => ({}),
    },
    /refused the sender: 550 5\.7\.60.*\n.*Send As right for sender\.email/,
  ],
  [
    'a blocked address',
    {
      server: {
        replies: {
          GREETING: ['554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org'],
        },
      },
      profile: () => ({}),
    },
    /refused the connection: 554.*spamhaus.*\nThe address of this machine is on the block list that the reply names: .*submission service/,
  ],
  [
    '421',
    { server: { replies: { GREETING: ['421 4.3.2 Too many connections'] } }, profile: () => ({}) },
    /refused the connection: 421.*\nTry again in some minutes\. .*lower pool\.maxConnections/,
  ],
  [
    'spam',
    { server: { replies: { END: ['550 5.7.1 Message rejected as spam'] } }, profile: () => ({}) },
    /refused the message: 550 5\.7\.1 Message rejected as spam.*\nThe server considers the message spam: check SPF, DKIM and DMARC/,
  ],
  [
    'Kerberos and an unknown KDC',
    withKerberos({
      principal: 'ann@EXAMPLE.COM',
      password: 'x',
      krb5ConfFile: file('krb5.conf', '[libdefaults]\n dns_lookup_kdc = false\n'),
    }),
    /No KDC of the realm EXAMPLE\.COM is known: krb5\.conf names none.*\nCheck that EXAMPLE\.COM is the realm.*Name its KDC in authentication\.kdc.*dns_lookup_kdc = true/,
  ],
  [
    'Kerberos and a missing keytab',
    withKerberos({
      principal: 'ann@EXAMPLE.COM',
      keytabFile: join(folder, 'none.keytab'),
      krb5ConfFile: join(folder, 'krb5.conf'),
    }),
    /none\.keytab.*\n/,
  ],
  [
    'Kerberos and no ticket',
    withKerberos({
      credentialCache: join(folder, 'none.cc'),
      krb5ConfFile: join(folder, 'krb5.conf'),
    }),
    /none\.cc.*\n.*kinit/,
  ],
  [
    'silence at MAIL',
    {
      server: { faults: [{ at: 'MAIL', do: 'silence' }] },
      profile: ({ settings }) => ({ server: { ...settings, timeouts: { replyMs: 100 } } }),
    },
    /did not answer MAIL within 100 ms \(server\.timeouts\.replyMs\)\. The whole message had already been sent with it\. .*\n.*server\.timeouts\.replyMs/,
  ],
  [
    'silence at the end',
    {
      server: { faults: [{ at: 'end', do: 'silence' }] },
      profile: ({ settings }) => ({ server: { ...settings, timeouts: { acceptanceMs: 100 } } }),
    },
    /did not say whether it accepts the message.*\nThe server may have the message/,
  ],
];
/** An expired server certificate, with its authority. */
function expired(): { readonly cert: string; readonly key: string; readonly ca: string } {
  const authority = root('An authority');
  const day = 86_400_000;
  const subjectAltName = extension('2.5.29.17', false, sequence(contextPrimitive(2, Buffer.from('localhost'))));
  const server = issue({
    subject: 'localhost',
    issuer: authority,
    extensions: [subjectAltName],
    from: new Date(Date.now() - 30 * day),
    to: new Date(Date.now() - 2 * day),
  });
  const pem = (der: Uint8Array): string => new X509Certificate(der).toString();
  const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { cert: pem(server.der), key, ca: pem(authority.der) };
}
function encryptedKey(): string {
  return createPrivateKey(ann.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'right',
  }) as string;
}

describe('what an administrator reads of', () => {
  it.each(mistakes)('%s', async (_what, mistake, words) => {
    expect(await toldOf(mistake)).toMatch(words);
  });

  it('a typo in a key, and a port as text', async () => {
    const json = {
      name: 'x',
      sender: { email: 'a@example.com' },
      server: { host: 'h', secruity: 'none', port: '587' },
    };
    const error = await failure((async () => parseProfile(json))());
    expect(textOf(error)).toMatch(
      /server\.secruity: .*did you mean security\?; server\.port: .*without quotes\nCorrect/,
    );
  });
});

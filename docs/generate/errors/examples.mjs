/** An error of each code, made by the library: `examples[code]` causes the error and rejects with it. */
import dns from 'node:dns';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';

/** Additional help with links, by code. */
export const hints = {
  ERR_PROFILE_INVALID: '[Every setting](profile.md).',
  ERR_MESSAGE_INVALID: '[Every field](message.md).',
  ERR_CONTENT: 'A function that opens a stream can be called again; a stream can be read only once.',
  ERR_CONNECT: 'Many networks block port 25: use 587 or 465. [`testConnection()`](mailer.md) tries these ports too.',
  ERR_TLS:
    'Put a private certificate authority into `server.tls.ca`, or pin a single certificate in `server.tls.pinnedFingerprints`.',
  ERR_TLS_REQUIRED: 'If a server no longer offers STARTTLS, that may be a sign of an attack.',
  ERR_TIMEOUT: 'Check `phase` before you raise a limit.',
  ERR_SMTP_REPLY: '[Sending again later](../guide/again-later.md).',
  ERR_RECIPIENT_NOT_ALLOWED: '[Limiting recipients](../guide/recipients.md).',
  ERR_AUTH_REJECTED: 'Many providers require an app password or [OAuth 2.0](../guide/oauth2.md).',
  ERR_AUTH_UNAVAILABLE: 'Many servers offer AUTH under TLS only: check `server.security`.',
  ERR_AUTH_PLAINTEXT: '`allowPlaintext` is only for networks that are safe without TLS.',
  ERR_KERBEROS: '[Kerberos](../guide/kerberos.md).',
  ERR_OAUTH2: '[The meaning of refusals](../guide/oauth2.md#refusals), including AADSTS numbers.',
  ERR_CERTIFICATE: '[Certificates](../guide/certificates.md).',
  ERR_CERTIFICATE_MISSING: "Or allow `onMissingCertificate: 'drop-recipient'`.",
  ERR_SMIME: '[S/MIME](../guide/smime.md).',
  ERR_STORE: '[Files that the store refuses](../guide/profile-store.md#what-it-refuses).',
};

/** The functions that cause an error, with the modules of the library. They run in an empty working directory. */
export function examplesOf({ sealpost, smime, testing }) {
  const { createMailer, openProfileStore, parseProfile } = sealpost;
  const { TestSmtpServer } = testing;
  const message = { to: 'ann@example.com', subject: 'Hello', text: 'Hello' };
  const base = { name: 'office', sender: { email: 'office@example.com' } };
  const byPassword = { method: 'password', username: 'office', password: 'guessed' };

  /** Sends to a test server. */
  const send = async ({
    server: options = {},
    profile = () => ({}),
    message: fields = {},
    mailerOptions,
    sendOptions,
  } = {}) => {
    const server = await TestSmtpServer.start(options);
    const mailer = createMailer({ ...base, server: server.settings, ...profile(server) }, mailerOptions);
    try {
      await mailer.send({ ...message, ...fields }, sendOptions);
    } finally {
      await mailer.close({ force: true });
      await server.close();
    }
  };
  /** Listens on loopback while `use` runs. */
  const listening = async (server, use) => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await use(server.address().port);
    } finally {
      server.closeAllConnections?.();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  const sendBy = async (profile) => {
    const mailer = createMailer({ ...base, ...profile });
    await mailer.send(message).finally(() => mailer.close({ force: true }));
  };
  const answering = (text) =>
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(text));
    });

  return {
    ERR_PROFILE_INVALID: async () => parseProfile({ ...base, server: { host: 'mail.example.com', port: '587' } }),
    ERR_MESSAGE_INVALID: () => send({ message: { to: 'ann@example.com, bob@example.com' } }),
    ERR_SECRET: () =>
      send({
        server: { users: { office: 'secret' } },
        profile: () => ({ authentication: { ...byPassword, password: { env: 'MAIL_PASSWORD' } } }),
      }),
    ERR_CONTENT: () => send({ message: { attachments: [{ content: { file: 'report.pdf' } }] } }),
    ERR_DNS: async () => {
      const { lookup } = dns;
      // The answer of DNS to a name that does not exist, so that the example does not depend on a network.
      dns.lookup = (_name, _options, done) =>
        done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
      syncBuiltinESMExports();
      try {
        await sendBy({ server: { host: 'smtp.gmail.con', port: 587 } });
      } finally {
        dns.lookup = lookup;
        syncBuiltinESMExports();
      }
    },
    ERR_CONNECT: async () => {
      const port = await listening(createServer(), async (free) => free);
      await sendBy({ server: { host: '127.0.0.1', port } });
    },
    ERR_PROXY: () =>
      listening(answering('HTTP/1.1 403 Forbidden\r\n\r\n'), (port) =>
        sendBy({ server: { host: 'mail.example.com', port: 587 }, proxy: `http://127.0.0.1:${port}` }),
      ),
    ERR_TLS: () =>
      send({
        profile: ({ settings }) => ({
          server: { ...settings, tls: { ...settings.tls, serverName: 'mail.example.com' } },
        }),
      }),
    ERR_TLS_REQUIRED: () =>
      send({
        server: { security: 'none' },
        profile: ({ host, port }) => ({ server: { host, port, security: 'explicit' } }),
      }),
    ERR_TIMEOUT: () =>
      send({
        server: { security: 'none', faults: [{ at: 'greeting', do: 'silence' }] },
        profile: ({ settings }) => ({ server: { ...settings, timeouts: { greetingMs: 50 } } }),
      }),
    ERR_ABORTED: () => send({ sendOptions: { signal: AbortSignal.abort() } }),
    ERR_CLOSED: async () => {
      const mailer = createMailer({ ...base, server: { host: 'mail.example.com' } });
      await mailer.close();
      await mailer.send(message);
    },
    ERR_SMTP_PROTOCOL: () =>
      listening(
        createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').on('error', () => undefined)),
        (port) => sendBy({ server: { host: '127.0.0.1', port, security: 'none' } }),
      ),
    ERR_SMTP_REPLY: () => send({ server: { replies: { MAIL: ['451 4.3.2 System not accepting network messages'] } } }),
    ERR_EXTENSION_MISSING: () => send({ server: { extensions: ['8BITMIME'] }, message: { to: 'jörg@example.com' } }),
    ERR_RECIPIENT_NOT_ALLOWED: () => send({ mailerOptions: { recipients: { allow: ['@example.org'] } } }),
    ERR_RECIPIENTS_REJECTED: () => send({ server: { replies: { RCPT: ['550 5.1.1 No such user here'] } } }),
    ERR_MESSAGE_TOO_LARGE: () => send({ server: { extensions: ['SIZE 1000'] }, message: { text: 'x'.repeat(5000) } }),
    ERR_AUTH_REQUIRED: () => send({ server: { users: { office: 'secret' } } }),
    ERR_AUTH_REJECTED: () =>
      send({ server: { users: { office: 'secret' } }, profile: () => ({ authentication: byPassword }) }),
    ERR_AUTH_UNAVAILABLE: () =>
      send({
        server: { users: { office: 'secret' }, mechanisms: ['PLAIN', 'LOGIN'] },
        profile: () => ({ authentication: { ...byPassword, method: 'ntlm' } }),
      }),
    ERR_AUTH_PLAINTEXT: () =>
      send({
        server: { security: 'none', users: { office: 'secret' }, mechanisms: ['PLAIN'] },
        profile: () => ({ authentication: byPassword }),
      }),
    ERR_KERBEROS: () =>
      send({
        server: {
          replies: (verb) => (verb === 'EHLO' ? '250-localhost\r\n250 AUTH GSSAPI' : undefined),
          security: 'none',
        },
        profile: () => ({
          authentication: { method: 'kerberos', credentialCache: 'tickets', servicePrincipal: 'smtp/mail.example.com' },
        }),
      }),
    ERR_OAUTH2: () =>
      listening(
        createHttpServer((_request, response) =>
          response
            .writeHead(400, { 'content-type': 'application/json' })
            .end('{"error":"invalid_grant","error_description":"Token has been expired or revoked."}'),
        ),
        (port) =>
          send({
            server: { users: { office: 'token' } },
            profile: () => ({
              authentication: { method: 'xoauth2', username: 'office@example.com' },
              oauth2: { clientId: 'app', tokenUrl: `http://127.0.0.1:${port}/token`, refreshToken: 'old' },
            }),
          }),
      ),
    ERR_CERTIFICATE: () => send({ profile: () => ({ smime: { sign: { certificate: { file: 'office.p12' } } } }) }),
    ERR_CERTIFICATE_MISSING: () => {
      mkdirSync('certificates', { recursive: true });
      return send({ profile: () => ({ smime: { encrypt: { certificates: { directory: 'certificates' } } } }) });
    },
    ERR_SMIME: async () => {
      const { identities } = testing.createTestIdentities('ann@example.com');
      const { certificate, key } = identities.get('ann@example.com');
      await smime.decrypt(Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n'), { data: certificate, key });
    },
    ERR_STORE: async () => {
      writeFileSync('profiles.store', 'not a store\n', { mode: 0o600 });
      await openProfileStore({ file: 'profiles.store', key: 'a passphrase of the store' });
    },
  };
}

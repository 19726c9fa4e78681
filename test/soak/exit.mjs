/**
 * A process that closes its mailer in the middle of something: `node exit.mjs NAME`. It must end within half a second,
 * even if the other side does nothing. `node exit.mjs` prints the names.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMailer, openProfileStore } from 'sealpost';
import { createTestIdentities } from 'sealpost/testing';
import { startScript, startServer, startTokenEndpoint } from './servers.mjs';

const limitMs = 500;
const never = new Promise(() => {});
const good = { EHLO: '250-x\r\n250 8BITMIME\r\n', MAIL: '250 ok\r\n', RCPT: '250 ok\r\n', DATA: '354 go\r\n' };
const all = { ...good, END: '250 ok\r\n', QUIT: '221 bye\r\n', RSET: '250 ok\r\n' };
const withAuth = { EHLO: '250-x\r\n250 AUTH PLAIN XOAUTH2 GSSAPI\r\n' };
const message = { to: 'bob@example.org', text: 'Hello' };
const silent = () => startServer((socket, reach) => reach());
const silentOnceAsked = () => startServer((socket, reach) => socket.once('data', reach));

let directory;
const file = (name, content) => {
  directory ??= mkdtempSync(join(tmpdir(), 'sealpost-exit-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, name), content);
  return join(directory, name);
};
const profileFor = (port, { server, ...more } = {}) => ({
  name: 'exit',
  sender: { email: 'ann@example.com' },
  server: { host: '127.0.0.1', port, security: 'none', ...server },
  ...more,
});
/** Sends, and returns the mailer once the server has reached the place where it stops. */
async function sending({ port, reached }, more, { options, message: own = message } = {}) {
  const mailer = createMailer(profileFor(port, more), options);
  const sent = mailer.send(own).then(
    () => 'sent',
    (error) => error.code,
  );
  await Promise.race([reached, sent.then((outcome) => Promise.reject(new Error(`send() ended first: ${outcome}`)))]);
  return mailer;
}
const password = { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true };
const bearer = { method: 'xoauth2', username: 'ann', allowPlaintext: true };
const tokens = (more) => ({ authentication: bearer, oauth2: { clientId: 'c', ...more } });

/** Each makes a mailer with pending work, and says whether close() is forced. */
const cases = {
  'nothing was done': async () => [createMailer(profileFor(1)), false],
  'a connection idles': async () => {
    const { port } = await startScript('220 x\r\n', all);
    const mailer = createMailer(profileFor(port));
    await mailer.send(message);
    return [mailer, false];
  },
  'QUIT is not answered': async () => {
    const { port } = await startScript('220 x\r\n', { ...all, QUIT: undefined });
    const mailer = createMailer(profileFor(port));
    await mailer.send(message);
    return [mailer, false];
  },
  'the pause before a rate-limited message': async () => {
    const { port } = await startScript('220 x\r\n', all);
    const mailer = createMailer(profileFor(port), { pool: { rateLimit: { messages: 1, perMs: 60_000 } } });
    await mailer.send(message);
    mailer.send(message).catch(() => {});
    return [mailer, true];
  },
  'no greeting': async () => [await sending(await silent()), true],
  'no TLS handshake': async () => [await sending(await silentOnceAsked(), { server: { security: 'implicit' } }), true],
  'no reply to EHLO': async () => [await sending(await startScript('220 x\r\n', {})), true],
  'no reply to STARTTLS': async () => [
    await sending(await startScript('220 x\r\n', { EHLO: '250-x\r\n250 STARTTLS\r\n' }), {
      server: { security: 'explicit' },
    }),
    true,
  ],
  'no handshake after STARTTLS': async () => {
    const server = await startServer((socket, reach) => {
      const replies = ['250-x\r\n250 STARTTLS\r\n', '220 go\r\n'];
      socket.write('220 x\r\n');
      // After the two commands the client begins its handshake.
      socket.on('data', () => {
        const reply = replies.shift();
        if (reply === undefined) reach();
        else socket.write(reply);
      });
    });
    return [await sending(server, { server: { security: 'explicit' } }), true];
  },
  'no reply to AUTH': async () => [
    await sending(await startScript('220 x\r\n', withAuth), { authentication: password }),
    true,
  ],
  'no reply to MAIL': async () => [await sending(await startScript('220 x\r\n', { ...good, MAIL: undefined })), true],
  'no reply to DATA': async () => [await sending(await startScript('220 x\r\n', { ...good, DATA: undefined })), true],
  'no reply to the content': async () => [await sending(await startScript('220 x\r\n', good)), true],
  'a server that reads no more': async () => {
    const server = await startServer((socket, reach) => {
      const replies = ['250 x\r\n', '250 ok\r\n', '250 ok\r\n', '354 go\r\n'];
      socket.write('220 x\r\n');
      socket.on('data', () => {
        const reply = replies.shift();
        if (reply !== undefined) return socket.write(reply);
        socket.pause();
        reach();
      });
    });
    return [await sending(server, {}, { message: { ...message, text: 'x'.repeat(20 << 20) } }), true];
  },
  'content that does not come': async () => {
    let reach;
    const reached = new Promise((resolve) => (reach = resolve));
    async function* text() {
      yield Buffer.from('begin');
      reach();
      await never;
    }
    const { port } = await startScript('220 x\r\n', all);
    return [await sending({ port, reached }, {}, { message: { ...message, text: text() } }), true];
  },
  'sendAll() of an endless source': async () => {
    const { port } = await startScript('220 x\r\n', all);
    const mailer = createMailer(profileFor(port));
    function* source() {
      for (;;) yield message;
    }
    let count = 0;
    await new Promise((resolve) => {
      (async () => {
        for await (const _ of mailer.sendAll(source())) if (++count === 20) resolve();
      })().catch(() => {});
    });
    return [mailer, false];
  },
  'testConnection()': async () => {
    const { port, reached } = await silent();
    const mailer = createMailer(profileFor(port));
    mailer.testConnection().catch(() => {});
    await reached;
    return [mailer, true];
  },
  'a SOCKS proxy that is silent': async () => {
    const { port, reached } = await silentOnceAsked();
    return [await sending({ port: 25, reached }, { proxy: `socks5://127.0.0.1:${port}` }), true];
  },
  'an HTTP proxy that is silent': async () => {
    const { port, reached } = await silentOnceAsked();
    return [await sending({ port: 25, reached }, { proxy: `http://127.0.0.1:${port}` }), true];
  },
  'a connector that never answers': async () => {
    let reach;
    const reached = new Promise((resolve) => (reach = resolve));
    const connector = { connect: () => (reach(), never) };
    return [await sending({ port: 25, reached }, {}, { options: { connector } }), true];
  },
  'a token endpoint that is silent': async () => {
    const { url, reached } = await startTokenEndpoint(() => undefined);
    const { port } = await startScript('220 x\r\n', { ...all, ...withAuth });
    return [await sending({ port, reached }, tokens({ tokenUrl: url, refreshToken: 'r' })), true];
  },
  'a fetch that never answers, with a profile store': async () => {
    let reach;
    const reached = new Promise((resolve) => (reach = resolve));
    const fetch = () => (reach(), never);
    const profileStore = await openProfileStore({ file: file('store', ''), key: new Uint8Array(32) }).catch(
      async () => {
        rmSync(join(directory, 'store'));
        return await openProfileStore({ file: join(directory, 'store'), key: new Uint8Array(32) });
      },
    );
    const { port } = await startScript('220 x\r\n', { ...all, ...withAuth });
    const more = tokens({ tokenUrl: 'https://login.example.com/token', refreshToken: 'r' });
    return [await sending({ port, reached }, more, { options: { fetch, profileStore } }), true];
  },
  'a person who does not sign in': async () => {
    const mailer = createMailer(
      profileFor(
        1,
        tokens({ authorizationUrl: 'https://login.example.com/auth', tokenUrl: 'https://login.example.com/token' }),
      ),
    );
    await new Promise((openBrowser) => void mailer.authorize({ openBrowser }).catch(() => {}));
    return [mailer, false];
  },
  'a device code that is never entered': async () => {
    let asked = 0;
    const endpoint = await startTokenEndpoint(() =>
      asked++ === 0
        ? {
            device_code: 'd',
            user_code: 'u',
            verification_uri: 'https://login.example.com',
            expires_in: 600,
            interval: 5,
          }
        : { error: 'authorization_pending' },
    );
    const mailer = createMailer(
      profileFor(1, tokens({ deviceAuthorizationUrl: endpoint.url, tokenUrl: endpoint.url, grant: 'device-code' })),
    );
    await new Promise((onUserCode) => void mailer.authorize({ onUserCode }).catch(() => {}));
    return [mailer, false];
  },
  'a KDC that is silent': async () => {
    const kdc = await silentOnceAsked();
    const { port } = await startScript('220 x\r\n', { ...all, ...withAuth });
    const authentication = {
      method: 'kerberos',
      principal: 'ann@EXAMPLE.TEST',
      servicePrincipal: 'smtp/mail.example.test',
      password: 'secret',
      kdc: [`127.0.0.1:${kdc.port}`],
      krb5ConfFile: file('krb5.conf', '[libdefaults]\n default_realm = EXAMPLE.TEST\n dns_lookup_kdc = false\n'),
    };
    return [await sending({ port, reached: kdc.reached }, { authentication }), true];
  },
  'an LDAP directory that is silent': async () => {
    const ldap = await silentOnceAsked();
    const { port } = await startScript('220 x\r\n', all);
    const certificates = { ldap: `ldap://127.0.0.1:${ldap.port}`, baseDn: 'dc=example' };
    return [await sending({ port, reached: ldap.reached }, { smime: { encrypt: { certificates } } }), true];
  },
  'a search for certificates that never answers': async () => {
    let reach;
    const reached = new Promise((resolve) => (reach = resolve));
    const { port } = await startScript('220 x\r\n', all);
    const certificates = () => (reach(), never);
    return [await sending({ port, reached }, { smime: { encrypt: { certificates } } }), true];
  },
  'a private key that never comes': async () => {
    let reach;
    const reached = new Promise((resolve) => (reach = resolve));
    const { port } = await startScript('220 x\r\n', all);
    const { identities } = createTestIdentities('ann@example.com');
    const [ann] = identities.values();
    const certificate = { data: ann.certificate, key: () => (reach(), never) };
    return [await sending({ port, reached }, { smime: { sign: { certificate } } }), true];
  },
  'a secret that never comes': async () => {
    let reach;
    const reached = new Promise((resolve) => (reach = resolve));
    const { port } = await startScript('220 x\r\n', { ...all, ...withAuth });
    const authentication = { ...password, password: () => (reach(), never) };
    return [await sending({ port, reached }, { authentication }), true];
  },
  ...Object.fromEntries(
    ['tcp', 'tls'].map((protocol) => [
      `a syslog server that is silent, by ${protocol}`,
      async () => {
        const { port } = await startScript('220 x\r\n', all);
        const log = await startServer((socket) => socket.pause());
        const syslog = { host: '127.0.0.1', port: log.port, protocol };
        const mailer = createMailer(profileFor(port, { logging: { eventLog: { syslog }, level: 'debug' } }));
        await mailer.send(message);
        return [mailer, false];
      },
    ]),
  ),
};

const [, , name] = process.argv;
if (name === undefined) for (const each of Object.keys(cases)) console.log(each);
else {
  const [mailer, force] = await cases[name]();
  const before = performance.now();
  await mailer.close({ force });
  const closed = performance.now();
  // close() without force waits for pending work, so the time counts from its end. With force it counts from the call.
  const since = force ? before : closed;
  process.once('exit', () => {
    const ms = performance.now() - since;
    console.log(`${name}: ${ms.toFixed(0)} ms`);
    if (ms > limitMs) process.exitCode = 1;
  });
}

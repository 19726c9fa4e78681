/**
 * Every feature of the package once, on the runtime that runs this file: `node features.mjs`, `bun features.mjs`, `deno
 * run -A features.mjs`. The package is the packed one, installed in the folder where this file lies. Prints a line a
 * feature, and ends with 1 if one failed; with RESULT=file the outcomes go into that file as JSON.
 * @module
 */
import { Buffer } from 'node:buffer';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import {
  createConnector,
  createEmailError,
  createMailer,
  defineProfile,
  formatLogEvent,
  openProfileStore,
  parseAddressList,
  parseProfile,
  profileToJson,
  sampleOAuth2Settings,
  wellKnownServer,
} from 'sealpost';
import { decrypt, encrypt, loadCertificate, openCertificateStore, sign, verify } from 'sealpost/smime';
import { createTestIdentities, MemoryTransport, TestSmtpServer } from 'sealpost/testing';

/** Folder of key files: test/fixtures/pki of the project. */
const fixtures = process.env.FIXTURES;
const folder = mkdtempSync(join(tmpdir(), 'sealpost-features-'));
const outcomes = [];
const me = 'app@example.com';
const ann = 'ann@example.com';
const { ca, identities } = createTestIdentities(me, ann);
const own = identities.get(me);
const anns = identities.get(ann);

/**
 * Runs a feature; it fails if `work` throws. If `lacks` gives a text for the error, the feature is no failure: the
 * runtime lacks something, and the library says what.
 */
async function feature(name, work, lacks = () => undefined) {
  let error;
  try {
    await work();
  } catch (cause) {
    error = cause;
  }
  const absent = error && lacks(error);
  const ok = error === undefined || absent !== undefined;
  outcomes.push({ name, ok, absent });
  const what = absent ?? (error && `${error.code ?? error.name}: ${error.message}`);
  console.log(`${ok ? (absent ? 'absent' : 'ok    ') : 'FAILED'} ${name}${what ? `: ${what}` : ''}`);
  if (!ok && process.env.STACKS) console.log(error);
}

/** A cipher or a hash that the runtime lacks. */
const noCipher = ({ message }) => /no (?:cipher|hash) [\w-]+/.exec(message)?.[0];
/** Channel binding needs a function of TLS sockets; without it neither side offers the mechanisms with -PLUS. */
const noBinding = ({ code }) =>
  code === 'ERR_AUTH_UNAVAILABLE' && TLSSocket.prototype.exportKeyingMaterial === undefined
    ? 'no exportKeyingMaterial'
    : undefined;

function expect(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}

/** Starts a server, calls `work` with it and a profile, and closes everything. */
async function withServer(options, work) {
  const server = await TestSmtpServer.start(options);
  const mailers = [];
  const mailer = (rest = {}, mailerOptions = undefined) => {
    const { server: more, ...others } = rest;
    const made = createMailer(
      { name: 'features', sender: { email: me }, server: { ...server.settings, ...more }, ...others },
      mailerOptions,
    );
    mailers.push(made);
    return made;
  };
  try {
    return await work(server, mailer);
  } finally {
    for (const made of mailers) await made.close({ force: true });
    await server.close();
  }
}

const message = { to: ann, subject: 'Grüße', text: 'Hello Ann' };

/** Sends a message and returns the server's copy. */
const arrives = (options, profile, given = message, mailerOptions = undefined) =>
  withServer(options, async (server, mailer) => {
    const result = await mailer(profile, mailerOptions).send(given);
    return { result, received: await server.waitForMessage() };
  });

async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

/** Starts a server and returns its port. */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

// The package
await feature('three entries by require', () => {
  const require = createRequire(import.meta.url);
  for (const name of ['sealpost', 'sealpost/smime', 'sealpost/testing'])
    expect(Object.keys(require(name)).length > 1, name);
});
await feature('profiles: define, parse, to JSON, well-known servers', () => {
  const profile = defineProfile({ name: 'p', sender: { email: me }, server: wellKnownServer('gmail') });
  expect(parseProfile(profileToJson(profile)).server.host === 'smtp.gmail.com', 'the same host');
});
await feature('a wrong profile names its fields', async () => {
  const error = await rejection(
    (async () => defineProfile({ name: 'p', sender: { email: 'x' }, server: { host: '' } }))(),
  );
  expect(error.code === 'ERR_PROFILE_INVALID' && error.problems.length === 2, 'two problems');
});
await feature('lists of addresses', () =>
  expect(parseAddressList('Ann <ann@example.com>, bob@example.com').length === 2, 'two'),
);

// Messages
await feature('text', async () => {
  const { received } = await arrives({ security: 'none' }, {});
  expect(received.text === 'Hello Ann' && received.subject === 'Grüße', 'text and subject');
});
await feature('HTML, inline image, attachment', async () => {
  const { received } = await arrives(
    { security: 'none' },
    {},
    {
      ...message,
      html: '<p>Hello <img src="cid:logo@example.com"></p>',
      attachments: [
        { content: randomBytes(70_000), filename: 'Ü.bin' },
        { content: Buffer.from('GIF89a'), filename: 'logo.gif', cid: 'logo@example.com', disposition: 'inline' },
      ],
    },
  );
  expect(
    received.attachments.length === 2 && received.attachments.some(({ filename }) => filename === 'Ü.bin'),
    'two attachments',
  );
});
await feature('attachments from a file, a stream and a web stream', async () => {
  const file = join(folder, 'data.bin');
  writeFileSync(file, randomBytes(300_000));
  const { received } = await arrives(
    { security: 'none' },
    {},
    {
      ...message,
      attachments: [
        { content: { file }, filename: 'file.bin' },
        { content: Readable.from([Buffer.from('a'), Buffer.from('b')]), filename: 'stream.bin' },
        { content: new Blob(['web']).stream(), filename: 'web.bin' },
      ],
    },
    { fileAccess: true },
  );
  const sizes = received.attachments.map(({ content }) => content.length).join();
  expect(sizes === '300000,2,3', `the sizes, not ${sizes}`);
});
await feature('calendar, list fields, custom header, priority', async () => {
  const { received } = await arrives(
    { security: 'none' },
    { priority: 'urgent', headers: { 'X-Unit': 'Zürich' } },
    {
      ...message,
      list: { unsubscribe: 'https://example.com/u' },
    },
  );
  expect(/Priority: urgent/i.test(Buffer.from(received.content).toString('latin1')), 'a priority');
});
await feature('UTF-8 addresses (SMTPUTF8)', async () => {
  const { received } = await arrives({ security: 'none' }, {}, { ...message, to: 'änn@example.com' });
  expect(received.envelope.to[0].address === 'änn@example.com', 'the address');
});
await feature('raw message', async () => {
  const { received } = await arrives(
    { security: 'none' },
    {},
    {
      to: ann,
      raw: 'From: app@example.com\nTo: ann@example.com\nSubject: raw\n\nraw\n',
    },
  );
  expect(received.subject === 'raw', 'the subject');
});
for (const kind of ['rsa', 'ed25519']) {
  await feature(`DKIM, ${kind}`, async () => {
    const { privateKey } = generateKeyPairSync(kind, kind === 'rsa' ? { modulusLength: 2048 } : {});
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const { received } = await arrives(
      { security: 'none' },
      { dkim: { domain: 'example.com', selector: 's', privateKey: key } },
    );
    expect(/^DKIM-Signature:/m.test(Buffer.from(received.content).toString('latin1')), 'a signature');
  });
}
await feature('delivery status notifications and other extensions of the envelope', async () => {
  const { received } = await arrives(
    { security: 'none' },
    {},
    {
      ...message,
      envelope: {
        dsn: { notify: ['failure'], return: 'headers', envelopeId: 'id 1' },
        deliverBy: { seconds: 60, mode: 'notify' },
      },
    },
  );
  expect(received.envelope.parameters.RET === 'HDRS', 'RET=HDRS');
});

// Mailers
await feature('100 messages by sendAll over 5 connections', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    const all = mailer({}, { pool: { maxConnections: 5 } });
    let sent = 0;
    for await (const { error } of all.sendAll(
      Array.from({ length: 100 }, (_, i) => ({ ...message, subject: `${i}` })),
    )) {
      if (error) throw error;
      sent++;
    }
    expect(sent === 100 && server.messages.length === 100, '100 messages');
  }),
);
await feature('several messages in flight', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    const all = mailer({}, { pool: { maxConnections: 1, messagesInFlight: 8 } });
    await Promise.all(Array.from({ length: 40 }, () => all.send(message)));
    expect(server.messages.length === 40, '40 messages');
  }),
);
await feature('a refused recipient', async () => {
  const { result } = await arrives(
    { security: 'none', replies: (verb, line) => (/bob@/.test(line) ? '550 5.1.1 no such user' : undefined) },
    {},
    {
      ...message,
      to: [ann, 'bob@example.com'],
    },
  );
  expect(result.rejected.length === 1 && result.accepted.length === 1, 'one of each');
});
await feature('a dropped connection is an error that tells the delivery', () =>
  withServer({ security: 'none', faults: [{ at: 'end', do: 'drop' }] }, async (server, mailer) => {
    const error = await rejection(mailer().send(message));
    expect(error.delivery === 'unknown', `unknown, not ${error.delivery}`);
  }),
);
await feature('abort', () => {
  const controller = new AbortController();
  const faults = (at) => {
    if (at !== 'MAIL') return undefined;
    setImmediate(() => controller.abort());
    return { do: 'silence' };
  };
  return withServer({ security: 'none', faults }, async (server, mailer) => {
    const sending = rejection(mailer().send(message, { signal: controller.signal }));
    expect((await sending).code === 'ERR_ABORTED', 'ERR_ABORTED');
  });
});
await feature('deadline', () =>
  withServer({ security: 'none', faults: [{ at: 'MAIL', do: 'silence' }] }, async (server, mailer) => {
    const error = await rejection(mailer({ server: { timeouts: { totalMs: 300 } } }).send(message));
    expect(error.code === 'ERR_TIMEOUT', error.code);
  }),
);
await feature('a connection refused', async () => {
  const idle = createServer();
  const port = await listening(idle);
  await new Promise((resolve) => idle.close(resolve));
  const mailer = createMailer({
    name: 'f',
    sender: { email: me },
    server: { host: '127.0.0.1', port, security: 'none' },
  });
  expect((await rejection(mailer.send(message))).code === 'ERR_CONNECT', 'ERR_CONNECT');
  await mailer.close();
});
await feature('a host that is not found', async () => {
  const mailer = createMailer({ name: 'f', sender: { email: me }, server: { host: 'mail.invalid', security: 'none' } });
  expect((await rejection(mailer.send(message))).code === 'ERR_DNS', 'ERR_DNS');
  await mailer.close();
});
await feature('localhost by name', async () => {
  await arrives({ security: 'none' }, { server: { host: 'localhost' } });
});
await feature('testConnection()', () =>
  withServer({ users: { [me]: 'secret' } }, async (server, mailer) => {
    const report = await mailer({
      authentication: { method: 'password', username: me, password: 'secret' },
    }).testConnection();
    expect(report.ok && /authenticate/.test(report.toString()), report.toString());
  }),
);
await feature('sendTestEmail()', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    await mailer().sendTestEmail(ann);
    expect((await server.waitForMessage()).html !== undefined, 'HTML');
  }),
);
await feature('MemoryTransport', async () => {
  const transport = new MemoryTransport();
  const mailer = createMailer({ name: 'f', sender: { email: me }, server: { host: 'localhost' } }, { transport });
  await mailer.send(message);
  expect(transport.sent[0].text === 'Hello Ann', 'the text');
  await mailer.close();
});
await feature('createEmailError', () => expect(createEmailError('ERR_CONNECT', 'x').code === 'ERR_CONNECT', 'a code'));

// TLS
for (const security of ['starttls', 'implicit']) {
  await feature(`TLS (${security}), by CA`, async () => {
    const { received } = await arrives({ security }, {});
    expect(received.secure, 'TLS');
  });
}
await feature('TLS, an untrusted certificate is refused with its fingerprint', () =>
  withServer({ security: 'implicit' }, async (server, mailer) => {
    const error = await rejection(mailer({ server: { tls: undefined } }).send(message));
    expect(
      error.code === 'ERR_TLS' && /[0-9A-F]{2}:[0-9A-F]{2}/i.test(`${error.message} ${error.remedy}`),
      `${error.message} ${error.remedy}`,
    );
  }),
);
await feature('TLS, by fingerprint', () =>
  withServer({ security: 'implicit' }, async (server, mailer) => {
    const error = await rejection(mailer({ server: { tls: undefined } }).send(message));
    const [pin] = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/i.exec(`${error.message} ${error.remedy}`) ?? [];
    await mailer({ server: { tls: { pinnedFingerprints: [pin] } } }).send(message);
  }),
);
await feature('TLSv1.3 at least', () =>
  withServer({ security: 'implicit' }, async (server, mailer) => {
    const { ca: authority } = server.settings.tls;
    await mailer({ server: { tls: { ca: authority, minVersion: 'TLSv1.3' } } }).send(message);
  }),
);
await feature('sessions of TLS are resumed', () =>
  withServer({ security: 'implicit' }, async (server, mailer) => {
    const each = mailer({}, { pool: { maxMessagesPerConnection: 1 } });
    for (let i = 0; i < 3; i++) await each.send(message);
  }),
);
await feature('STARTTLS that is not offered is refused', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    const error = await rejection(mailer({ server: { security: 'explicit' } }).send(message));
    expect(error.code === 'ERR_TLS_REQUIRED', error.code);
  }),
);
await feature('TLS client certificate and EXTERNAL', () =>
  withServer({ security: 'implicit', users: { [me]: 'secret' } }, async (server, mailer) => {
    const { certificate, key } = server.issueClientCertificate(me);
    const { ca: authority } = server.settings.tls;
    const profile = {
      server: { tls: { ca: authority, clientCertificate: { data: certificate, key } } },
      authentication: { method: 'external' },
    };
    await mailer(profile).send(message);
    expect((await server.waitForMessage()).user === me, 'the user');
  }),
);
await feature('compose() and REQUIRETLS', () =>
  withServer({ security: 'implicit' }, async (server, mailer) => {
    await mailer().send({ ...message, envelope: { requireTls: true } });
    expect((await mailer().compose(message)).content.length > 100, 'content');
  }),
);

// Authentication
for (const mechanism of [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
  'LOGIN',
  'CRAM-MD5',
]) {
  await feature(
    mechanism,
    () =>
      withServer(
        { security: 'implicit', users: { [me]: 'secret' }, mechanisms: [mechanism] },
        async (server, mailer) => {
          const credentials = { username: me, password: 'secret' };
          const method = mechanism.endsWith('-PLUS')
            ? 'password'
            : mechanism === 'CRAM-MD5'
              ? 'cram-md5'
              : mechanism.toLowerCase();
          await mailer({ authentication: { method, ...credentials } }).send(message);
          expect((await server.waitForMessage()).user === me, 'the user');
        },
      ),
    noBinding,
  );
}
await feature('the strongest mechanism of all', () =>
  withServer({ security: 'implicit', users: { [me]: 'secret' } }, async (server, mailer) => {
    await mailer({ authentication: { method: 'password', username: me, password: 'secret' } }).send(message);
  }),
);
for (const method of ['xoauth2', 'oauthbearer']) {
  await feature(method.toUpperCase(), () =>
    withServer({ security: 'implicit', users: { [me]: 'token' } }, async (server, mailer) => {
      await mailer({ authentication: { method, username: me, token: 'token' } }).send(message);
    }),
  );
}
await feature('a wrong password', () =>
  withServer({ security: 'implicit', users: { [me]: 'secret' } }, async (server, mailer) => {
    const error = await rejection(
      mailer({ authentication: { method: 'password', username: me, password: 'wrong' } }).send(message),
    );
    expect(error.code === 'ERR_AUTH_REJECTED', error.code);
  }),
);

/**
 * A server that offers one mechanism and replies to AUTH with `answers`, one a round. Returns the client's responses.
 */
async function authServer(mechanism, answers) {
  const heard = [];
  const server = createServer((socket) => {
    let round = -1;
    socket.write('220 test\r\n');
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const line = data.toString('latin1').trim();
      if (round >= 0 || line.startsWith('AUTH')) {
        heard.push(line);
        socket.write(`${answers[++round] ?? '535 5.7.8 no'}\r\n`);
      } else if (line.startsWith('EHLO')) socket.write(`250-test\r\n250 AUTH ${mechanism}\r\n`);
      else socket.end('221 bye\r\n');
    });
  });
  return { port: await listening(server), heard, close: () => server.close() };
}
await feature('NTLM', async () => {
  const challenge = Buffer.concat([
    Buffer.from('NTLMSSP\0'),
    Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 0x05, 0x82, 0x89, 0xa2]),
    randomBytes(8),
    Buffer.alloc(8),
    Buffer.from([8, 0, 8, 0, 56, 0, 0, 0]),
    Buffer.from([10, 0, 0x61, 0x4a, 0, 0, 0, 15]),
    Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]),
  ]);
  const server = await authServer('NTLM', [`334 `, `334 ${challenge.toString('base64')}`]);
  const mailer = createMailer({
    name: 'f',
    sender: { email: me },
    server: { host: '127.0.0.1', port: server.port, security: 'none' },
    authentication: { method: 'ntlm', username: 'ann', domain: 'CORP', password: 'secret', allowPlaintext: true },
  });
  const error = await rejection(mailer.send(message));
  server.close();
  await mailer.close();
  expect(error.code === 'ERR_AUTH_REJECTED' && server.heard.length >= 2, `${error.code}: ${error.message}`);
});

// Proxies
const pipe = (client, port, greeting) => {
  const target = connect(port, '127.0.0.1', () => {
    client.write(greeting);
    client.pipe(target).pipe(client);
  });
  target.on('error', () => client.destroy());
  client.on('error', () => target.destroy());
};
const socks5 = () =>
  createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => {
      client.write(Buffer.of(5, 0));
      client.once('data', (request) =>
        pipe(client, request.readUInt16BE(request.length - 2), Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0)),
      );
    });
  });
const socks4 = () =>
  createServer((client) => {
    client.on('error', () => {});
    client.once('data', (request) => pipe(client, request.readUInt16BE(2), Buffer.of(0, 90, 0, 0, 0, 0, 0, 0)));
  });
const httpConnect = () =>
  createServer((client) => {
    client.on('error', () => {});
    client.once('data', (data) =>
      pipe(client, Number(/:(\d+) HTTP/.exec(data.toString())[1]), 'HTTP/1.1 200 OK\r\n\r\n'),
    );
  });
for (const [scheme, make] of [
  ['socks5', socks5],
  ['socks4', socks4],
  ['socks4a', socks4],
  ['http', httpConnect],
]) {
  await feature(`proxy, ${scheme}`, () =>
    withServer({ security: 'implicit' }, async (server, mailer) => {
      const proxy = make();
      const port = await listening(proxy);
      try {
        await mailer({ proxy: `${scheme}://127.0.0.1:${port}` }).send(message);
      } finally {
        proxy.close();
      }
    }),
  );
}
await feature('proxy, a connector of its own', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    await mailer({}, { connector: createConnector('none') }).send(message);
  }),
);

// S/MIME
const entity = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const source = { data: own.certificate, key: own.key };
await feature('sign and verify, detached, P-256', async () => {
  const { content, signatures } = await verify(await sign(entity, { certificate: source }), { trustAnchors: [ca] });
  expect(signatures[0].valid && signatures[0].trusted && content.length > 0, 'a valid signature');
});
await feature('sign and verify, opaque', async () => {
  const { signatures } = await verify(await sign(entity, { certificate: source, format: 'opaque' }), {
    trustAnchors: [ca],
  });
  expect(signatures[0].valid, 'a valid signature');
});
for (const algorithm of ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm', 'des-ede3-cbc']) {
  await feature(
    `encrypt and decrypt, ${algorithm}, key agreement`,
    async () => {
      const sealed = await encrypt(entity, [anns.certificate], { algorithm });
      const { content } = await decrypt(sealed, { data: anns.certificate, key: anns.key });
      expect(Buffer.from(content).includes('Hello'), 'the content');
    },
    noCipher,
  );
}
await feature('signed and encrypted by the mailer', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    await mailer({
      smime: { sign: { certificate: source }, encrypt: { certificates: { data: anns.certificate } } },
    }).send({
      ...message,
      smime: { sign: true, encrypt: true },
    });
    const { content } = await decrypt((await server.waitForMessage()).content, {
      data: anns.certificate,
      key: anns.key,
    });
    const { signatures } = await verify(content, { trustAnchors: [ca] });
    expect(signatures[0].valid, 'a valid signature');
  }),
);
await feature('testSigning() and testEncryption()', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    const both = mailer({
      smime: { sign: { certificate: source }, encrypt: { certificates: { data: anns.certificate } } },
    });
    const signing = await both.testSigning();
    const encryption = await both.testEncryption(ann);
    expect(signing.ok && encryption.ok, `${signing} ${encryption}`);
  }),
);
/** Key files of the test suite, made by openssl, NSS, GnuTLS, Java and Bouncy Castle. */
const keyFile = (name) => Buffer.from(readFileSync(join(fixtures, `${name}.txt`), 'latin1'), 'base64');
const password = 'secret1';
const rsa = { data: keyFile('openssl-modern.p12'), password };
for (const name of [
  'openssl-modern.p12',
  'java.p12',
  'gnutls.p12',
  'nss.p12',
  'bouncycastle-ber.p12',
  'openssl-aes192-sha512.p12',
])
  await feature(`key file, ${name}`, () => loadCertificate({ data: keyFile(name), password }), noCipher);
for (const name of [
  'openssl-legacy.p12',
  'openssl-rc2-128.p12',
  'openssl-rc4-128.p12',
  'openssl-2des.p12',
  'openssl-des-pbes2.p12',
])
  await feature(
    `key file with an old cipher, ${name}`,
    () => loadCertificate({ data: keyFile(name), password }),
    noCipher,
  );
for (const scheme of ['pkcs1', 'pss']) {
  for (const hashAlgorithm of ['sha256', 'sha384', 'sha512', 'sha1']) {
    await feature(`sign and verify, RSA ${scheme}, ${hashAlgorithm}`, async () => {
      const { signatures } = await verify(await sign(entity, { certificate: rsa, scheme, hashAlgorithm }));
      expect(signatures[0].valid || hashAlgorithm === 'sha1', 'a valid signature');
    });
  }
}
for (const algorithm of ['aes-256-cbc', 'aes-256-gcm', 'des-ede3-cbc']) {
  await feature(
    `encrypt and decrypt, ${algorithm}, RSA`,
    async () => {
      const { certificate } = await loadCertificate(rsa);
      const { content } = await decrypt(await encrypt(entity, [certificate], { algorithm }), rsa);
      expect(Buffer.from(content).includes('Hello'), 'the content');
    },
    noCipher,
  );
}
await feature('encrypt and decrypt a large message', async () => {
  const large = Buffer.concat(
    [
      entity,
      randomBytes(3_000_000)
        .toString('base64')
        .match(/.{1,76}/g)
        .join('\r\n'),
    ].map((part) => Buffer.from(part)),
  );
  const { content } = await decrypt(await encrypt(large, [anns.certificate]), {
    data: anns.certificate,
    key: anns.key,
  });
  expect(content.length >= large.length, 'the content');
});
await feature('a certificate store of a file', async () => {
  const file = join(folder, 'own.pem');
  writeFileSync(file, `${own.certificate}\n${own.key}\n`, { mode: 0o600 });
  const store = await openCertificateStore({ file });
  expect((await store.list()).length === 1, 'one certificate');
});

// Profile store and logs
const storeKey = randomBytes(32);
await feature('profile store', async () => {
  const file = join(folder, 'profiles.store');
  const store = await openProfileStore({ file, key: storeKey });
  await store.save(
    defineProfile({
      name: 'stored',
      sender: { email: me },
      server: { host: 'mail.example.com' },
      authentication: { method: 'password', username: me, password: 'kept-secret' },
    }),
  );
  await store.activate('stored');
  await store.close?.();
  const again = await openProfileStore({ file, key: storeKey });
  const profile = await again.active();
  await again.close?.();
  expect(
    profile.authentication.password === 'kept-secret' && !readFileSync(file, 'latin1').includes('kept-secret'),
    'a secret kept',
  );
});
await feature('profile store by passphrase (scrypt)', async () => {
  const store = await openProfileStore({ file: join(folder, 'password.store'), key: 'a long passphrase of the store' });
  await store.save(defineProfile({ name: 'p', sender: { email: me }, server: { host: 'mail.example.com' } }));
  expect((await store.list()).length === 1, 'one profile');
  await store.close?.();
});
await feature('file log, and events', async () => {
  const file = join(folder, 'mail.log');
  const events = [];
  await arrives({ security: 'none' }, { logging: { file, level: 'debug' } }, message, {
    logger: (event) => events.push(formatLogEvent(event)),
  });
  expect(readFileSync(file, 'utf8').includes('EHLO') && events.length > 5, 'events');
});
await feature('syslog over UDP', async () => {
  const socket = createSocket('udp4');
  const first = new Promise((resolve) => socket.once('message', (data) => resolve(data.toString())));
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const syslog = { host: '127.0.0.1', port: socket.address().port };
  await arrives({ security: 'none' }, { logging: { eventLog: { syslog }, level: 'debug' } });
  const line = await first;
  socket.close();
  expect(/^<\d+>1 /.test(line), 'RFC 5424');
});
await feature('diagnostics channels', async () => {
  const { subscribe } = await import('node:diagnostics_channel');
  let replies = 0;
  subscribe('sealpost:reply', () => replies++);
  await arrives({ security: 'none' }, {});
  expect(replies > 3, 'replies');
});

// OAuth 2.0
/** A token endpoint, and an authorization endpoint that accepts every sign-in. */
async function provider() {
  const codes = new Map();
  const server = createHttpServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    const json = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (url.pathname === '/authorize') {
      const code = randomBytes(8).toString('hex');
      codes.set(code, url.searchParams.get('code_challenge'));
      const target = new URL(url.searchParams.get('redirect_uri'));
      target.searchParams.set('code', code);
      target.searchParams.set('state', url.searchParams.get('state'));
      response.writeHead(302, { location: target.href });
      return response.end();
    }
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const form = new URLSearchParams(body);
      if (url.pathname === '/device')
        return json(200, {
          device_code: 'd',
          user_code: 'ABCD-EFGH',
          verification_uri: 'https://example.com/d',
          expires_in: 60,
          interval: 1,
        });
      const challenge = codes.get(form.get('code'));
      if (
        form.get('grant_type') === 'authorization_code' &&
        challenge !== createHash('sha256').update(form.get('code_verifier')).digest('base64url')
      )
        return json(400, { error: 'invalid_grant' });
      json(200, { access_token: 'token', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh' });
    });
  });
  const port = await listening(server);
  const base = `http://127.0.0.1:${port}`;
  return {
    settings: {
      tokenUrl: `${base}/token`,
      authorizationUrl: `${base}/authorize`,
      deviceAuthorizationUrl: `${base}/device`,
      clientId: 'client',
      scope: 'mail',
    },
    close: () => server.close(),
  };
}
for (const grant of ['client-credentials', 'authorization-code', 'device-code']) {
  await feature(`OAuth 2.0, ${grant}`, () =>
    withServer({ security: 'implicit', users: { [me]: 'token' } }, async (server, mailer) => {
      const endpoint = await provider();
      try {
        const store = await openProfileStore({ file: join(folder, `${grant}.store`), key: storeKey });
        const oauth2 = {
          ...endpoint.settings,
          grant,
          ...(grant === 'client-credentials' ? { clientSecret: 'secret' } : {}),
        };
        const own = mailer({ authentication: { method: 'xoauth2', username: me }, oauth2 }, { profileStore: store });
        if (grant === 'authorization-code')
          await own.authorize({ openBrowser: async (url) => void (await fetch(url)) });
        if (grant === 'device-code') await own.authorize({ onUserCode: () => {} });
        await own.send(message);
        expect((await server.waitForMessage()).user === me, 'the user');
        await store.close?.();
      } finally {
        endpoint.close();
      }
    }),
  );
}
await feature('sample settings of OAuth 2.0', () =>
  expect(sampleOAuth2Settings('google').tokenUrl.startsWith('https://'), 'a URL'),
);

// Ends
await feature('the mailer closes with idle connections', () =>
  withServer({ security: 'none' }, async (server, mailer) => {
    const one = mailer();
    await one.send(message);
    await one.close();
    expect((await rejection(one.send(message))).code === 'ERR_CLOSED', 'ERR_CLOSED');
  }),
);

rmSync(folder, { recursive: true, force: true });
const failed = outcomes.filter(({ ok }) => !ok).length;
console.log(`${outcomes.length - failed} of ${outcomes.length} features`);
if (process.env.RESULT) {
  mkdirSync(join(process.env.RESULT, '..'), { recursive: true });
  writeFileSync(process.env.RESULT, JSON.stringify(outcomes, undefined, 1));
}
process.exitCode = failed === 0 ? 0 : 1;

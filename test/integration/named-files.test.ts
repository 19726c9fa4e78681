/**
 * Every setting that names a file, tried with everything that may stand in place of a file. It is refused at once with
 * an error that names the setting, and no pending read holds the process.
 * @module
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type {
  Authentication,
  CertificateSource,
  ContentInput,
  EmailErrorCode,
  EmailProfile,
  MailMessage,
  RecipientCertificates,
} from '../../src/index.js';
import { decrypt, encrypt, openCertificateStore, sign, verify } from '../../src/smime.js';
import { MemoryTransport } from '../../src/testing.js';
import { cpuTimer } from '../support/cpu-time.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { authority, certificatePem, issue, keyPem } from '../unit/smime/issue.js';

const directory = mkdtempSync(join(tmpdir(), 'sealpost-named-'));
chmodSync(directory, 0o755);
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const place = (name: string): string => join(directory, name);

const kinds = {
  missing: place('missing'),
  'a link to nothing': place('link'),
  'a FIFO': place('fifo'),
  'a link to a FIFO': place('link-to-fifo'),
  'a directory': place('directory'),
  '/dev/zero': '/dev/zero',
  'a file of 1 GiB': place('long'),
  'a file without permission': place('denied'),
} as const;
type Kind = keyof typeof kinds;
symlinkSync(place('missing'), kinds['a link to nothing']);
// Node has no function for this; every Unix has the program.
execFileSync('mkfifo', [kinds['a FIFO']]);
symlinkSync(kinds['a FIFO'], kinds['a link to a FIFO']);
mkdirSync(kinds['a directory']);
writeFileSync(kinds['a file of 1 GiB'], '');
truncateSync(kinds['a file of 1 GiB'], 2 ** 30);
writeFileSync(kinds['a file without permission'], 'secret', { mode: 0o000 });
// The same inside directories of certificates, under a name that is read.
const directories = new Map((Object.keys(kinds) as Kind[]).map((kind) => [kind, directoryOf(kind)]));
function directoryOf(kind: Kind): string {
  const path = place(`of ${kind.replaceAll('/', '-')}`);
  mkdirSync(path);
  symlinkSync(kinds[kind], join(path, 'a.pem'));
  return path;
}

const words: Readonly<Record<Kind, RegExp>> = {
  missing: /no such file/i,
  'a link to nothing': /no such file/i,
  'a FIFO': /not a regular file/,
  'a link to a FIFO': /not a regular file/,
  'a directory': /not a regular file/,
  '/dev/zero': /not a regular file/,
  'a file of 1 GiB': /longer than \d+ bytes/,
  'a file without permission': /may not read it|EACCES/,
};

const message: MailMessage = { to: 'b@example.com', subject: 's', text: 'hello' };
const base: EmailProfile = { name: 't', sender: { email: 'a@example.com' }, server: { host: 'localhost', port: 25 } };
const root = authority();
const ann = issue({ issuer: root, name: 'Ann', kind: 'P-256' });
writeFileSync(place('ann.pem'), certificatePem(ann));
writeFileSync(place('krb5.conf'), '[realms]\n EXAMPLE.COM = {\n  kdc = 127.0.0.1:9\n }\n');
const own: CertificateSource = { data: certificatePem(ann), key: keyPem(ann) };

/** Sends through a transport in memory, for files that are read before a server is contacted. */
async function compose(profile: Partial<EmailProfile>, extra: Partial<MailMessage> = {}): Promise<unknown> {
  const mailer = createMailer({ ...base, ...profile }, { transport: new MemoryTransport() });
  try {
    return await mailer.send({ ...message, ...extra });
  } finally {
    await mailer.close({ force: true });
  }
}

/** Connects to a silent stream: TLS reads its files before the handshake. */
async function connect(profile: Partial<EmailProfile>): Promise<unknown> {
  const connector = { connect: () => Promise.resolve(new PassThrough()) };
  const server = { ...base.server, security: 'implicit', ...profile.server } as const;
  const mailer = createMailer({ ...base, ...profile, server }, { connector });
  try {
    return await mailer.send(message);
  } finally {
    await mailer.close({ force: true });
  }
}

/** Signs in to a server that offers every mechanism. */
async function signIn(authentication: Authentication, more: Partial<EmailProfile> = {}): Promise<unknown> {
  await using server = await startScriptedServer(async (peer) => {
    await peer.send('220 mail.example ESMTP\r\n');
    await peer.hello('AUTH PLAIN LOGIN CRAM-MD5 NTLM XOAUTH2 OAUTHBEARER GSSAPI EXTERNAL');
    await peer.closed;
  });
  const settings = { host: '127.0.0.1', port: server.port, security: 'none' } as const;
  const mailer = createMailer({ ...base, ...more, server: settings, authentication });
  try {
    return await mailer.send(message);
  } finally {
    await mailer.close({ force: true });
  }
}

const proxied = (proxy: object): Promise<unknown> =>
  connectThrough({ type: 'http-connect', host: '127.0.0.1', port: 9, ...proxy } as EmailProfile['proxy']);

async function connectThrough(proxy: EmailProfile['proxy']): Promise<unknown> {
  await using server = await startScriptedServer((peer) => peer.closed);
  const mailer = createMailer({ ...base, proxy: { ...(proxy as object), port: server.port } as EmailProfile['proxy'] });
  try {
    return await mailer.send(message);
  } finally {
    await mailer.close({ force: true });
  }
}

const signing = (certificate: CertificateSource): Promise<unknown> => compose({ smime: { sign: { certificate } } });
const encrypting = (certificates: RecipientCertificates, more = {}): Promise<unknown> =>
  compose({ smime: { encrypt: { certificates, ...more } } });
const attached = (content: ContentInput): Partial<MailMessage> => ({ attachments: [{ filename: 'a', content }] });
const dkim = { domain: 'example.com', selector: 's' } as const;
const entity = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const servicePrincipal = 'smtp/mail.example.com@EXAMPLE.COM';
const plain = { allowPlaintext: true } as const;

interface Setting {
  readonly code: EmailErrorCode | ((kind: Kind) => EmailErrorCode);
  /** The setting that the error names. */
  readonly names: RegExp;
  readonly use: (file: string, kind: Kind) => Promise<unknown>;
  /** Kinds that this setting accepts: content may have any length, and a list of directories is no single file. */
  readonly but?: readonly Kind[];
}

/** A name that leads to no regular file is an error of the message; an unreadable file is not. */
const contentCode = (kind: Kind): EmailErrorCode =>
  words[kind].test('not a regular file') ? 'ERR_MESSAGE_INVALID' : 'ERR_CONTENT';
const anyLength = ['a file of 1 GiB'] as const;

const settings: Readonly<Record<string, Setting>> = {
  'server.tls.ca': {
    code: 'ERR_CERTIFICATE',
    names: /server\.tls\.ca/,
    use: (file) => connect({ server: { ...base.server, tls: { ca: { file } } } }),
  },
  'server.tls.ca, in a list': {
    code: 'ERR_CERTIFICATE',
    names: /server\.tls\.ca/,
    use: (file) => connect({ server: { ...base.server, tls: { ca: [certificatePem(root), { file }] } } }),
  },
  'server.tls.clientCertificate.file': {
    code: 'ERR_CERTIFICATE',
    names: /server\.tls\.clientCertificate/,
    use: (file) => connect({ server: { ...base.server, tls: { clientCertificate: { file } } } }),
  },
  'server.tls.clientCertificate.keyFile': {
    code: 'ERR_CERTIFICATE',
    names: /server\.tls\.clientCertificate/,
    use: (keyFile) => {
      return connect({ server: { ...base.server, tls: { clientCertificate: { file: place('ann.pem'), keyFile } } } });
    },
  },
  'server.tls.clientCertificate.key': {
    code: 'ERR_SECRET',
    names: /server\.tls\.clientCertificate\.key/,
    use: (file) =>
      connect({ server: { ...base.server, tls: { clientCertificate: { data: certificatePem(ann), key: { file } } } } }),
  },
  'authentication.password': {
    code: 'ERR_SECRET',
    names: /authentication\.password/,
    use: (file) => signIn({ method: 'plain', username: 'ann', password: { file }, ...plain }),
  },
  'authentication.token': {
    code: 'ERR_SECRET',
    names: /authentication\.token/,
    use: (file) => signIn({ method: 'xoauth2', username: 'ann', token: { file }, ...plain }),
  },
  'authentication.keytabFile': {
    code: 'ERR_KERBEROS',
    names: /authentication\.keytabFile/,
    use: (keytabFile) => {
      const krb5ConfFile = place('krb5.conf');
      return signIn({ method: 'kerberos', servicePrincipal, principal: 'ann@EXAMPLE.COM', keytabFile, krb5ConfFile });
    },
  },
  'authentication.krb5ConfFile': {
    code: 'ERR_KERBEROS',
    names: /authentication\.krb5ConfFile/,
    use: (krb5ConfFile) =>
      signIn({ method: 'kerberos', servicePrincipal, principal: 'ann@EXAMPLE.COM', password: 'secret', krb5ConfFile }),
  },
  'authentication.credentialCache': {
    code: 'ERR_KERBEROS',
    names: /authentication\.credentialCache/,
    use: (credentialCache) => {
      return signIn({ method: 'kerberos', servicePrincipal, credentialCache, krb5ConfFile: place('krb5.conf') });
    },
  },
  'proxy.password': {
    code: 'ERR_SECRET',
    names: /proxy\.password/,
    use: (file) => proxied({ username: 'ann', password: { file } }),
  },
  'proxy.tls.ca': {
    code: 'ERR_CERTIFICATE',
    names: /proxy\.tls\.ca/,
    use: (file) => proxied({ tls: { ca: { file } } }),
  },
  'proxy.tls.clientCertificate': {
    code: 'ERR_CERTIFICATE',
    names: /proxy\.tls\.clientCertificate/,
    use: (file) => proxied({ tls: { clientCertificate: { file } } }),
  },
  'smime.sign.certificate.file': {
    code: 'ERR_CERTIFICATE',
    names: /smime\.sign\.certificate/,
    use: (file) => signing({ file }),
  },
  'smime.sign.certificate.keyFile': {
    code: 'ERR_CERTIFICATE',
    names: /smime\.sign\.certificate/,
    use: (keyFile) => {
      return signing({ file: place('ann.pem'), keyFile });
    },
  },
  'smime.sign.certificate.key': {
    code: 'ERR_SECRET',
    names: /smime\.sign\.certificate\.key/,
    use: (file) => signing({ data: certificatePem(ann), key: { file } }),
  },
  'smime.sign.certificate.store': {
    code: 'ERR_CERTIFICATE',
    names: /the PKCS#12 store/,
    use: (location) => signing({ store: { type: 'pkcs12', location }, select: { alias: 'ann' } }),
  },
  'smime.encrypt.certificates.file': {
    code: 'ERR_CERTIFICATE_MISSING',
    names: /b@example\.com/,
    use: (file) => encrypting({ file }),
  },
  'smime.encrypt.certificates.store': {
    code: 'ERR_CERTIFICATE_MISSING',
    names: /the JKS store/,
    use: (location) => encrypting({ store: { type: 'jks', location } }),
  },
  'smime.encrypt.trustAnchors': {
    code: 'ERR_CERTIFICATE',
    names: /smime\.encrypt\.trustAnchors\.0/,
    use: (file) => encrypting({ data: certificatePem(ann) }, { trustAnchors: [{ file }] }),
  },
  'smime.encrypt.encryptToSelf': {
    code: 'ERR_CERTIFICATE',
    names: /smime\.encrypt\.encryptToSelf/,
    use: (file) => encrypting({ data: certificatePem(ann) }, { encryptToSelf: { file } }),
  },
  'dkim.privateKey': {
    code: 'ERR_SECRET',
    names: /profile\.dkim\.0\.privateKey|dkim\.privateKey/,
    use: (file) => compose({ dkim: { ...dkim, privateKey: { file } } }),
  },
  'the dkim.privateKey of a message': {
    code: 'ERR_SECRET',
    names: /dkim(?:\.0)?\.privateKey/,
    use: (file) => compose({}, { dkim: { ...dkim, privateKey: { file } } }),
  },
  'an attachment': {
    code: contentCode,
    names: /attachments\.0\.content/,
    use: (file) => compose({}, attached({ file })),
    but: anyLength,
  },
  'the text of a message': {
    code: contentCode,
    names: /text/,
    use: (file) => compose({}, { text: { file } }),
    but: anyLength,
  },
  'the HTML of a message': {
    code: contentCode,
    names: /html/,
    use: (file) => compose({}, { html: { file } }),
    but: anyLength,
  },
  'a raw message': {
    code: contentCode,
    names: /raw/,
    use: (file) => compose({}, { subject: undefined, text: undefined, raw: { file } }),
    but: anyLength,
  },
  'trustAnchors of verify': {
    code: 'ERR_CERTIFICATE',
    names: /trustAnchors/,
    use: async (file) => verify(await sign(entity, { certificate: own }), { trustAnchors: [{ file }] }),
  },
  'certificates of verify': {
    code: 'ERR_CERTIFICATE',
    names: /certificates\.0/,
    use: async (file) => verify(await sign(entity, { certificate: own }), { certificates: [{ file }] }),
  },
  'the identity of decrypt': {
    code: 'ERR_CERTIFICATE',
    names: /./,
    use: async (file) => decrypt(await encrypt(entity, [certificatePem(ann)]), { file }),
  },
  'a store': {
    code: 'ERR_CERTIFICATE',
    names: /the PKCS#12 store/,
    use: async (location) => (await openCertificateStore({ type: 'pkcs12', location })).list(),
  },
};

/** Is a read waiting for the writer of a FIFO? Such a read holds the process. */
function isBeingRead(fifo: string): boolean {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
    throw error;
  }
}

async function failureOf(work: () => Promise<unknown>) {
  const timer = cpuTimer();
  try {
    await work();
  } catch (error) {
    if (!isEmailError(error)) throw error;
    return { error, processorMs: timer() };
  }
  throw new Error('there was no error');
}

/** Root can read every file. If this process is root, it becomes another user for the duration of the work. */
async function withoutRights<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe.each(Object.entries(settings))('%s', (_, { code, names, use, but = [] }) => {
  const cases = (Object.keys(kinds) as Kind[]).filter((kind) => !but.includes(kind));

  it.each(cases)('is refused at once where it names %s', async (kind) => {
    // The first call also loads code.
    await failureOf(() => use(kinds.missing, 'missing'));
    const work = () => failureOf(() => use(kinds[kind], kind));
    const { error, processorMs } = await (kind === 'a file without permission' ? withoutRights(work) : work());
    const told = `${error.message} ${error.recipients?.map(({ reason }) => reason).join() ?? ''}`;
    expect([error.code, told]).toEqual([typeof code === 'string' ? code : code(kind), expect.stringMatching(names)]);
    expect(told).toMatch(words[kind]);
    expect(processorMs).toBeLessThan(100);
    expect(isBeingRead(kinds['a FIFO'])).toBe(false);
  });
});

describe('a directory of certificates', () => {
  it.each(Object.keys(kinds) as Kind[])('passes over %s in it', async (kind) => {
    const work = () => failureOf(() => encrypting({ directory: directories.get(kind) as string }));
    const { error, processorMs } = await (kind === 'a file without permission' ? withoutRights(work) : work());
    expect(error.code).toBe('ERR_CERTIFICATE_MISSING');
    expect(processorMs).toBeLessThan(100);
    expect(isBeingRead(kinds['a FIFO'])).toBe(false);
  });
});

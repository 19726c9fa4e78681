/**
 * Certificate files and texts as they occur in practice: with trailing text, with other PEM blocks, from environment
 * variables, concatenated, in the wrong place.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer } from '../../../src/mailer/create-mailer.js';
import { loadCertificate } from '../../../src/pki/load-certificate.js';
import { openCertificateStore } from '../../../src/pki/stores/open-store.js';
import { MemoryTransport } from '../../../src/testing/memory-transport.js';
import * as der from '../../../src/util/der.js';
import { withLineEnds } from '../../../src/util/line-ends.js';
import { issue, keyPair, root } from '../../support/certificates.js';
import { storedKey } from '../../support/keys.js';
import { errorOf, fixture } from './fixtures.js';
import { makePkcs12 } from './formats/make-pkcs12.js';

const pem = (bytes: Buffer, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;

const authority = root('Authority');
const keys = keyPair();
const address = 'bob@example.test';
const certificate = issue({
  subject: 'Bob',
  issuer: authority,
  keys,
  emails: [address],
  to: new Date(Date.now() + 300 * 86_400_000),
}).der;
const pkcs8 = keys.privateKey.export({ format: 'der', type: 'pkcs8' });

const directories: string[] = [];
afterAll(() => directories.forEach((each) => rmSync(each, { recursive: true })));
function directoryOf(files: Readonly<Record<string, string | Buffer>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
  directories.push(directory);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
  return directory;
}

const subjectOf = async (data: string | Buffer): Promise<string> => (await loadCertificate({ data })).info.subject;

describe('a file in DER with a tail', () => {
  it.each<[string, Buffer]>([
    ['a line end', Buffer.from('\n')],
    ['CR LF', Buffer.from('\r\n')],
    ['blanks', Buffer.from('  \n\n')],
    ['zeros', Buffer.alloc(512)],
    ['an end-of-file mark of DOS', Buffer.of(0x1a)],
    ['text', Buffer.from('subject=/CN=Bob\n')],
  ])('is read: %s', async (_, tail) => {
    expect(await subjectOf(Buffer.concat([certificate, tail]))).toBe('CN=Bob');
    expect(await subjectOf(Buffer.from(Buffer.concat([certificate, tail]).toString('base64')))).toBe('CN=Bob');
    expect(await subjectOf(pem(Buffer.concat([certificate, tail])))).toBe('CN=Bob');
  });

  it('of more certificates is read to the last', async () => {
    const { info, chain } = await loadCertificate({ data: Buffer.concat([certificate, authority.der]) });
    expect([info.subject, chain.map((each) => authority.der.equals(Buffer.from(each)))]).toEqual(['CN=Bob', [true]]);
  });

  it('that ends early is damaged', async () => {
    expect((await errorOf(() => subjectOf(certificate.subarray(0, -1)))).message).toContain('damaged or truncated');
  });
});

describe('a PEM file with blocks that are not read', () => {
  const others: Readonly<Record<string, string>> = {
    'a certificate request': pem(Buffer.of(1, 2, 3), 'CERTIFICATE REQUEST'),
    'a new certificate request': pem(Buffer.of(1), 'NEW CERTIFICATE REQUEST'),
    'EC parameters': pem(Buffer.of(1), 'EC PARAMETERS'),
    'a key of OpenSSH': pem(Buffer.from('openssh-key-v1'), 'OPENSSH PRIVATE KEY'),
    'a PGP key, whose last line is a checksum':
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n\nAAAA\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n',
    'what is not base64': '-----BEGIN NOTES-----\nis this *base64*?\n-----END NOTES-----\n',
    'a block without end': '-----BEGIN NOTES-----\nand so on\n',
  };

  it.each(Object.entries(others))('is read before and after %s', async (_, other) => {
    const [first, last] = [`${other}${pem(certificate)}`, `${pem(certificate)}${pem(pkcs8, 'PRIVATE KEY')}${other}`];
    expect(await subjectOf(first)).toBe('CN=Bob');
    expect((await loadCertificate({ data: last }, { purpose: 'sign' })).privateKey).toBeDefined();
  });

  it.each<[string, string, RegExp]>([
    ['a certificate request', 'CERTIFICATE REQUEST of line 1', /certification authority issued/],
    ['a key of OpenSSH', 'OPENSSH PRIVATE KEY of line 1', /ssh-keygen -p -m PKCS8/],
    ['EC parameters', 'EC PARAMETERS of line 1', /CERTIFICATE block/],
  ])('names them where nothing else is there: %s', async (name, what, remedy) => {
    const error = await errorOf(() => subjectOf(others[name] ?? ''));
    expect(error.message).toContain(what);
    expect(error.remedy).toMatch(remedy);
  });

  it('names them where the key or the certificate is missing', async () => {
    const noKey = await errorOf(() =>
      loadCertificate({ data: `${pem(certificate)}${others['a key of OpenSSH']}` }, { purpose: 'sign' }),
    );
    expect(noKey.message).toContain('no private key; not read: OPENSSH PRIVATE KEY of line');
    expect(noKey.remedy).toContain('ssh-keygen');
    const noCertificate = await errorOf(() =>
      subjectOf(`${pem(pkcs8, 'PRIVATE KEY')}${others['a certificate request']}`),
    );
    expect(noCertificate.message).toContain('but no certificate; not read: CERTIFICATE REQUEST of line');
    expect(noCertificate.remedy).toContain('A request is not a certificate');
  });
});

describe('PEM whose line ends were lost', () => {
  const text = `${pem(certificate)}${pem(pkcs8, 'PRIVATE KEY')}`;
  it.each<[string, string]>([
    ['\\n', text.replaceAll('\n', '\\n')],
    ['\\r\\n', text.replaceAll('\n', '\\r\\n')],
    ['\\\\n, escaped twice', text.replaceAll('\n', '\\\\n')],
    ['\\n and real ones', text.replace('\n', '\\n')],
    ['\\n, in quotes', `"${text.replaceAll('\n', '\\n')}"`],
    ['none, in quotes', `'${text}'\n`],
    ['blanks', text.replaceAll('\n', ' ')],
    ['nothing', text.replaceAll('\n', '')],
    ['CR alone', text.replaceAll('\n', '\r')],
  ])('is read with %s in their place', async (_, lost) => {
    expect((await loadCertificate({ data: lost }, { purpose: 'sign' })).info.subject).toBe('CN=Bob');
    const key = { data: certificate, key: lost.replaceAll(/CERTIFICATE/g, 'NOTES') };
    expect((await loadCertificate(key, { purpose: 'sign' })).privateKey).toBeDefined();
  });

  it('gives the text as it was where nothing was lost', () => {
    expect(withLineEnds(text)).toBe(text);
    for (const other of ['', 'no \\n PEM', '"quoted"']) expect(withLineEnds(other)).toBe(other);
  });

  it('is read from an environment variable, as key of a profile', async () => {
    process.env['SEALPOST_TEST_KEY'] = pem(pkcs8, 'PRIVATE KEY').replaceAll('\n', '\\n');
    const transport = new MemoryTransport();
    await using mailer = createMailer(
      {
        name: 'x',
        sender: { email: address },
        server: { host: 'localhost' },
        smime: { sign: { certificate: { data: pem(certificate), key: { env: 'SEALPOST_TEST_KEY' } } } },
      },
      { transport },
    );
    expect((await mailer.send({ to: 'a@example.com', text: 'x' })).accepted).toEqual(['a@example.com']);
  });
});

describe('two PEM files joined without a line end', () => {
  it('are told as such, with the line', async () => {
    const data = `${pem(certificate).trimEnd()}${pem(authority.der)}`;
    const error = await errorOf(() => subjectOf(data));
    expect(error.message).toMatch(/an END and a BEGIN are both in line \d+: two PEM files were joined/);
    expect(error.remedy).toContain('Insert a line break between');
  });
});

describe('a limit', () => {
  it.each<[string, () => Buffer | string]>([
    ['PEM blocks', () => pem(Buffer.of(0x30, 0)).repeat(2_001)],
    ['certificates in DER', () => Buffer.alloc(2_001 * fixture('ann.der').length, fixture('ann.der'))],
    [
      'certificates in PKCS#12',
      () => makePkcs12(Array<{ der: Buffer }>(2_001).fill({ der: Buffer.of(0x30, 0) }), [], 'x'),
    ],
    [
      'certificates in PKCS#7',
      () => {
        const signed = der.sequence(
          der.integer(1),
          der.setOf(),
          der.sequence(der.oid('1.2.840.113549.1.7.1')),
          der.context(0, ...Array<Buffer>(2_001).fill(der.sequence())),
          der.setOf(),
        );
        return der.sequence(der.oid('1.2.840.113549.1.7.2'), der.context(0, signed));
      },
    ],
  ])('of %s is called a limit, and not damage', async (_, make) => {
    const data = make();
    const { message, code } = await errorOf(() => loadCertificate({ data, password: 'x' }));
    expect(code).toBe('ERR_CERTIFICATE');
    expect(message).toContain('more than 2000');
    expect(message).toContain('limit');
    expect(message).not.toMatch(/damaged|truncated/);
  });
});

describe('a key with a password of its own', () => {
  it('is told with the field that it goes into', async () => {
    const error = await errorOf(() =>
      loadCertificate(
        { data: fixture('java-key-password.p12'), password: 'secret1' },
        { slot: 'smime.sign.certificate', purpose: 'sign' },
      ),
    );
    expect(error.message).toContain('has a password of its own');
    expect(error.remedy).toContain('`smime.sign.certificate.keyPassword`');
  });
});

describe('keys that OpenSSL cannot use', () => {
  const rsa = storedKey('rsa').privateKey;
  const jwk = rsa.export({ format: 'jwk' });
  const number = (text: string | undefined): Buffer => der.integer(Buffer.from(text ?? '', 'base64url'));
  const rsaKey = (n: Buffer, e: Buffer): Buffer =>
    der.sequence(der.integer(0), n, e, ...[jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map(number));
  const wrapped = (oid: string, key: Buffer, ...parameters: Buffer[]): Buffer =>
    der.sequence(der.integer(0), der.sequence(der.oid(oid), ...parameters), der.octetString(key));
  const ec = (curve: string, content: Buffer): Buffer =>
    wrapped('1.2.840.10045.2.1', der.sequence(der.integer(1), der.octetString(content)), der.oid(curve));

  it.each<[string, Buffer]>([
    [
      'RSA with a modulus of zero',
      wrapped('1.2.840.113549.1.1.1', rsaKey(der.integer(0), number(jwk.e)), der.nullElement()),
    ],
    [
      'RSA with an even exponent',
      wrapped('1.2.840.113549.1.1.1', rsaKey(number(jwk.n), der.integer(4)), der.nullElement()),
    ],
    ['RSA without numbers', wrapped('1.2.840.113549.1.1.1', der.sequence(), der.nullElement())],
    ['EC with a scalar of zero', ec('1.2.840.10045.3.1.7', Buffer.alloc(32))],
    ['EC with a scalar beyond the order', ec('1.2.840.10045.3.1.7', Buffer.alloc(32, 0xff))],
    ['EC on a curve that is not known', ec('1.2.3.4.5', Buffer.alloc(32, 1))],
    ['Ed25519 of three octets', wrapped('1.3.101.112', der.octetString(Buffer.of(1, 2, 3)))],
    ['an algorithm that is not known', wrapped('1.2.3.4', Buffer.of(5, 0))],
    ['DSA without parameters', wrapped('1.2.840.10040.4.1', der.integer(5))],
  ])('end as an error of the library: %s', async (_, key) => {
    for (const data of [
      `${pem(certificate)}${pem(key, 'PRIVATE KEY')}`,
      makePkcs12([{ der: certificate }], [{ der: key }], 'x'),
    ])
      for (const purpose of ['sign', 'client-auth', undefined] as const) {
        // errorOf fails for any other kind of error. Some damaged keys can be read; they do not match the certificate.
        const { code } = await errorOf(() => loadCertificate({ data, password: 'x' }, { purpose }));
        expect(code).toBe('ERR_CERTIFICATE');
      }
  });
});

describe('recipients in a directory whose file cannot be read', () => {
  const mailerWith = (directory: string) =>
    createMailer(
      {
        name: 'x',
        sender: { email: 'a@example.com' },
        server: { host: 'localhost' },
        smime: { encrypt: { certificates: { directory } } },
      },
      { transport: new MemoryTransport() },
    );
  const broken = Buffer.from(certificate);
  broken[6] = (broken[6] ?? 0) ^ 0x40;

  it.each<[string, Record<string, string | Buffer>, string]>([
    ['text', { 'bob.cer': 'not a certificate' }, 'bob.cer: it is not recognised'],
    ['cut short', { 'bob.cer': certificate.subarray(0, 100) }, 'bob.cer: it is damaged or truncated'],
    ['a broken certificate', { 'bob.crt': broken }, 'bob.crt: '],
    ['empty', { 'bob.pem': '' }, 'bob.pem: it is empty'],
    [
      'one of many',
      { 'ann.cer': fixture('ann.der'), 'bob.pem': pem(Buffer.of(1), 'CERTIFICATE REQUEST') },
      'bob.pem: it contains no certificate',
    ],
    ['two', { 'a.cer': 'x', 'bob.cer': 'y' }, '2 files or certificates could not be read, the first: a.cer: '],
  ])('are told with file and reason by send() and testEncryption(): %s', async (_, files, reason) => {
    const directory = directoryOf(files);
    await using mailer = mailerWith(directory);
    const error = await errorOf(() => mailer.send({ to: address, text: 'x' }));
    expect(error.code).toBe('ERR_CERTIFICATE_MISSING');
    expect(error.message).toContain(`there is none in the directory ${directory}; `);
    expect(error.message).toContain(reason);
    expect(error.recipients?.[0]?.reason).toContain(reason);
    const report = await mailer.testEncryption(address);
    expect(report.problems.map(({ message }) => message).join()).toContain(reason);
  });

  it('say nothing of it where the certificate is found', async () => {
    await using mailer = mailerWith(
      directoryOf({ 'bob.cer': Buffer.concat([certificate, Buffer.from('\n')]), 'x.cer': 'x' }),
    );
    expect(await mailer.send({ to: address, text: 'x' })).toMatchObject({ accepted: [address], warnings: [] });
  });

  it('of a store are told alike', async () => {
    const location = directoryOf({ 'bob.cer': 'not a certificate' });
    await using mailer = createMailer(
      {
        name: 'x',
        sender: { email: 'a@example.com' },
        server: { host: 'localhost' },
        smime: { encrypt: { certificates: { store: { type: 'directory', location } } } },
      },
      { transport: new MemoryTransport() },
    );
    expect((await errorOf(() => mailer.send({ to: address, text: 'x' }))).message).toContain(
      'bob.cer: it is not recognised',
    );
    const store = await openCertificateStore({ type: 'directory', location });
    expect((await errorOf(() => store.load({ email: address }))).message).toContain('bob.cer: it is not recognised');
  });
});

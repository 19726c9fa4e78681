import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  element,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  tag,
  text,
  time,
} from '../../../../src/util/der.js';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import { comparableName, comparableText, nameParts, nameText } from '../../../../src/pki/x509/distinguished-name.js';
import { errorOf, fixture } from '../fixtures.js';
import { cpuTimer } from '../../../support/cpu-time.js';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ format: 'der', type: 'spki' });

interface Parts {
  readonly version?: number;
  readonly serial?: Buffer;
  readonly subject?: Buffer;
  readonly extensions?: readonly Buffer[];
  readonly key?: Buffer;
  readonly times?: readonly [Buffer, Buffer];
}

/** A certificate with any content and an invalid signature. */
function certificateOf({
  version = 2,
  serial = Buffer.of(1),
  subject = sequence(),
  extensions = [],
  key = spki,
  times,
}: Parts): Buffer {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const [from, to] = times ?? [time(new Date('2020-01-01')), time(new Date('2050-01-01'))];
  const tbs = sequence(
    ...(version === 0 ? [] : [context(0, integer(version))]),
    element(tag.integer, serial),
    algorithm,
    sequence(),
    sequence(from, to),
    subject,
    key,
    ...(extensions.length === 0 ? [] : [context(3, sequence(...extensions))]),
  );
  return sequence(tbs, algorithm, bitString(Buffer.alloc(8)));
}

const extension = (name: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(name), ...(critical ? [boolean(true)] : []), octetString(value));
const attribute = (name: string, value: Buffer): Buffer => setOf(sequence(oid(name), value));

describe('parseCertificate', () => {
  it("agrees with OpenSSL on every root of Node's list", async () => {
    for (const pem of rootCertificates) {
      const theirs = new X509Certificate(pem);
      const ours = await parseCertificate(theirs.raw);
      expect(ours.info.fingerprint).toBe(theirs.fingerprint256);
      expect(ours.info.validTo.getTime()).toBe(Date.parse(theirs.validTo));
      expect(ours.key.bits).toBe(theirs.publicKey.asymmetricKeyDetails?.modulusLength ?? ours.key.bits);
      expect(ours.publicKey.equals(theirs.publicKey)).toBe(true);
      expect(ours.basicConstraints?.ca ?? false).toBe(theirs.ca);
    }
  });

  it('gives names, usages, identifiers and addresses', async () => {
    const {
      info,
      keyUsage,
      extendedKeyUsage,
      basicConstraints,
      subjectKeyIdentifier,
      authorityKeyIdentifier,
      key,
      version,
    } = await parseCertificate(fixture('ann.der'));
    const issuer = await parseCertificate(fixture('sub.der'));
    expect(info.subject).toBe('O=Example,CN=Ann Example');
    expect(info.issuer).toBe(issuer.info.subject);
    expect(info.validFrom.toISOString()).toBe('2020-01-01T00:00:00.000Z');
    expect(info.validTo.toISOString()).toBe('2119-01-01T00:00:00.000Z');
    expect([...(keyUsage ?? [])]).toEqual(['digitalSignature', 'keyEncipherment', 'keyAgreement']);
    expect(extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.2']);
    expect(basicConstraints).toEqual({ ca: false, pathLength: undefined });
    expect(issuer.basicConstraints).toEqual({ ca: true, pathLength: 0 });
    expect(subjectKeyIdentifier).toHaveLength(20);
    expect(authorityKeyIdentifier?.keyIdentifier).toEqual(issuer.subjectKeyIdentifier);
    expect([key.kind, key.curve, key.bits, version]).toEqual(['ec', 'P-256', 256, 3]);
  });

  it('takes addresses from subjectAltName, SmtpUTF8Mailbox included (RFC 9598), and else from the subject', async () => {
    const smtpUtf8 = context(0, oid('1.3.6.1.5.5.7.8.9'), context(0, text(tag.utf8String, '用户@example.test')));
    const names = sequence(
      contextPrimitive(1, Buffer.from('ann@example.test')),
      contextPrimitive(2, Buffer.from('example.test')),
      smtpUtf8,
    );
    const subject = sequence(attribute('1.2.840.113549.1.9.1', text(tag.ia5String, 'old@example.test')));
    expect(
      (await parseCertificate(certificateOf({ subject, extensions: [extension('2.5.29.17', names)] }))).emails,
    ).toEqual(['ann@example.test', '用户@example.test']);
    expect((await parseCertificate(certificateOf({ subject }))).emails).toEqual(['old@example.test']);
  });

  it('takes no address with a control character in it', async () => {
    const names = sequence(contextPrimitive(1, Buffer.from('ann@example.test\0.evil.test')));
    expect((await parseCertificate(certificateOf({ extensions: [extension('2.5.29.17', names)] }))).emails).toEqual([]);
  });

  it('reads version 1, an empty subject, and serial numbers that are negative or zero', async () => {
    const odd = await parseCertificate(certificateOf({ version: 0, serial: Buffer.from('ff7f', 'hex') }));
    expect([odd.version, odd.info.subject, odd.info.serialNumber, odd.keyUsage, odd.subjectAltNames.length]).toEqual([
      1,
      '',
      '-81',
      undefined,
      0,
    ]);
    expect((await parseCertificate(certificateOf({ serial: Buffer.of(0) }))).info.serialNumber).toBe('00');
    expect((await parseCertificate(certificateOf({ serial: Buffer.from('00ff', 'hex') }))).info.serialNumber).toBe(
      'FF',
    );
  });

  it('reads years on both sides of 2050, and dates without seconds or with an offset', async () => {
    const times = [text(tag.utcTime, '4912312359Z'), text(tag.utcTime, '500101000000+0130')] as const;
    const { info } = await parseCertificate(certificateOf({ times }));
    expect([info.validFrom.toISOString(), info.validTo.toISOString()]).toEqual([
      '2049-12-31T23:59:00.000Z',
      '1949-12-31T22:30:00.000Z',
    ]);
  });

  it.each<[string, () => Buffer]>([
    [
      'a date that does not exist',
      () => certificateOf({ times: [text(tag.utcTime, '230230000000Z'), time(new Date())] }),
    ],
    [
      'an extension that comes twice',
      () => certificateOf({ extensions: [extension('1.2.3', Buffer.alloc(0)), extension('1.2.3', Buffer.alloc(0))] }),
    ],
    ['a keyUsage that is none', () => certificateOf({ extensions: [extension('2.5.29.15', integer(1))] })],
    ['version 4', () => certificateOf({ version: 3 })],
    ['bytes after the end', () => Buffer.concat([fixture('ann.der'), Buffer.of(0)])],
    [
      'an RSA key without a modulus',
      () => certificateOf({ key: sequence(sequence(oid('1.2.840.113549.1.1.1')), bitString(sequence())) }),
    ],
    ['more than a megabyte', () => Buffer.alloc(2 << 20, 0x30)],
  ])('refuses %s', async (_, make) => {
    const error = await errorOf(() => parseCertificate(make()));
    expect([error.code, error.message]).toEqual([
      'ERR_CERTIFICATE',
      expect.stringContaining('not a readable certificate'),
    ]);
  });

  it('gives ERR_CERTIFICATE for every shorter length and for every byte changed', async () => {
    const whole = fixture('eve.der');
    for (let length = 0; length < whole.length; length++) {
      expect((await errorOf(() => parseCertificate(whole.subarray(0, length)))).code).toBe('ERR_CERTIFICATE');
    }
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      const outcome = await parseCertificate(changed).then(
        () => 'read',
        (error: { code?: unknown }) => error.code,
      );
      expect(['read', 'ERR_CERTIFICATE']).toContain(outcome);
    }
  });

  it('names the kind of a key that OpenSSL does not know, and fails only where the key is asked for', async () => {
    const key = sequence(sequence(oid('1.2.643.7.1.1.1.1')), bitString(Buffer.alloc(64)));
    const certificate = await parseCertificate(certificateOf({ key }));
    expect(certificate.key).toEqual({
      kind: 'other',
      algorithm: '1.2.643.7.1.1.1.1',
      bits: undefined,
      curve: undefined,
    });
    expect((await errorOf(() => certificate.publicKey)).code).toBe('ERR_CERTIFICATE');
  });
});

describe('distinguished names (RFC 4514)', () => {
  const name = (...parts: Buffer[]): Buffer => sequence(...parts);
  const cn = (value: string, tagByte: number = tag.utf8String): Buffer => attribute('2.5.4.3', text(tagByte, value));

  it.each([
    ['a,b+c"d\\e<f>g;h', 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    ['#hash', 'CN=\\#hash'],
    [' both ', 'CN=\\ both\\ '],
    ['line\nend\0', 'CN=line\\0aend\\00'],
    ['Lučić', 'CN=Lučić'],
  ])('writes %j', (value, expected) => {
    expect(nameText(nameParts(name(cn(value))))).toBe(expected);
  });

  it('writes the innermost part first, several values with +, and unknown types with their number', () => {
    const der = name(
      attribute('2.5.4.6', text(tag.printableString, 'DE')),
      setOf(
        sequence(oid('2.5.4.3'), text(tag.utf8String, 'A')),
        sequence(oid('0.9.2342.19200300.100.1.1'), text(tag.utf8String, 'a1')),
      ),
      attribute('1.2.3.4', text(tag.utf8String, 'x')),
    );
    expect(nameText(nameParts(der))).toMatch(/^1\.2\.3\.4=#0c0178,(?:CN=A\+UID=a1|UID=a1\+CN=A),C=DE$/);
  });

  it('reads BMP, Teletex and Universal strings', () => {
    const bmp = element(0x1e, Buffer.from('00c4', 'hex'));
    const teletex = element(0x14, Buffer.from('c4', 'hex'));
    const universal = element(0x1c, Buffer.from('0001f422', 'hex'));
    expect([bmp, teletex, universal].map((value) => nameText(nameParts(name(attribute('2.5.4.3', value)))))).toEqual([
      'CN=Ä',
      'CN=Ä',
      'CN=🐢',
    ]);
  });

  it.each([
    'CN=Ann Example,O=Example\\, Inc.',
    'cn = ann  example , o=EXAMPLE\\2C inc.',
    '2.5.4.3=Ann Example,O=Example\\, Inc.',
  ])('finds %s to be the same name', (given) => {
    const der = name(
      attribute('2.5.4.10', text(tag.utf8String, 'Example, Inc.')),
      cn('Ann Example', tag.printableString),
    );
    expect(comparableText(given)).toBe(comparableName(nameParts(der)));
  });

  it.each([
    'CN=Ann',
    'O=Example\\, Inc.,CN=Ann Example',
    'CN=Ann Example,O=Example\\, Inc.,C=DE',
    'nonsense',
    'CN=',
    'what=ever',
    'CN=a,',
  ])('finds %s to be another', (given) => {
    const der = name(attribute('2.5.4.10', text(tag.utf8String, 'Example, Inc.')), cn('Ann Example'));
    expect(comparableText(given)).not.toBe(comparableName(nameParts(der)));
  });

  it('reads its own text back', () => {
    const der = name(
      attribute('2.5.4.10', text(tag.utf8String, ' #odd, "name" ')),
      cn('a\\b+c'),
      attribute('1.2.3.4', text(tag.utf8String, 'x')),
    );
    const parts = nameParts(der);
    expect(comparableText(nameText(parts))).toBe(comparableName(parts));
  });

  it('is linear in the length of the text', () => {
    const elapsed = cpuTimer();
    comparableText(`CN=${' '.repeat(200_000)}`);
    comparableText('CN=a+'.repeat(20_000));
    const marks = '\u0301\u0316'.repeat(100_000);
    expect(comparableName(nameParts(name(cn(`A${marks}`))))).toBe(comparableName(nameParts(name(cn(`a${marks}`)))));
    expect(elapsed()).toBeLessThan(1_000);
  });
});

/**
 * Files that are well-formed up to one place: a Java key store, a PKCS#12 file and an encrypted key, each with one thing
 * that no program writes, or that is not supported.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { loadCertificate } from '../../../../src/pki/load-certificate.js';
import * as der from '../../../../src/util/der.js';
import { errorOf, fixture } from '../fixtures.js';

const ann = fixture('ann.der');
const emails = async (data: Buffer): Promise<readonly string[]> =>
  (await loadCertificate({ data }, { purpose: 'encrypt' })).info.emails;

describe('a Java key store', () => {
  const uint32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const block = (content: Buffer): Buffer => Buffer.concat([uint32(content.length), content]);
  const text = (value: string): Buffer => Buffer.concat([uint32(value.length).subarray(2), Buffer.from(value)]);
  const entry = (kind: number, ...content: readonly Buffer[]): Buffer =>
    Buffer.concat([uint32(kind), text('a'), Buffer.alloc(8), ...content]);
  const certificate = (type = 'X.509'): Buffer => Buffer.concat([text(type), block(ann)]);
  const store = (version: number, entries: readonly Buffer[], count = entries.length): Buffer =>
    Buffer.concat([uint32(0xfeedfeed), uint32(version), uint32(count), ...entries, Buffer.alloc(20)]);
  const key = (algorithm: Buffer, data: Buffer): Buffer =>
    store(2, [
      entry(
        1,
        block(der.sequence(der.sequence(algorithm, der.nullElement()), der.octetString(data))),
        uint32(1),
        certificate(),
      ),
    ]);
  const opened = (data: Buffer, keyPassword?: string) =>
    loadCertificate({ data, ...(keyPassword && { keyPassword }) }, { purpose: 'sign' });

  it('of version 1 has certificates without a type', async () => {
    expect(await emails(store(1, [entry(2, block(ann))]))).toEqual(['ann@example.test']);
  });

  it('may have certificates of other types, which are passed over', async () => {
    expect(await emails(store(2, [entry(2, certificate('PGP')), entry(2, certificate())]))).toEqual([
      'ann@example.test',
    ]);
  });

  it.each<[string, Buffer, RegExp]>([
    ['of version 3', store(3, []), /the JKS version is not 1 or 2/],
    ['of too many entries', store(2, [], 1_000_000), /entries/],
    ['with a secret key', store(2, [entry(3)]), /contains a secret key, which cannot be skipped/],
    ['with an entry of an unknown kind', store(2, [entry(9)]), /entry 1 of the JKS file is of an unknown kind/],
    ['that ends in an entry', store(2, [entry(2, uint32(0x7fffffff))]), /ends at byte \d+, in the middle of an entry/],
  ])('%s is refused', async (_, data, reason) => {
    expect((await errorOf(() => emails(data))).message).toMatch(reason);
  });

  it.each<[string, Buffer, string | undefined, RegExp]>([
    [
      'without a password',
      key(der.oid('1.3.6.1.4.1.42.2.17.1.1'), Buffer.alloc(60)),
      undefined,
      /the key "a" is protected by a password/,
    ],
    [
      'under an unknown encryption',
      key(der.oid('1.2.3'), Buffer.alloc(60)),
      'x',
      /the encryption 1\.2\.3 of the key is not supported/,
    ],
    [
      'that is too short',
      key(der.oid('1.3.6.1.4.1.42.2.17.1.1'), Buffer.alloc(39)),
      'x',
      /the encrypted key is too short/,
    ],
  ])('with a key %s is refused', async (_, data, password, reason) => {
    expect((await errorOf(() => opened(data, password))).message).toMatch(reason);
  });

  it('in JCEKS has a salt of 8 octets, whose halves may be equal', async () => {
    const encrypted = (salt: Buffer): Buffer => {
      const algorithm = der.sequence(
        der.oid('1.3.6.1.4.1.42.2.19.1'),
        der.sequence(der.octetString(salt), der.integer(1)),
      );
      const content = der.sequence(algorithm, der.octetString(Buffer.alloc(16)));
      return store(2, [entry(1, block(content), uint32(1), certificate())]);
    };
    expect((await errorOf(() => opened(encrypted(Buffer.alloc(7)), 'x'))).message).toMatch(/the salt is not 8 octets/);
    expect((await errorOf(() => opened(encrypted(Buffer.alloc(8)), 'x'))).message).toMatch(
      /password of the key "a" is wrong/,
    );
  });
});

describe('a PKCS#12 file', () => {
  const dataOid = der.oid('1.2.840.113549.1.7.1');
  const octets = (content: Buffer): Buffer => der.context(0, der.octetString(content));
  const file = (contents: readonly Buffer[]): Buffer =>
    der.sequence(der.integer(3), der.sequence(dataOid, octets(der.sequence(...contents))));
  const bags = (...content: readonly Buffer[]): Buffer => der.sequence(dataOid, octets(der.sequence(...content)));
  const bag = (type: number, content: Buffer, ...attributes: readonly Buffer[]): Buffer =>
    der.sequence(
      der.oid(`1.2.840.113549.1.12.10.1.${type}`),
      der.context(0, content),
      ...(attributes.length === 0 ? [] : [der.setOf(...attributes)]),
    );
  const certificate = (...attributes: readonly Buffer[]): Buffer =>
    bag(3, der.sequence(der.oid('1.2.840.113549.1.9.22.1'), octets(ann)), ...attributes);
  const nested = (depth: number): Buffer => (depth === 0 ? certificate() : bag(6, der.sequence(nested(depth - 1))));

  it.each<[string, Buffer]>([
    ['bags within bags', file([bags(nested(8))])],
    ['secrets', file([bags(bag(5, der.sequence()), certificate())])],
    [
      'a certificate of another type',
      file([bags(bag(3, der.sequence(der.oid('1.2.840.113549.1.9.22.2'), octets(ann))), certificate())]),
    ],
  ])('may have %s', async (_, data) => {
    expect(await emails(data)).toEqual(['ann@example.test']);
  });

  it('has no friendly name from half a character, or from an attribute without a value', async () => {
    const name = (bytes: readonly number[]): Buffer =>
      der.sequence(der.oid('1.2.840.113549.1.9.20'), der.setOf(der.element(30, Buffer.from(bytes))));
    const empty = der.sequence(der.oid('1.2.840.113549.1.9.20'), der.setOf());
    const aliasOf = async (...attributes: readonly Buffer[]): Promise<string | undefined> =>
      (await loadCertificate({ data: file([bags(certificate(...attributes))]) }, { purpose: 'encrypt' })).info.alias;
    expect(await aliasOf(name([0, 0x61]))).toBe('a');
    expect(await aliasOf(name([0, 0x61, 0]))).toBeUndefined();
    expect(await aliasOf(empty)).toBeUndefined();
  });

  it.each<[string, Buffer, RegExp]>([
    ['with bags nested nine deep', file([bags(nested(9))]), /nested too deep/],
    [
      'encrypted for a certificate',
      file([der.sequence(der.oid('1.2.840.113549.1.7.3'), octets(Buffer.alloc(0)))]),
      /encrypted by another method than a password/,
    ],
    [
      'of too many items',
      file([bags(...Array.from({ length: 3000 }, () => certificate()))]),
      /contains more than 2000 /,
    ],
    [
      'with a revocation list alone',
      file([bags(bag(4, der.sequence(der.oid('1.2.840.113549.1.9.23.1'), octets(ann))))]),
      /contains no certificate/,
    ],
  ])('%s is refused', async (_, data, reason) => {
    expect((await errorOf(() => emails(data))).message).toMatch(reason);
  });
});

describe('an encrypted key', () => {
  const salt = der.octetString(Buffer.alloc(8));
  const rounds = der.integer(1);
  const aes = der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octetString(Buffer.alloc(16)));
  const rc2 = (...parameters: readonly Buffer[]): Buffer =>
    der.sequence(der.oid('1.2.840.113549.3.2'), der.sequence(...parameters, der.octetString(Buffer.alloc(8))));
  const pbkdf2 = (...parameters: readonly Buffer[]): Buffer =>
    der.sequence(der.oid('1.2.840.113549.1.5.12'), der.sequence(...parameters));
  const scrypt = (...parameters: readonly Buffer[]): Buffer =>
    der.sequence(der.oid('1.3.6.1.4.1.11591.4.11'), der.sequence(...parameters));
  const pbes2 = (derivation: Buffer, cipher = aes): Buffer =>
    der.sequence(
      der.sequence(der.oid('1.2.840.113549.1.5.13'), der.sequence(derivation, cipher)),
      der.octetString(Buffer.alloc(64)),
    );
  const dek = (info: string): Buffer =>
    Buffer.from(
      `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ${info}\n\n` +
        `${Buffer.alloc(48).toString('base64')}\n-----END RSA PRIVATE KEY-----\n`,
    );

  it.each<[string, Buffer, RegExp]>([
    ['by PBKDF2 without a salt', pbes2(pbkdf2(rounds, rounds)), /the salt of PBKDF2 is missing/],
    ['by PBKDF2 of no round', pbes2(pbkdf2(salt, der.integer(0))), /no rounds of key derivation/],
    [
      'by PBKDF2 for a key of another length',
      pbes2(pbkdf2(salt, rounds, der.integer(20))),
      /key length 20 does not fit/,
    ],
    ['by scrypt without its costs', pbes2(scrypt(salt)), /the password of the private key is wrong|parameters/],
    ['by an unknown derivation', pbes2(der.sequence(der.oid('1.2.3'), der.sequence())), /key derivation 1\.2\.3/],
    ['under an unknown cipher', pbes2(pbkdf2(salt, rounds), der.sequence(der.oid('1.2.3'))), /cipher 1\.2\.3/],
    [
      'under AES with a short initialization vector',
      pbes2(pbkdf2(salt, rounds), der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octetString(Buffer.alloc(8)))),
      /the initialization vector has a wrong length/,
    ],
    [
      'under RC2 of an unknown version',
      pbes2(pbkdf2(salt, rounds), rc2(der.integer(5))),
      /the RC2 version is not known/,
    ],
    ['under RC2 of 1032 bits', pbes2(pbkdf2(salt, rounds), rc2(der.integer(1032))), /the RC2 version is not known/],
    [
      'under RC2 of 256 bits',
      pbes2(pbkdf2(salt, rounds), rc2(der.integer(256))),
      /the password of the private key is wrong/,
    ],
    ['under RC2 without a version', pbes2(pbkdf2(salt, rounds), rc2()), /the password of the private key is wrong/],
    ['in PEM under an unknown cipher', dek('CAST5-CBC,0011223344556677'), /cipher CAST5-CBC/],
    [
      'in PEM with a short initialization vector',
      dek('DES-CBC,00112233'),
      /the DEK-Info of the key in line 1 is not well-formed/,
    ],
    ['in PEM without an initialization vector', dek('DES-CBC'), /the DEK-Info of the key in line 1 is not well-formed/],
  ])('%s is refused', async (_, key, reason) => {
    const error = await errorOf(() => loadCertificate({ data: ann, key, password: 'x' }, { purpose: 'sign' }));
    expect(error).toMatchObject({ code: 'ERR_CERTIFICATE', message: expect.stringMatching(reason) as string });
  });
});

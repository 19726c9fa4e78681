/**
 * Signatures of certificates by their algorithm and the kind of the key, and RSASSA-PSS with two hashes (RFC 8017
 * section 9.1).
 * @module
 */
import { constants, createHash, generateKeyPairSync, privateEncrypt, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import { mgf1, xor } from '../../../../src/pki/x509/pss.js';
import { isSignedBy } from '../../../../src/pki/x509/signature.js';
import { endPointHash } from '../../../../src/net/tls/channel-binding.js';
import * as der from '../../../../src/util/der.js';
import { ecdsaSignatureOids, hashOids, keyOids, rsaSignatureOids, type HashName } from '../../../../src/util/oids.js';
import { issue, keyPair, root } from '../../../support/certificates.js';
import { storedKey } from '../../../support/keys.js';

const data = Buffer.from('signed');
const issuer = root('Anchor');
interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const rsa = storedKey('rsa1024');
const ec = keyPair();
const ed25519 = generateKeyPairSync('ed25519');
const ed448 = generateKeyPairSync('ed448');

async function isBy(keys: Pair, oid: string, signature: Uint8Array, parameters?: Buffer): Promise<boolean> {
  const signer = await parseCertificate(issue({ subject: 'S', issuer, keys }).der);
  const whole = der.sequence(der.oid(oid), ...(parameters === undefined ? [] : [parameters]));
  return isSignedBy(signer, { oid, parameters, der: whole }, data, signature);
}

describe('a signature', () => {
  it.each<[string, Pair, string, Buffer]>([
    ['Ed25519', ed25519, keyOids.ed25519, sign(null, data, ed25519.privateKey)],
    ['Ed448', ed448, keyOids.ed448, sign(null, data, ed448.privateKey)],
    ['RSA with SHA-256', rsa, rsaSignatureOids.sha256, sign('sha256', data, rsa.privateKey)],
    ['ECDSA with SHA-384', ec, ecdsaSignatureOids.sha384, sign('sha384', data, ec.privateKey)],
  ])('by %s is that of its key, and of no other kind of key', async (_, keys, oid, signature) => {
    expect(await isBy(keys, oid, signature)).toBe(true);
    expect(
      await isBy(keys, oid, Buffer.concat([signature.subarray(0, -1), Buffer.of((signature.at(-1) ?? 0) ^ 1)])),
    ).toBe(false);
    for (const other of [rsa, ec, ed25519, ed448])
      if (other !== keys) expect(await isBy(other, oid, signature)).toBe(false);
  });

  it('of an unknown algorithm is none', async () => {
    expect(await isBy(rsa, '1.2.3', sign('sha256', data, rsa.privateKey))).toBe(false);
  });
});

interface Pss {
  readonly digest?: HashName;
  readonly mgf?: HashName;
  readonly salt?: number;
}
const algorithm = (hash: HashName): Buffer => der.sequence(der.oid(hashOids[hash]));
const pss = ({ digest, mgf, salt }: Pss): Buffer =>
  der.sequence(
    ...(digest === undefined ? [] : [der.context(0, algorithm(digest))]),
    ...(mgf === undefined ? [] : [der.context(1, der.sequence(der.oid(keyOids.mgf1), algorithm(mgf)))]),
    ...(salt === undefined ? [] : [der.context(2, der.integer(salt))]),
  );

describe('RSASSA-PSS', () => {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const by = (keys: Pair, signature: Uint8Array, parameters?: Buffer): Promise<boolean> =>
    isBy(keys, keyOids.rsaPss, signature, parameters);

  it('has SHA-1 and a salt of 20 octets by default', async () => {
    const signature = sign('sha1', data, { key: rsa.privateKey, padding, saltLength: 20 });
    expect(await by(rsa, signature, pss({}))).toBe(true);
    expect(await by(rsa, signature, pss({ digest: 'sha256', mgf: 'sha256' }))).toBe(false);
    expect(await by(rsa, signature)).toBe(false);
    expect(await by(ec, signature, pss({}))).toBe(false);
  });

  it('has the hashes and the salt that its parameters name', async () => {
    const signature = sign('sha256', data, { key: rsa.privateKey, padding, saltLength: 32 });
    expect(await by(rsa, signature, pss({ digest: 'sha256', mgf: 'sha256', salt: 32 }))).toBe(true);
    expect(await by(rsa, signature, pss({ digest: 'sha256', mgf: 'sha256', salt: 31 }))).toBe(false);
    expect(await by(rsa, signature, pss({ digest: 'sha384', mgf: 'sha256', salt: 32 }))).toBe(false);
  });

  it('is none with a hash that is not supported, or a mask function without one', async () => {
    const signature = sign('sha256', data, { key: rsa.privateKey, padding, saltLength: 32 });
    const noHash = der.sequence(
      der.context(0, algorithm('sha256')),
      der.context(1, der.sequence(der.oid(keyOids.mgf1))),
    );
    const unknown = der.sequence(der.context(0, der.sequence(der.oid('1.2.3'))));
    const noOid = der.sequence(der.context(0, der.sequence(der.nullElement())));
    for (const parameters of [noHash, unknown, noOid, pss({ digest: 'shake256', mgf: 'shake256' })])
      expect(await by(rsa, signature, parameters)).toBe(false);
  });

  it('may be by a key that is restricted to it, by its hashes and its least salt', async () => {
    // The types of Node 20 want its saltLength as text and refuse keys that are not encoded.
    const options: object = { modulusLength: 1024, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha1', saltLength: 24 };
    const keys = generateKeyPairSync('rsa-pss' as 'rsa', options as { modulusLength: number });
    const signature = sign('sha256', data, { key: keys.privateKey, padding, saltLength: 24 });
    expect(await by(keys, signature, pss({ digest: 'sha256', salt: 24 }))).toBe(true);
    expect(await by(keys, signature, pss({ digest: 'sha256', salt: 20 }))).toBe(false);
    expect(await by(keys, signature, pss({ digest: 'sha384', salt: 24 }))).toBe(false);
    expect(await by(keys, signature, pss({ digest: 'sha256', mgf: 'sha384', salt: 24 }))).toBe(false);
  });

  const saltLength = 20;
  const parameters = pss({ digest: 'sha256', mgf: 'sha1', salt: saltLength });
  interface Encoding {
    /** Changes the data before they are masked: zeros, the octet 01, and the salt. */
    readonly plain?: (plain: Buffer) => void;
    /** Changes the encoded message. */
    readonly encoded?: (encoded: Buffer) => void;
  }
  /** A signature over EMSA-PSS with SHA-256 and MGF1 with SHA-1, which node:crypto does not make. */
  function signature({ privateKey }: Pair, bits: number, { plain, encoded }: Encoding = {}): Buffer {
    const size = Math.ceil((bits - 1) / 8);
    for (;;) {
      const salt = randomBytes(saltLength);
      const digest = createHash('sha256').update(data).digest();
      const hash = createHash('sha256').update(Buffer.alloc(8)).update(digest).update(salt).digest();
      const block = Buffer.alloc(size - 33);
      block[block.length - saltLength - 1] = 1;
      salt.copy(block, block.length - saltLength);
      plain?.(block);
      const masked = xor(mgf1('sha1', hash, block.length), block);
      masked[0] = (masked[0] as number) & (0xff >> (8 * size - bits + 1));
      const message = Buffer.concat([Buffer.alloc(Math.ceil(bits / 8) - size), masked, hash, Buffer.of(0xbc)]);
      encoded?.(message);
      try {
        return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, message);
      } catch {
        // The number is not below the modulus: another salt makes another one.
      }
    }
  }

  it.each([1024, 1025, 1031])('with two hashes is read under a modulus of %i bits', async (bits) => {
    const keys = generateKeyPairSync('rsa', { modulusLength: bits });
    expect(await by(keys, signature(keys, bits), parameters)).toBe(true);
    expect(await by(rsa, signature(keys, bits), parameters)).toBe(false);
  });

  it.each<[string, Encoding]>([
    ['does not end in BC', { encoded: (message) => (message[127] = 0xbb) }],
    ['has a bit above its length', { encoded: (message) => (message[0] = (message[0] as number) | 0x80) }],
    ['has another octet than zero before its salt', { plain: (block) => (block[block.length - saltLength - 3] = 1) }],
    ['has another octet than one before its salt', { plain: (block) => (block[block.length - saltLength - 1] = 2) }],
    ['has another salt', { plain: (block) => (block[block.length - 1] = (block.at(-1) as number) ^ 1) }],
  ])('with two hashes is none if the encoded message %s', async (_, encoding) => {
    expect(await by(rsa, signature(rsa, 1024, encoding), parameters)).toBe(false);
  });

  it('with two hashes is none if it is too short, no number below the modulus, or has no room for its salt', async () => {
    const right = signature(rsa, 1024);
    expect(await by(rsa, right, parameters)).toBe(true);
    expect(await by(rsa, right.subarray(1), parameters)).toBe(false);
    expect(await by(rsa, Buffer.alloc(128, 0xff), parameters)).toBe(false);
    expect(await by(rsa, right, pss({ digest: 'sha256', mgf: 'sha1', salt: 95 }))).toBe(false);
    expect(await by(rsa, right, pss({ digest: 'sha256', mgf: 'sha1', salt: 94 }))).toBe(false);
  });
});

describe('the hash of a certificate for tls-server-end-point (RFC 5929 section 4.1)', () => {
  const of = (...fields: readonly Buffer[]): string | undefined =>
    endPointHash(der.sequence(der.sequence(), der.sequence(...fields)));

  it.each<[string, string | undefined, readonly Buffer[]]>([
    ['SHA-256 for MD5', 'sha256', [der.oid(rsaSignatureOids.md5)]],
    ['SHA-256 for SHA-1', 'sha256', [der.oid(rsaSignatureOids.sha1)]],
    ['its own', 'sha384', [der.oid(ecdsaSignatureOids.sha384)]],
    ['none for EdDSA', undefined, [der.oid(keyOids.ed25519)]],
    ['none for an unknown algorithm', undefined, [der.oid('1.2.3')]],
    ['none without an identifier', undefined, [der.nullElement()]],
    ['that of PSS', 'sha512', [der.oid(keyOids.rsaPss), pss({ digest: 'sha512', mgf: 'sha512', salt: 64 })]],
    ['SHA-256 for the default of PSS', 'sha256', [der.oid(keyOids.rsaPss), pss({ salt: 20 })]],
    ['none for PSS without parameters', undefined, [der.oid(keyOids.rsaPss)]],
    ['none for PSS with an empty hash', undefined, [der.oid(keyOids.rsaPss), der.sequence(der.context(0))]],
  ])('is %s', (_, expected, fields) => {
    expect(of(...fields)).toBe(expected);
  });

  it('is none of something else', () => {
    expect(endPointHash(der.sequence(der.sequence()))).toBeUndefined();
    expect(endPointHash(Buffer.of(0x30, 0x20))).toBeUndefined();
  });
});

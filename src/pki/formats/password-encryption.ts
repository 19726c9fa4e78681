/**
 * Password-based decryption: PBES2 and PBES1 (RFC 8018), and the schemes of PKCS#12 (RFC 7292 appendix C).
 * @module
 */
import { createDecipheriv, hash } from 'node:crypto';
import { cipherOids, hmacOids, passwordOids } from '../../util/oids.js';
import { rc4Stream } from '../../util/crypto/rc4.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import type { BerElement } from '../../util/ber.js';
import { algorithmOf, isUniversal, itemsOf, numberOf, octetsOf } from './ber-structure.js';
import { pbkdf1, pbkdf2Derive, pkcs12Derive, pkcs12Purpose, scryptDerive } from './key-derivation.js';
import type { Hardening } from './key-derivation.js';
import type { PasswordForm } from './password.js';
import { rc2CbcDecrypt } from './rc2.js';
import { inPieces } from './work-budget.js';
import type { WorkBudget } from './work-budget.js';

type BlockCipher = 'rc2' | 'des-cbc' | 'des-ede-cbc' | 'des-ede3-cbc' | 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc';
type Cipher = BlockCipher | 'rc4';

/** The input of a block cipher in CBC mode. */
export interface CbcDecryption {
  readonly cipher: BlockCipher;
  readonly key: Buffer;
  readonly iv: Buffer;
  /** Effective bits of an RC2 key; default: all. */
  readonly bits?: number | undefined;
}

const pkcs12Schemes: ReadonlyMap<string, readonly [Cipher, number]> = new Map([
  [passwordOids.pkcs12Rc4With128Bits, ['rc4', 16]],
  [passwordOids.pkcs12Rc4With40Bits, ['rc4', 5]],
  [passwordOids.pkcs12TripleDes, ['des-ede3-cbc', 24]],
  [passwordOids.pkcs12DoubleDes, ['des-ede-cbc', 16]],
  [passwordOids.pkcs12Rc2With128Bits, ['rc2', 16]],
  [passwordOids.pkcs12Rc2With40Bits, ['rc2', 5]],
]);

const pbes1Schemes: ReadonlyMap<string, readonly ['md5' | 'sha1', BlockCipher]> = new Map([
  [passwordOids.md5DesCbc, ['md5', 'des-cbc']],
  [passwordOids.md5Rc2Cbc, ['md5', 'rc2']],
  [passwordOids.sha1DesCbc, ['sha1', 'des-cbc']],
  [passwordOids.sha1Rc2Cbc, ['sha1', 'rc2']],
]);

const pbes2Ciphers: ReadonlyMap<string, readonly [BlockCipher, number]> = new Map([
  [cipherOids.aes128Cbc, ['aes-128-cbc', 16]],
  [cipherOids.aes192Cbc, ['aes-192-cbc', 24]],
  [cipherOids.aes256Cbc, ['aes-256-cbc', 32]],
  [cipherOids.tripleDesCbc, ['des-ede3-cbc', 24]],
  [cipherOids.desCbc, ['des-cbc', 8]],
]);

const aesByLength = new Map(
  [...pbes2Ciphers.values()].filter(([name]) => name.startsWith('aes')).map((each) => [each[1], each]),
);

const hmacs: ReadonlyMap<string, string> = new Map(Object.entries(hmacOids).map(([hash, oid]) => [oid, hash]));

/**
 * Decrypts what `algorithm` (an AlgorithmIdentifier) encrypted under the password. Undefined if the padding shows that
 * the password is wrong; one wrong password in 256 passes. RangeError if parameters are malformed, ERR_CERTIFICATE for
 * an unknown scheme.
 */
export async function decryptWithPassword(
  algorithm: BerElement | undefined,
  data: Uint8Array,
  password: PasswordForm,
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  const { oid, parameters } = algorithmOf(algorithm, 'the encryption');
  const pkcs12 = pkcs12Schemes.get(oid);
  if (pkcs12 !== undefined) return decryptPkcs12(pkcs12, parameters, data, password, budget);
  const pbes1 = pbes1Schemes.get(oid);
  if (pbes1 !== undefined) return decryptPbes1(pbes1, parameters, data, password, budget);
  if (oid === passwordOids.pbes2) return decryptPbes2(parameters, data, password, budget);
  throw unsupported('encryption', oid);
}

function unsupported(what: string, oid: string): Error {
  return certificateError(
    `its ${what} ${oid} is not supported`,
    'Export the file again with PBES2, PBKDF2 and AES (the default of OpenSSL 3 and Java 17).',
  );
}

async function decryptPkcs12(
  [cipher, keyLength]: readonly [Cipher, number],
  parameters: BerElement | undefined,
  data: Uint8Array,
  password: PasswordForm,
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  const hardening = hardeningOf(parameters);
  const derive = (purpose: number, length: number): Promise<Buffer> =>
    pkcs12Derive({ hash: 'sha1', purpose, length }, password.bmp, hardening, budget);
  const key = await derive(pkcs12Purpose.key, keyLength);
  if (cipher === 'rc4') return inPieces(data, budget.signal, rc4Stream(key));
  const iv = await derive(pkcs12Purpose.iv, 8);
  return unpadded({ cipher, key, iv }, data, budget);
}

async function decryptPbes1(
  [hashName, cipher]: readonly ['md5' | 'sha1', BlockCipher],
  parameters: BerElement | undefined,
  data: Uint8Array,
  password: PasswordForm,
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  const derived = await pbkdf1(hashName, password.utf8, hardeningOf(parameters), budget);
  return unpadded({ cipher, key: derived.subarray(0, 8), iv: derived.subarray(8, 16) }, data, budget);
}

function hardeningOf(parameters: BerElement | undefined): Hardening {
  const [salt, rounds] = itemsOf(parameters, 'the parameters of the encryption');
  return { salt: octetsOf(salt, 'the salt'), rounds: numberOf(rounds, 'the iteration count') };
}

async function decryptPbes2(
  parameters: BerElement | undefined,
  data: Uint8Array,
  password: PasswordForm,
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  const [derivation, scheme] = itemsOf(parameters, 'the parameters of PBES2');
  const cipher = algorithmOf(scheme, 'the cipher');
  if (cipher.oid === cipherOids.rc2Cbc) {
    const fields = itemsOf(cipher.parameters, 'the parameters of RC2');
    const bits = rc2Bits(fields.length > 1 ? numberOf(fields[0], 'the RC2 version') : undefined);
    const key = await deriveKey(derivation, password.utf8, bits / 8, budget);
    const iv = octetsOf(fields.at(-1), 'the initialization vector');
    return unpadded({ cipher: 'rc2', key, bits, iv }, data, budget);
  }
  const named = pbes2Ciphers.get(cipher.oid);
  if (named === undefined) throw unsupported('cipher', cipher.oid);
  // NSS before 3.30 used the AES of the length that it passed to the derivation, whichever AES it named.
  const [cipherName, keyLength] =
    (named[0].startsWith('aes') ? aesByLength.get(keyLengthOf(derivation) ?? 0) : undefined) ?? named;
  const key = await deriveKey(derivation, password.utf8, keyLength, budget);
  const iv = octetsOf(cipher.parameters, 'the initialization vector');
  return unpadded({ cipher: cipherName, key, iv }, data, budget);
}

/** The effective key bits of a version number (RFC 8018 appendix B.2.3). */
function rc2Bits(version: number | undefined): number {
  if (version === undefined) return 32;
  const known: Readonly<Record<number, number>> = { 160: 40, 120: 64, 58: 128 };
  const bits = known[version] ?? (version >= 256 ? version : 0);
  if (bits === 0 || bits > 1024 || bits % 8 !== 0) throw new RangeError('the RC2 version is not known');
  return bits;
}

/**
 * Derives a key from a password by the KDF's AlgorithmIdentifier (PBKDF2, scrypt), for a cipher with keys of `length`
 * octets.
 */
async function deriveKey(
  algorithm: BerElement | undefined,
  password: Uint8Array,
  length: number,
  budget: WorkBudget,
): Promise<Buffer> {
  const { oid, parameters } = algorithmOf(algorithm, 'the key derivation');
  if (oid === passwordOids.scrypt) {
    const fields = itemsOf(parameters, 'the parameters of scrypt');
    const [N, r, p] = fields.slice(1, 4).map((field) => numberOf(field, 'the cost'));
    const cost = { N: N ?? 0, r: r ?? 0, p: p ?? 0 };
    return scryptDerive(cost, password, octetsOf(fields[0], 'the salt'), length, budget);
  }
  const { prf, keyLength, ...hardening } = pbkdf2Parameters(oid, parameters);
  if (keyLength !== undefined && keyLength !== length)
    throw new RangeError(`its key length ${keyLength} does not fit the cipher`);
  return pbkdf2Derive({ prf, length }, password, hardening, budget);
}

function keyLengthOf(algorithm: BerElement | undefined): number | undefined {
  const { oid, parameters } = algorithmOf(algorithm, 'the key derivation');
  return oid === passwordOids.pbkdf2 ? pbkdf2Parameters(oid, parameters).keyLength : undefined;
}

/**
 * The HMAC key of PBMAC1 (RFC 9579). Its length must be given, and must not be short: a short one would let anyone
 * forge the MAC by trying keys (CVE-2026-34181).
 */
export async function deriveMacKey(
  algorithm: BerElement | undefined,
  password: Uint8Array,
  budget: WorkBudget,
): Promise<Buffer> {
  const { oid, parameters } = algorithmOf(algorithm, 'the key derivation of the MAC');
  const { prf, keyLength, ...hardening } = pbkdf2Parameters(oid, parameters);
  if (keyLength === undefined || keyLength < 20 || keyLength > 1024)
    throw new RangeError('the key length of the MAC is missing or out of range');
  return pbkdf2Derive({ prf, length: keyLength }, password, hardening, budget);
}

function pbkdf2Parameters(
  oid: string,
  parameters: BerElement | undefined,
): Hardening & { readonly prf: string; readonly keyLength: number | undefined } {
  if (oid !== passwordOids.pbkdf2) throw unsupported('key derivation', oid);
  const [salt, rounds, ...rest] = itemsOf(parameters, 'the parameters of PBKDF2');
  if (!isUniversal(salt, 4)) throw new RangeError('the salt of PBKDF2 is missing');
  const keyLength = rest.find((field) => isUniversal(field, 2));
  const prf = rest.find((field) => isUniversal(field, 16));
  return {
    salt: octetsOf(salt, 'the salt'),
    rounds: numberOf(rounds, 'the iteration count'),
    prf: prf === undefined ? 'sha1' : hmacName(algorithmOf(prf, 'the PRF').oid),
    keyLength: keyLength === undefined ? undefined : numberOf(keyLength, 'the key length'),
  };
}

/** The hash name for an HMAC's OID. */
export function hmacName(oid: string): string {
  const name = hmacs.get(oid);
  if (name === undefined) throw unsupported('HMAC', oid);
  return name;
}

/** Nanoseconds per octet, for ciphers without a processor instruction. */
const slowCiphers: ReadonlyMap<BlockCipher, number> = new Map([
  ['rc2', 40],
  ['des-cbc', 33],
  ['des-ede-cbc', 33],
  ['des-ede3-cbc', 33],
]);

/** The plain text without its padding (RFC 8018 section 6.1.1); undefined if the padding is malformed. */
export async function unpadded(
  decryption: CbcDecryption,
  data: Uint8Array,
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  const block = decryption.cipher.startsWith('aes') ? 16 : 8;
  if (decryption.iv.length !== block) throw new RangeError('the initialization vector has a wrong length');
  if (data.length === 0 || data.length % block !== 0)
    throw new RangeError('the encrypted data is not whole blocks: it may be truncated');
  budget.spend('decryption', (data.length * (slowCiphers.get(decryption.cipher) ?? 2)) / 1e6);
  const plain = await inPieces(data, budget.signal, decrypterOf(decryption));
  const padding = plain.at(-1) ?? 0;
  const isPadded = padding >= 1 && padding <= block && plain.subarray(-padding).every((octet) => octet === padding);
  return isPadded ? plain.subarray(0, plain.length - padding) : undefined;
}

/**
 * Decrypts successive pieces of whole blocks. DES is done as 3DES with the same key three times, which OpenSSL 3 still
 * offers.
 */
function decrypterOf({ cipher, key, iv, bits = key.length * 8 }: CbcDecryption): (piece: Uint8Array) => Uint8Array {
  if (cipher === 'rc2') {
    let last: Uint8Array = iv;
    return (piece) => {
      const plain = rc2CbcDecrypt(key, bits, last, piece);
      last = piece.subarray(-8);
      return plain;
    };
  }
  const decipher = decipherOf(cipher, key, iv).setAutoPadding(false);
  return (piece) => decipher.update(piece);
}

function decipherOf(cipher: Exclude<BlockCipher, 'rc2'>, key: Buffer, iv: Buffer): ReturnType<typeof createDecipheriv> {
  try {
    return cipher === 'des-cbc'
      ? createDecipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), iv)
      : createDecipheriv(cipher, key, iv);
  } catch (cause) {
    throw certificateError(
      `this runtime has no cipher ${cipher}, which it is encrypted with`,
      'Export the file again with AES, or read it on another runtime.',
      cause,
    );
  }
}

/**
 * Decrypts a key in PEM encryption (RFC 1421 style, `DEK-Info`), as OpenSSL before 1.0 wrote it. Undefined if the
 * padding shows that the password is wrong.
 */
export async function decryptPemKey(
  { cipherName, iv, data }: { readonly cipherName: string; readonly iv: Buffer; readonly data: Uint8Array },
  password: Uint8Array,
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  const [cipher, length] = pemCiphers.get(cipherName.toUpperCase()) ?? [undefined, 0];
  if (cipher === undefined) throw unsupported('cipher', showText(cipherName, 40));
  let key = Buffer.alloc(0);
  for (let last = Buffer.alloc(0); key.length < length; key = Buffer.concat([key, last])) {
    last = hash('md5', Buffer.concat([last, password, iv.subarray(0, 8)]), 'buffer');
  }
  return unpadded({ cipher, key: key.subarray(0, length), iv }, data, budget);
}

const pemCiphers: ReadonlyMap<string, readonly [BlockCipher, number]> = new Map([
  ['DES-CBC', ['des-cbc', 8]],
  ['DES-EDE3-CBC', ['des-ede3-cbc', 24]],
  ['AES-128-CBC', ['aes-128-cbc', 16]],
  ['AES-192-CBC', ['aes-192-cbc', 24]],
  ['AES-256-CBC', ['aes-256-cbc', 32]],
  ['RC2-CBC', ['rc2', 16]],
]);

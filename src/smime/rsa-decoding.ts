/**
 * What RSA decryption and PSS verification need beyond node:crypto, over its raw operation: RSAES-PKCS1-v1_5 with implicit rejection
 * (Node 20 refuses to do it), OAEP and PSS with an MGF1 hash that differs from the digest (RFC 8017).
 */
import { constants, createHash, privateDecrypt, publicDecrypt, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { DigestName } from './algorithms.js';

/** Hashes that OAEP and PSS are used with. */
export type RsaDigest = Exclude<DigestName, 'shake256'>;

/** MGF1 (RFC 8017 appendix B.2.1). */
export function mgf1(digest: RsaDigest, seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let made = 0, index = 0; made < length; index++) {
    counter.writeUInt32BE(index);
    const block = createHash(digest).update(seed).update(counter).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** The raw RSA operation, left-padded to the length of the modulus; undefined where the ciphertext does not fit the key. */
export function rsaRawDecrypt(key: KeyObject, ciphertext: Uint8Array): Buffer | undefined {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const size = Math.ceil(bits / 8);
  if (ciphertext.length !== size) return undefined;
  try {
    return leftPad(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext), size);
  } catch {
    return undefined; // not below the modulus: public knowledge
  }
}

function leftPad(bytes: Buffer, size: number): Buffer {
  return bytes.length === size ? bytes : Buffer.concat([Buffer.alloc(size - bytes.length), bytes]);
}

/** 0xff where `value` (0 to 255) is zero, else 0; without a branch. */
function isZeroMask(value: number): number {
  return ((value - 1) >> 8) & 0xff;
}

/**
 * The key of `keyBytes` octets in an RSAES-PKCS1-v1_5 block, or random octets where the block is anything else (RFC 3218 section 2.3.2):
 * what happens next must not tell which. The same work is done in both cases.
 */
export function pkcs1KeyOrRandom(block: Uint8Array | undefined, keyBytes: number): Buffer {
  const key = randomBytes(keyBytes);
  const separator = (block?.length ?? 0) - keyBytes - 1;
  if (block === undefined || separator < 10) return key;
  let bad = (block[0] ?? 1) | ((block[1] ?? 0) ^ 2) | (block[separator] ?? 1);
  for (let i = 2; i < separator; i++) bad |= isZeroMask(block[i] ?? 0);
  const keep = isZeroMask(bad);
  for (let i = 0; i < keyBytes; i++) key[i] = ((block[separator + 1 + i] ?? 0) & keep) | ((key[i] ?? 0) & ~keep);
  return key;
}

/** Parameters of OAEP. */
export interface OaepParameters {
  readonly digest: RsaDigest;
  readonly mgfDigest: RsaDigest;
  readonly label: Uint8Array;
}

/** EME-OAEP decoding (RFC 8017 section 7.1.2); undefined where the block is anything else. The place of the fault is not told. */
export function oaepDecode(block: Uint8Array, { digest, mgfDigest, label }: OaepParameters): Buffer | undefined {
  const labelHash = createHash(digest).update(label).digest();
  const size = labelHash.length;
  if (block.length < 2 * size + 2) return undefined;
  const maskedSeed = block.subarray(1, 1 + size);
  const masked = block.subarray(1 + size);
  const seed = xor(mgf1(mgfDigest, masked, size), maskedSeed);
  const data = xor(mgf1(mgfDigest, seed, masked.length), masked);
  let bad = block[0] ?? 1;
  for (let i = 0; i < size; i++) bad |= (data[i] ?? 0) ^ (labelHash[i] ?? 0);
  let searching = 0xff; // until the octet 01
  let start = 0;
  for (let i = size; i < data.length; i++) {
    const octet = data[i] ?? 0;
    const isOne = isZeroMask(octet ^ 1);
    start |= (i + 1) & -(searching & isOne & 1);
    bad |= searching & ~isOne & ~isZeroMask(octet) & 0xff;
    searching &= ~isOne;
  }
  return (bad | searching) === 0 ? data.subarray(start) : undefined;
}

function xor(a: Buffer, b: Uint8Array): Buffer {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) ^ (b[i] ?? 0);
  return a;
}

/** Parameters of PSS. */
export interface PssParameters {
  readonly digest: RsaDigest;
  readonly mgfDigest: RsaDigest;
  readonly saltLength: number;
}

/** RSASSA-PSS verification (RFC 8017 section 8.1.2) of a digest, with any hash for MGF1. */
export function verifyPss(key: KeyObject, digestValue: Uint8Array, signature: Uint8Array, parameters: PssParameters): boolean {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (signature.length !== Math.ceil(bits / 8)) return false;
  let block: Buffer;
  try {
    block = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false;
  }
  const encodedBits = bits - 1;
  const size = Math.ceil(encodedBits / 8);
  block = leftPad(block, signature.length);
  if (block.length > size && block[0] !== 0) return false;
  return pssMatches(block.subarray(block.length - size), encodedBits, digestValue, parameters);
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2). */
function pssMatches(encoded: Buffer, encodedBits: number, digestValue: Uint8Array, { digest, mgfDigest, saltLength }: PssParameters): boolean {
  const hashSize = digestValue.length;
  if (encoded.length < hashSize + saltLength + 2 || encoded.at(-1) !== 0xbc) return false;
  const split = encoded.length - hashSize - 1;
  const unusedBits = 8 * encoded.length - encodedBits;
  const firstMask = 0xff >> unusedBits;
  if ((encoded[0] ?? 0xff) & ~firstMask) return false;
  const hash = encoded.subarray(split, split + hashSize);
  const data = xor(mgf1(mgfDigest, hash, split), encoded.subarray(0, split));
  data[0] = (data[0] ?? 0) & firstMask;
  const saltStart = split - saltLength;
  for (let i = 0; i < saltStart - 1; i++) if (data[i] !== 0) return false;
  if (data[saltStart - 1] !== 1) return false;
  const expected = createHash(digest).update(Buffer.alloc(8)).update(digestValue).update(data.subarray(saltStart)).digest();
  return timingSafeEqual(expected, hash);
}

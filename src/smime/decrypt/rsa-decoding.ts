/**
 * RSA decryption that node:crypto does not offer, built on its raw operation: RSAES-PKCS1-v1_5 with implicit rejection,
 * which Node 20 refuses, and OAEP with an MGF1 hash that differs from the digest (RFC 8017).
 * @module
 */
import { constants, createHash, privateDecrypt, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { leftPad, mgf1, xor } from '../../pki/x509/pss.js';
import type { OaepParameters } from '../cms/mask-parameters.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/**
 * The raw RSA operation, left-padded to the length of the modulus. undefined if the ciphertext does not fit the key.
 */
export function rsaRawDecrypt(key: KeyObject, ciphertext: Uint8Array): Buffer | undefined {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const size = Math.ceil(bits / 8);
  if (ciphertext.length !== size) return undefined;
  try {
    return leftPad(privateDecrypt(withoutPrototype({ key, padding: constants.RSA_NO_PADDING }), ciphertext), size);
  } catch {
    return undefined; // not below the modulus: public knowledge
  }
}

/** 0xff if `value` (0 to 255) is zero, else 0. It has no branch, so its time reveals nothing about the value. */
function isZeroMask(value: number): number {
  return ((value - 1) >> 8) & 0xff;
}

/**
 * The key of `keyBytes` octets in an RSAES-PKCS1-v1_5 block, or random octets for any other block (RFC 3218 section
 * 2.3.2). The work is the same in both cases, so neither result nor time reveals which it was.
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

/** EME-OAEP decoding (RFC 8017 section 7.1.2). undefined for any invalid block. */
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

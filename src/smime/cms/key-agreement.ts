/**
 * Diffie-Hellman on elliptic curves for CMS (RFC 5753, RFC 8418): from a shared secret to a wrapped content-encryption
 * key.
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readPublicKeyKind } from '../../pki/x509/public-key.js';
import { hasKeyWrapCipher, unwrapAesKey, wrapAesKey } from '../../util/crypto/aes-key-wrap.js';
import { hasCipher } from '../../util/crypto/has-cipher.js';
import { asBuffer, noBytes } from '../../util/bytes.js';
import { context, octetString, sequence } from '../../util/der.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { keyWraps } from './algorithms.js';
import type { AgreementScheme, FixedHash, KeyWrap } from './algorithms.js';
import { cipherMissing } from './smime-error.js';

/**
 * A sender's public key from its SubjectPublicKeyInfo (DER). Throws if a curve is given by parameters instead of a
 * name: the parameters can be chosen so that the shared secret reveals the private key.
 */
export function peerPublicKey(spki: Uint8Array): KeyObject {
  const { kind, curve } = readPublicKeyKind(spki);
  if (kind === 'ec' && curve === explicitCurve) throw new RangeError('the curve has no name');
  return createPublicKey(withoutPrototype({ key: asBuffer(spki), format: 'der' as const, type: 'spki' as const }));
}

/** The value of `readPublicKeyKind` for such a curve. */
const explicitCurve = 'explicit parameters';

/** The shared secret. Throws if the keys are not of one curve, or a point is not on it. */
export function agree(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  return diffieHellman({ privateKey, publicKey });
}

/** The key derivation function of ANSI X9.63 (SEC 1 section 3.6.1). */
export function x963Kdf(digest: FixedHash, secret: Uint8Array, info: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let made = 0, index = 1; made < length; index++) {
    counter.writeUInt32BE(index);
    const block = createHash(digest).update(secret).update(counter).update(info).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** HKDF (RFC 5869). */
export function hkdf(
  digest: AgreementScheme['digest'],
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Buffer {
  return Buffer.from(hkdfSync(digest, secret, salt, info, length));
}

/** ECC-CMS-SharedInfo (RFC 5753 section 7.2). `wrapAlgorithm` is the AlgorithmIdentifier as it is in the message. */
export function sharedInfo(wrapAlgorithm: Uint8Array, ukm: Uint8Array | undefined, keyBytes: number): Buffer {
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE(keyBytes * 8);
  return sequence(
    wrapAlgorithm,
    ...(ukm === undefined ? [] : [context(0, octetString(ukm))]),
    context(2, octetString(bits)),
  );
}

/** The key-encryption key. User keying material, if present, is also the salt of HKDF (RFC 8418 section 2.2). */
export function deriveKek(
  { kdf, digest }: AgreementScheme,
  secret: Uint8Array,
  wrapAlgorithm: Uint8Array,
  ukm: Uint8Array | undefined,
  keyBytes: number,
): Buffer {
  const info = sharedInfo(wrapAlgorithm, ukm, keyBytes);
  if (kdf === 'hkdf') return hkdf(digest, secret, ukm ?? noBytes, info, keyBytes);
  return x963Kdf(digest, secret, info, keyBytes);
}

const aesWrapIv = Buffer.alloc(8, 0xa6);

/** Wraps a content-encryption key: AES (RFC 3394) or 3DES (RFC 3217). */
export function wrapKey({ name }: KeyWrap, kek: Uint8Array, key: Uint8Array): Buffer {
  if (isAesWithoutCipher(name)) return wrapAesKey(kek, key);
  const cipher = createCipheriv(name, kek, name === 'des3-wrap' ? null : aesWrapIv);
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

/** Unwraps a content-encryption key. Throws if the length or the check value is wrong. */
export function unwrapKey({ name }: KeyWrap, kek: Uint8Array, wrapped: Uint8Array): Buffer {
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) throw new RangeError('a wrapped key cannot have this length');
  if (isAesWithoutCipher(name)) return unwrapAesKey(kek, wrapped);
  const decipher = createDecipheriv(name, kek, name === 'des3-wrap' ? null : aesWrapIv);
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}

/** Refuses a key wrap for which the runtime has no cipher. `role` is a clause that says where the wrap occurs. */
export function requireKeyWrap({ name, keyBytes }: KeyWrap, role: string): void {
  if (name === keyWraps.tripleDes.name && !hasCipher({ name, keyBytes, ivBytes: 0 })) throw cipherMissing(name, role);
}

/** Is it an AES wrap for which the runtime has no cipher? It is then done by AES itself. */
function isAesWithoutCipher(name: string): boolean {
  return name !== 'des3-wrap' && !hasKeyWrapCipher();
}

/** A 3DES key with odd parity, which some receivers require. */
export function tripleDesKey(): Buffer {
  const key = randomBytes(24);
  for (let i = 0; i < key.length; i++) {
    const octet = key[i] ?? 0;
    let parity = 1;
    for (let bits = octet >> 1; bits > 0; bits >>= 1) parity ^= bits & 1;
    key[i] = (octet & 0xfe) | parity;
  }
  return key;
}

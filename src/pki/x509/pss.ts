/**
 * RSASSA-PSS (RFC 8017 section 8.1.2) with any two hashes; node:crypto supports only a single one for both.
 * @module
 */
import { constants, createHash, createPublicKey, publicDecrypt, timingSafeEqual, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { children, nullElement, oid, readElement, sequence, wholeOf } from '../../util/der.js';
import { keyOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** Hashes by their names in Node. */
export interface PssParameters {
  readonly digest: string;
  readonly mgfDigest: string;
  readonly saltLength: number;
}

/** Is it a signature of `data` by this RSA key? The key may be restricted to PSS. */
export function isPssSignature(
  key: KeyObject,
  parameters: PssParameters,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { digest, mgfDigest, saltLength } = parameters;
  if (mgfDigest === digest)
    return verify(
      digest,
      data,
      withoutPrototype({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
      signature,
    );
  const {
    hashAlgorithm = digest,
    mgf1HashAlgorithm = mgfDigest,
    saltLength: minimum = 0,
  } = key.asymmetricKeyDetails ?? {};
  if (hashAlgorithm !== digest || mgf1HashAlgorithm !== mgfDigest || saltLength < minimum) return false;
  return verifyPss(plainRsaKey(key), createHash(digest).update(data).digest(), signature, parameters);
}

/** The same key without its restriction to PSS, because OpenSSL refuses the raw operation with the restriction. */
function plainRsaKey(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'rsa') return key;
  const spki = key.export({ format: 'der', type: 'spki' });
  const [, bits] = [...children(spki, readElement(spki, 0))];
  if (bits === undefined) throw new RangeError('the key has no bits');
  return createPublicKey(
    withoutPrototype({
      key: sequence(sequence(oid(keyOids.rsa), nullElement()), wholeOf(spki, bits)),
      format: 'der',
      type: 'spki',
    } as const),
  );
}

/** RSASSA-PSS verification (RFC 8017 section 8.1.2) of a digest, with any hash for MGF1. */
function verifyPss(key: KeyObject, digestValue: Uint8Array, signature: Uint8Array, parameters: PssParameters): boolean {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (signature.length !== Math.ceil(bits / 8)) return false;
  let block: Buffer;
  try {
    block = publicDecrypt(withoutPrototype({ key, padding: constants.RSA_NO_PADDING }), signature);
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
function pssMatches(
  encoded: Buffer,
  encodedBits: number,
  digestValue: Uint8Array,
  { digest, mgfDigest, saltLength }: PssParameters,
): boolean {
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
  const expected = createHash(digest)
    .update(Buffer.alloc(8))
    .update(digestValue)
    .update(data.subarray(saltStart))
    .digest();
  return timingSafeEqual(expected, hash);
}

/** MGF1 (RFC 8017 appendix B.2.1). */
export function mgf1(digest: string, seed: Uint8Array, length: number): Buffer {
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

/** Pads with leading zero octets to that size. */
export function leftPad(bytes: Buffer, size: number): Buffer {
  return bytes.length === size ? bytes : Buffer.concat([Buffer.alloc(size - bytes.length), bytes]);
}

/** Combines `b` into `a` by XOR. */
export function xor(a: Buffer, b: Uint8Array): Buffer {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) ^ (b[i] ?? 0);
  return a;
}

/**
 * The kind of a public key, from the bytes of its SubjectPublicKeyInfo. Reports can thus name kinds that OpenSSL does
 * not support.
 * @module
 */
import type { KeyObject } from 'node:crypto';
import { children, contentOf, oidText, readElement, tag } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { curveOids, keyOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** The kind of a public key, and its strength. */
export interface PublicKeyKind {
  readonly kind: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448' | 'x25519' | 'x448' | 'dsa' | 'other';
  /** OID of its algorithm. */
  readonly algorithm: string;
  /** Bits of the modulus or the field, if known. */
  readonly bits: number | undefined;
  /** For EC keys: `P-256` and the like, else the curve's OID. */
  readonly curve: string | undefined;
}

const kinds: ReadonlyMap<string, readonly [PublicKeyKind['kind'], number | undefined]> = new Map([
  [keyOids.rsa, ['rsa', undefined]],
  [keyOids.rsaPss, ['rsa-pss', undefined]],
  [keyOids.ec, ['ec', undefined]],
  [keyOids.dsa, ['dsa', undefined]],
  [keyOids.x25519, ['x25519', 255]],
  [keyOids.x448, ['x448', 448]],
  [keyOids.ed25519, ['ed25519', 255]],
  [keyOids.ed448, ['ed448', 448]],
]);

const curves: ReadonlyMap<string, readonly [string, number]> = new Map([
  [curveOids.p192, ['P-192', 192]],
  [curveOids.p224, ['P-224', 224]],
  [curveOids.p256, ['P-256', 256]],
  [curveOids.p384, ['P-384', 384]],
  [curveOids.p521, ['P-521', 521]],
  [curveOids.secp256k1, ['secp256k1', 256]],
  [curveOids.brainpoolP256r1, ['brainpoolP256r1', 256]],
  [curveOids.brainpoolP384r1, ['brainpoolP384r1', 384]],
  [curveOids.brainpoolP512r1, ['brainpoolP512r1', 512]],
]);

/** Reads a SubjectPublicKeyInfo (DER). RangeError if the bytes are something else. */
export function readPublicKeyKind(spki: Uint8Array): PublicKeyKind {
  const [algorithm, key] = [...children(spki, readElement(spki, 0))];
  const [name, parameters] = algorithm === undefined ? [] : [...children(spki, algorithm)];
  if (name?.tag !== tag.oid || key?.tag !== tag.bitString)
    throw new RangeError('subjectPublicKeyInfo is not well-formed');
  const oid = oidText(contentOf(spki, name));
  const [kind, bits] = kinds.get(oid) ?? ['other', undefined];
  if (kind === 'rsa' || kind === 'rsa-pss')
    return { kind, algorithm: oid, bits: modulusBits(contentOf(spki, key).subarray(1)), curve: undefined };
  if (kind !== 'ec') return { kind, algorithm: oid, bits, curve: undefined };
  const curve = curveOf(spki, parameters);
  const [curveName, curveBits] = curves.get(curve) ?? [curve, undefined];
  return { kind, algorithm: oid, bits: curveBits, curve: curveName };
}

function curveOf(spki: Uint8Array, parameters: DerElement | undefined): string {
  return parameters?.tag === tag.oid ? oidText(contentOf(spki, parameters)) : 'explicit parameters';
}

function modulusBits(key: Uint8Array): number {
  const [modulus] = [...children(key, readElement(key, 0))];
  if (modulus?.tag !== tag.integer) throw new RangeError('the RSA key has no modulus');
  const content = contentOf(key, modulus);
  const first = content.findIndex((octet) => octet !== 0);
  return first < 0 ? 0 : (content.length - first) * 8 - Math.clz32(content[first] ?? 0) + 24;
}

const longestExponent = 1n << 64n;

/**
 * Is an RSA or DSA key strong enough, and cheap enough to use? A small modulus can be factored. With the exponent 1 any
 * octets are a signature, and the ciphertext is the plain text. A long exponent takes too much time.
 */
export function hasStrength(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 3n } = withoutPrototype(key.asymmetricKeyDetails ?? {});
  return modulusLength >= 1024 && publicExponent >= 3n && publicExponent < longestExponent;
}

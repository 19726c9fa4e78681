/** Checks a signature by the AlgorithmIdentifier that came with it: of certificates and CRLs. */
import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { children, contentOf, oidText, readElement, tag } from '../../util/der.js';
import type { AlgorithmIdentifier, Certificate } from './certificate.js';
import { isPssSignature } from './pss.js';
import type { PssParameters } from './pss.js';
import { hasStrength } from './public-key.js';

interface Scheme {
  readonly kind: 'rsa' | 'ec' | 'dsa';
  readonly hash: string;
}

/** MD2, MD4 and MD5 are not here: such a signature proves nothing. */
const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['1.2.840.113549.1.1.5', { kind: 'rsa', hash: 'sha1' }],
  ['1.2.840.113549.1.1.14', { kind: 'rsa', hash: 'sha224' }],
  ['1.2.840.113549.1.1.11', { kind: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { kind: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { kind: 'rsa', hash: 'sha512' }],
  ['1.2.840.113549.1.1.15', { kind: 'rsa', hash: 'sha512-224' }],
  ['1.2.840.113549.1.1.16', { kind: 'rsa', hash: 'sha512-256' }],
  ['1.2.840.10045.4.1', { kind: 'ec', hash: 'sha1' }],
  ['1.2.840.10045.4.3.1', { kind: 'ec', hash: 'sha224' }],
  ['1.2.840.10045.4.3.2', { kind: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { kind: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { kind: 'ec', hash: 'sha512' }],
  ['1.2.840.10040.4.3', { kind: 'dsa', hash: 'sha1' }],
  ['2.16.840.1.101.3.4.3.1', { kind: 'dsa', hash: 'sha224' }],
  ['2.16.840.1.101.3.4.3.2', { kind: 'dsa', hash: 'sha256' }],
]);
const edwards: ReadonlyMap<string, string> = new Map([
  ['1.3.101.112', 'ed25519'],
  ['1.3.101.113', 'ed448'],
]);
const rsaPss = '1.2.840.113549.1.1.10';
const hashes: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['2.16.840.1.101.3.4.2.5', 'sha512-224'],
  ['2.16.840.1.101.3.4.2.6', 'sha512-256'],
]);

/** More bits than any authority has: each check would take milliseconds, and strangers choose how many there are. */
const longestModulus = { rsa: 8_192, dsa: 4_096 };

/** Did the key of `signer` make this signature? False too where algorithm or key are not supported, or do not fit each other. */
export function isSignedBy(
  signer: Certificate,
  algorithm: AlgorithmIdentifier,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const kind = signer.key.kind;
    const curve = edwards.get(algorithm.oid);
    if (curve !== undefined) return kind === curve && verify(null, data, signer.publicKey, signature);
    if (algorithm.oid === rsaPss) {
      const pss = readPssParameters(algorithm.parameters);
      if (!pss || (kind !== 'rsa' && kind !== 'rsa-pss') || !isOfUse(signer.publicKey, 'rsa')) return false;
      return isPssSignature(signer.publicKey, pss, data, signature);
    }
    const scheme = schemes.get(algorithm.oid);
    if (scheme?.kind !== kind || (kind !== 'ec' && !isOfUse(signer.publicKey, kind))) return false;
    return verify(scheme.hash, data, signer.publicKey, signature);
  } catch {
    return false; // a key or a signature that OpenSSL cannot take proves nothing
  }
}

function isOfUse(key: KeyObject, kind: keyof typeof longestModulus): boolean {
  return hasStrength(key) && (key.asymmetricKeyDetails?.modulusLength ?? 0) <= longestModulus[kind];
}

/** RSASSA-PSS-params (RFC 4055); undefined where something in them is not supported. */
function readPssParameters(der: Uint8Array | undefined): PssParameters | undefined {
  let digest: string | undefined = 'sha1';
  let mgfDigest: string | undefined = 'sha1';
  let saltLength = 20;
  if (der === undefined) return undefined;
  for (const field of children(der, readElement(der, 0))) {
    const inner = readElement(der, field.start, field.end);
    if (field.tag === 0xa0) digest = hashName(der, inner.start, inner.end);
    else if (field.tag === 0xa1) {
      const [, parameters] = [...children(der, inner)];
      mgfDigest = parameters && hashName(der, parameters.start, parameters.end);
    } else if (field.tag === 0xa2) saltLength = Number(BigInt(`0x${contentOf(der, inner).toString('hex') || '0'}`));
  }
  return digest !== undefined && mgfDigest !== undefined ? { digest, mgfDigest, saltLength } : undefined;
}

function hashName(der: Uint8Array, start: number, end: number): string | undefined {
  const name = readElement(der, start, end);
  return name.tag === tag.oid ? hashes.get(oidText(contentOf(der, name))) : undefined;
}

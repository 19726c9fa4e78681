/**
 * Checks signatures of certificates and CRLs by their AlgorithmIdentifier.
 * @module
 */
import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { children, contentOf, oidText, readElement, tag } from '../../util/der.js';
import { hashByOid, keyOids, signatureByOid } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import type { AlgorithmIdentifier, Certificate } from './certificate.js';
import { isPssSignature } from './pss.js';
import type { PssParameters } from './pss.js';
import { hasStrength } from './public-key.js';

/** The kind of key that makes each kind of signature. */
const keyKinds = { rsa: 'rsa', ecdsa: 'ec', dsa: 'dsa' } as const;
const edwards: ReadonlyMap<string, string> = new Map([
  [keyOids.ed25519, 'ed25519'],
  [keyOids.ed448, 'ed448'],
]);

/**
 * Longer than the keys of any authority. A check takes milliseconds, and the sender of a message controls their number.
 */
const longestModulus = { rsa: 8_192, dsa: 4_096 };

/**
 * Did the key of `signer` make this signature? Also false if algorithm or key are not supported, or do not fit each
 * other.
 */
export function isSignedBy(
  signer: Certificate,
  algorithm: AlgorithmIdentifier,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const kind = signer.key.kind;
    const curve = edwards.get(algorithm.oid);
    if (curve !== undefined)
      return kind === curve && verify(null, data, withoutPrototype({ key: signer.publicKey }), signature);
    if (algorithm.oid === keyOids.rsaPss) {
      const pss = readPssParameters(algorithm.parameters);
      if (!pss || (kind !== 'rsa' && kind !== 'rsa-pss') || !isOfUse(signer.publicKey, 'rsa')) return false;
      return isPssSignature(signer.publicKey, pss, data, signature);
    }
    const scheme = signatureByOid.get(algorithm.oid);
    if (scheme === undefined || keyKinds[scheme.kind] !== kind) return false;
    if (scheme.kind !== 'ecdsa' && !isOfUse(signer.publicKey, scheme.kind)) return false;
    return verify(scheme.hash, data, withoutPrototype({ key: signer.publicKey }), signature);
  } catch {
    return false; // a key or a signature that OpenSSL cannot take proves nothing
  }
}

function isOfUse(key: KeyObject, kind: keyof typeof longestModulus): boolean {
  return hasStrength(key) && (key.asymmetricKeyDetails?.modulusLength ?? 0) <= longestModulus[kind];
}

/** RSASSA-PSS-params (RFC 4055); undefined if something in them is not supported. */
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
  const hash = name.tag === tag.oid ? hashByOid.get(oidText(contentOf(der, name))) : undefined;
  return hash === 'shake256' ? undefined : hash;
}

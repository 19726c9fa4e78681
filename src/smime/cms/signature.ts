/**
 * Signature algorithms: the choice for a key, their names in CMS (RFC 5754, 4056, 5753, 8419), and the check of a
 * signature.
 * @module
 */
import { constants, createHash, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createEmailError } from '../../errors/email-error.js';
import type { SignatureAlgorithm } from '../../model/certificate.js';
import type { SmimeSignSettings } from '../../model/settings/smime.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { isPssSignature } from '../../pki/x509/pss.js';
import type { PssParameters } from '../../pki/x509/pss.js';
import { hasStrength } from '../../pki/x509/public-key.js';
import { context, integer, nullElement, oid, sequence } from '../../util/der.js';
import { ecdsaSignatureOids, hashOids, keyOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import type { HashName } from '../../util/oids.js';
import { digestSizes } from './algorithms.js';
import type { SignatureKind } from './algorithms.js';

/** A signature algorithm with all its parameters. */
export interface SignatureScheme {
  readonly kind: SignatureKind;
  /** Hash of the content, and of the octets that are signed. */
  readonly digest: HashName;
  /** Present for 'pss' only. */
  readonly pss?: PssParameters | undefined;
}

/** A scheme to sign with. */
export interface SigningScheme extends SignatureScheme {
  readonly digest: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** AlgorithmIdentifier (DER). */
  readonly identifier: Buffer;
  /** The request to an external signer. */
  readonly request: SignatureAlgorithm;
}

/** The hash and MGF1 fields of PSS and OAEP parameters, with NULL (RFC 4055 section 2.1). */
export function maskParameters(digest: HashName): readonly Buffer[] {
  const hash = sequence(oid(hashOids[digest]), nullElement());
  return [context(0, hash), context(1, sequence(oid(keyOids.mgf1), hash))];
}

/** The scheme for a certificate's key. ERR_CERTIFICATE if such a key cannot sign. */
export function signingScheme({ key, publicKey }: Certificate, settings: SmimeSignSettings): SigningScheme {
  const digest = settings.hashAlgorithm ?? 'sha256';
  switch (key.kind) {
    case 'rsa':
      if (settings.scheme === 'pss') return pssScheme(digest);
      return {
        kind: 'rsa',
        digest,
        identifier: sequence(oid(keyOids.rsa), nullElement()),
        request: { name: 'RSASSA-PKCS1-v1_5', hash: digest },
      };
    case 'rsa-pss':
      return pssScheme(pssKeyDigest(publicKey, digest));
    case 'ec':
      return {
        kind: 'ecdsa',
        digest,
        identifier: sequence(oid(ecdsaSignatureOids[digest])),
        request: { name: 'ECDSA', hash: digest },
      };
    case 'ed25519':
      return {
        kind: 'ed25519',
        digest: 'sha512',
        identifier: sequence(oid(keyOids.ed25519)),
        request: { name: 'Ed25519' },
      };
    default:
      throw createEmailError(
        'ERR_CERTIFICATE',
        `The signing certificate has a key of kind ${key.kind}, which S/MIME cannot sign with.`,
        {
          remedy: 'Use a certificate with an RSA, EC or Ed25519 key.',
        },
      );
  }
}

function pssScheme(digest: SigningScheme['digest']): SigningScheme {
  const saltLength = digestSizes[digest];
  return {
    kind: 'pss',
    digest,
    pss: { digest, mgfDigest: digest, saltLength },
    identifier: sequence(oid(keyOids.rsaPss), sequence(...maskParameters(digest), context(2, integer(saltLength)))),
    request: { name: 'RSA-PSS', hash: digest },
  };
}

/** The hash that a key restricted to PSS allows (RFC 4055 section 1.2). */
function pssKeyDigest(publicKey: KeyObject, wanted: SigningScheme['digest']): SigningScheme['digest'] {
  const { hashAlgorithm, mgf1HashAlgorithm, saltLength = 0 } = withoutPrototype(publicKey.asymmetricKeyDetails ?? {});
  const allowed = hashAlgorithm ?? wanted;
  const isUsable = allowed === 'sha1' || allowed === 'sha256' || allowed === 'sha384' || allowed === 'sha512';
  if (!isUsable || (mgf1HashAlgorithm ?? allowed) !== allowed || saltLength > digestSizes[allowed]) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      'The key of the signing certificate is restricted to PSS parameters that S/MIME does not use.',
      {
        remedy:
          'Use a key whose PSS parameters have SHA-256, SHA-384 or SHA-512 for both hashes and a salt no longer than the hash.',
      },
    );
  }
  return allowed;
}

/** Is it a signature of `data` by this key? False also if the key is of another kind, or too weak to mean anything. */
export function checkSignature(
  key: KeyObject,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return isSignature(key, scheme, data, signature);
  } catch {
    return false; // OpenSSL throws if a signature is malformed or its parameters do not fit the key
  }
}

function isSignature(
  key: KeyObject,
  { kind, digest, pss }: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const type = key.asymmetricKeyType;
  switch (kind) {
    case 'rsa':
      return (
        type === 'rsa' &&
        hasStrength(key) &&
        verify(digest, data, withoutPrototype({ key, padding: constants.RSA_PKCS1_PADDING }), signature)
      );
    case 'pss':
      return (
        (type === 'rsa' || type === 'rsa-pss') &&
        hasStrength(key) &&
        pss !== undefined &&
        isPssSignature(key, pss, data, signature)
      );
    case 'ecdsa':
      return type === 'ec' && verify(digest, data, withoutPrototype({ key, dsaEncoding: 'der' as const }), signature);
    case 'dsa':
      return (
        type === 'dsa' &&
        hasStrength(key) &&
        verify(digest, data, withoutPrototype({ key, dsaEncoding: 'der' as const }), signature)
      );
    case 'ed25519':
      return type === 'ed25519' && verify(null, data, withoutPrototype({ key }), signature);
    case 'ed448':
      return type === 'ed448' && verify(null, data, withoutPrototype({ key }), signature);
  }
}

/** Starts the hash of a content. SHAKE256 gives 512 bits (RFC 8419 section 2.3). */
export function startDigest(digest: HashName): ReturnType<typeof createHash> {
  return digest === 'shake256' ? createHash('shake256', { outputLength: 64 }) : createHash(digest);
}

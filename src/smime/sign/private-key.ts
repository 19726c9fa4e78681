/**
 * The key that signs: in memory by node:crypto, or in a device or service by a `PrivateKeySigner`.
 * @module
 */
import { constants, createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject, SignKeyObjectInput } from 'node:crypto';
import { untilAborted } from '../../async/until-aborted.js';
import { throwIfAborted } from '../../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import type { LoadedCertificate, PrivateKeySigner } from '../../model/certificate.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { asBuffer, isBytes } from '../../util/bytes.js';
import { integer, sequence } from '../../util/der.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { checkSignature } from '../cms/signature.js';
import type { SigningScheme } from '../cms/signature.js';
import { smimeError } from '../cms/smime-error.js';

/** Signs data. Returns the signature itself if that is faster than a hop to the thread pool and back. */
export type SignData = (data: Buffer, signal: AbortSignal) => Buffer | Promise<Buffer>;

/**
 * A signing function with the certificate's key. ERR_CERTIFICATE if the key is missing, unreadable or that of another
 * certificate.
 */
export function openPrivateKey(loaded: LoadedCertificate, certificate: Certificate, scheme: SigningScheme): SignData {
  const { privateKey } = loaded;
  if (privateKey === undefined) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `There is no private key for the certificate of ${showText(certificate.info.subject)}.`,
      {
        remedy: 'Name the key beside the certificate (keyFile, key), or use a file or store that contains both.',
      },
    );
  }
  if (!isBytes(privateKey)) return externalKey(privateKey, certificate, scheme);
  const key = readPrivateKey(privateKey);
  if (!isPair(key, certificate)) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `The private key does not belong to the certificate of ${showText(certificate.info.subject)}.`,
      {
        remedy: 'Give the key for which the certificate was issued.',
      },
    );
  }
  return localKey(key, scheme);
}

/** Reads a PKCS#8 key. ERR_CERTIFICATE if it cannot be read; no octet of it is in the error. */
export function readPrivateKey(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey(withoutPrototype({ key: asBuffer(pkcs8), format: 'der' as const, type: 'pkcs8' as const }));
  } catch {
    throw createEmailError('ERR_CERTIFICATE', 'The private key cannot be read.', {
      remedy: 'Give an RSA, EC, Ed25519 or X25519 key in PKCS#8 form.',
    });
  }
}

/**
 * Do the keys belong together? An RSA key may be marked as PSS in one place and not in the other. False also if OpenSSL
 * cannot read the key.
 */
function isPair(privateKey: KeyObject, { publicKey }: Certificate): boolean {
  try {
    const own = createPublicKey(privateKey);
    if (own.asymmetricKeyType === publicKey.asymmetricKeyType) return own.equals(publicKey);
    const [a, b] = [own, publicKey].map((key) => key.export({ format: 'der', type: 'spki' }));
    const { modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
    const tail = Math.ceil(modulusLength / 8) + 2; // modulus and the end of the exponent
    return a !== undefined && b !== undefined && modulusLength > 0 && a.subarray(-tail).equals(b.subarray(-tail));
  } catch (error) {
    if (isEmailError(error)) throw error;
    return false;
  }
}

function localKey(key: KeyObject, { kind, digest }: SigningScheme): SignData {
  if (kind === 'ecdsa') {
    const input: SignKeyObjectInput = withoutPrototype({ key, dsaEncoding: 'der' });
    return (data) => signAtOnce(() => sign(digest, data, input));
  }
  if (kind === 'ed25519') return (data) => signAtOnce(() => sign(null, data, withoutPrototype({ key })));
  const input: SignKeyObjectInput = withoutPrototype(
    kind === 'pss'
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key, padding: constants.RSA_PKCS1_PADDING },
  );
  return async (data) => {
    try {
      return await inThreadPool(digest, data, input);
    } catch (error) {
      throw cannotSign(error);
    }
  };
}

function signAtOnce(work: () => Buffer): Buffer {
  try {
    return work();
  } catch (error) {
    throw cannotSign(error);
  }
}

function inThreadPool(digest: string, data: Buffer, input: SignKeyObjectInput): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(digest, data, input, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}

function cannotSign(error: unknown): Error {
  return smimeError(
    `The key cannot sign: ${showText(reasonOf(error))}.`,
    'Check the size of the key and its parameters.',
    error,
  );
}

/**
 * A key in a device or service. Its signature is checked before it is used, so that a wrong slot is reported as an
 * error.
 */
function externalKey(signer: PrivateKeySigner, certificate: Certificate, scheme: SigningScheme): SignData {
  return async (data, signal) => {
    const digest = scheme.kind === 'ed25519' ? undefined : createHash(scheme.digest).update(asBuffer(data)).digest();
    const signature: unknown = await ask(
      () => signer.sign({ algorithm: scheme.request, data: new Uint8Array(data), digest, signal }),
      signal,
      ` of ${showText(certificate.info.subject)}`,
    );
    if (!isBytes(signature)) {
      throw smimeError('The external signer returned no signature.', 'Its sign() must resolve to a Uint8Array.');
    }
    const candidates: Buffer[] = [Buffer.from(signature)];
    if (scheme.kind === 'ecdsa') candidates.push(...derFromP1363(signature));
    const valid = candidates.find((candidate) => checkSignature(certificate.publicKey, scheme, data, candidate));
    if (valid !== undefined) return valid;
    throw smimeError(
      `The external signer returned a signature that the certificate of ${showText(certificate.info.subject)} does not verify.`,
      'Check that the signer uses the key of this certificate and the requested algorithm.',
    );
  };
}

/** An ECDSA signature of two numbers of equal length (IEEE P1363), in the DER form that CMS has. */
function derFromP1363(signature: Uint8Array): readonly Buffer[] {
  const half = signature.length / 2;
  if (!Number.isInteger(half) || half < 20 || half > 66) return [];
  return [sequence(integer(signature.subarray(0, half)), integer(signature.subarray(half)))];
}

/**
 * The answer of an external key, or the abort if that comes first. Errors of the key become ERR_SMIME; `whose` names
 * the key.
 */
export async function ask<T>(question: () => Promise<T>, signal: AbortSignal, whose = ''): Promise<T> {
  throwIfAborted(signal);
  try {
    return await untilAborted(question(), signal);
  } catch (error) {
    if (isEmailError(error)) throw error;
    throw smimeError(
      `The external key${whose} failed: ${showText(reasonOf(error))}`,
      'Check the cause, and the device or service that has the key.',
      error,
    );
  }
}

/**
 * DKIM signatures by a key that cannot be exported: a device or a key service.
 * @module
 */
import type { KeyObject } from 'node:crypto';
import { untilAborted } from '../../async/until-aborted.js';
import { abortError } from '../../errors/abort.js';
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../../errors/email-error.js';
import type { PrivateKeySigner } from '../../model/certificate.js';
import type { EmailError } from '../../model/error.js';
import { asBuffer, isBytes } from '../../util/bytes.js';
import { nodeCrypto } from '../../util/crypto/node-crypto.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { checkedNames } from './dkim.js';
import type { DkimAlgorithm, DkimNames, DkimSigner } from './dkim.js';

/** `DkimSettings` with a signer. */
export interface ExternalDkimSettings extends DkimNames {
  readonly signer: PrivateKeySigner;
  readonly algorithm: DkimAlgorithm;
  /** As in the DNS record, or PEM. */
  readonly publicKey: string | undefined;
}

/** SubjectPublicKeyInfo before the 32 octets of an Ed25519 key (RFC 8410 section 4). */
const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex');

/** Makes a signer of an external key. ERR_MESSAGE_INVALID names a wrong setting. */
export function createExternalDkimSigner(settings: ExternalDkimSettings, path = 'dkim'): DkimSigner {
  const { signer, algorithm, publicKey } = settings;
  const isRsa = algorithm === 'rsa-sha256';
  const publicHalf = publicKey === undefined ? undefined : readPublicKey(publicKey, algorithm, `${path}.publicKey`);
  return {
    ...checkedNames(settings, path),
    algorithm,
    async sign(input, signal) {
      const digest = nodeCrypto().createHash('sha256').update(input).digest();
      // Ed25519 signs the hash, not the text (RFC 8463 section 3).
      const data = isRsa ? Uint8Array.from(input) : Uint8Array.from(digest);
      const request = isRsa
        ? { algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'sha256' } as const, data, digest, signal }
        : { algorithm: { name: 'Ed25519' } as const, data, digest: undefined, signal };
      const signature = await answer(() => signer.sign(request), signal, path);
      if (!isBytes(signature) || signature.length === 0)
        throw signerFailed(path, 'returned no signature', 'Its sign() must resolve to a Uint8Array.');
      const copy = Buffer.from(signature);
      if (publicHalf !== undefined && !verifies(publicHalf, isRsa, isRsa ? input : digest, copy))
        throw signerFailed(
          path,
          `returned a signature that ${path}.publicKey does not verify`,
          'Check that the signer uses the key of this selector, and the requested algorithm.',
        );
      return copy;
    },
  };
}

async function answer(question: () => Promise<unknown>, signal: AbortSignal, path: string): Promise<unknown> {
  if (signal.aborted) throw abortError(signal);
  try {
    return await untilAborted(question(), signal);
  } catch (error) {
    if (isEmailError(error)) throw error;
    throw signerFailed(
      path,
      `failed: ${showText(reasonOf(error))}`,
      'Check the cause, and the device or service that has the key.',
      error,
    );
  }
}

function signerFailed(path: string, what: string, remedy: string, cause?: unknown): EmailError {
  return createEmailError('ERR_SECRET', `The external key ${path}.signer ${what}.`, {
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

function readPublicKey(text: string, algorithm: DkimAlgorithm, path: string): KeyObject {
  const key = parsePublicKey(text);
  const wanted = algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
  if (key === undefined)
    throw messageInvalid(path, 'is not a public key: expected PEM, or the base64 of p= in the DNS record');
  if (key.asymmetricKeyType !== wanted)
    throw messageInvalid(path, `is a key of the kind ${key.asymmetricKeyType ?? '?'}, and algorithm is '${algorithm}'`);
  return key;
}

function parsePublicKey(text: string): KeyObject | undefined {
  const { createPublicKey } = nodeCrypto();
  if (text.includes('-----BEGIN')) return attempt(() => createPublicKey(text.replaceAll('\\n', '\n')));
  const bytes = Buffer.from(text, 'base64');
  const der = bytes.length === 32 ? Buffer.concat([ed25519Head, bytes]) : bytes;
  const read = (type: 'spki' | 'pkcs1'): KeyObject | undefined =>
    attempt(() => createPublicKey(withoutPrototype({ key: der, format: 'der' as const, type })));
  return read('spki') ?? read('pkcs1');
}

function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function verifies(key: KeyObject, isRsa: boolean, data: Uint8Array, signature: Buffer): boolean {
  return nodeCrypto().verify(isRsa ? 'sha256' : null, asBuffer(data), withoutPrototype({ key }), signature);
}

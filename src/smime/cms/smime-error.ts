/**
 * The errors of S/MIME.
 * @module
 */
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { BerError } from '../../util/ber.js';
import { showText } from '../../util/show.js';

/** ERR_SMIME. `message` says what happened and where; `remedy` says what to do. */
export function smimeError(message: string, remedy?: string, cause?: unknown): EmailError {
  return createEmailError('ERR_SMIME', message, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** ERR_SMIME for a cipher that the runtime lacks. `role` is a clause that says where the cipher occurs. */
export function cipherMissing(name: string, role: string): EmailError {
  return smimeError(
    `This runtime has no cipher ${name}, ${role}.`,
    'Use Node, which has every cipher of S/MIME; or encrypt with aes-256-cbc, which every runtime has.',
  );
}

/**
 * The one error for every failure that depends on a secret: padding, key unwrapping, tag, content. Different errors
 * would tell an attacker who sends altered copies of a message something about its plain text (RFC 3218, RFC 5652
 * section 14).
 */
export function decryptionError(): EmailError {
  return smimeError(
    'The message cannot be decrypted with this certificate and key.',
    'Check that the key belongs to the certificate that the message was encrypted for, and that the message arrived unaltered.',
  );
}

/**
 * Runs `work` and makes an EmailError of any other error: OpenSSL has errors of its own for odd keys, Node for strings
 * and buffers that are too long. `what` says which work failed.
 */
export async function withTypedErrors<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw typedError(what, error);
  }
}

/** Returns an EmailError unchanged; another error becomes the cause of one. For malformed CMS the message says so. */
export function typedError(what: string, error: unknown): EmailError {
  if (isEmailError(error)) return error;
  if (error instanceof BerError)
    return smimeError(
      `The CMS structure is not well-formed: ${error.message}.`,
      'The message was damaged in transit, or is not S/MIME.',
      error,
    );
  return smimeError(`${what}: ${showText(reasonOf(error), 300)}.`, 'See the cause of this error.', error);
}

/**
 * ERR_SMIME, as everything in this folder throws it.
 */
import { createEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';

/** ERR_SMIME. `message` says what happened and where, `remedy` what to do. */
export function smimeError(message: string, remedy?: string, cause?: unknown): EmailError {
  return createEmailError('ERR_SMIME', message, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * The one error of everything that depends on a secret: padding, key unwrapping, tag, content. Telling them apart would tell an
 * attacker who sends altered copies of a message something about its plain text (RFC 3218, RFC 5652 section 14).
 */
export function decryptionError(): EmailError {
  return smimeError(
    'The message cannot be decrypted with this certificate and key.',
    'Check that the key belongs to the certificate that the message was encrypted for, and that the message arrived unaltered.',
  );
}

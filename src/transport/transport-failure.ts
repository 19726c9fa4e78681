/**
 * Turns whatever a transport throws into an EmailError. A transport may be the caller's own and throw anything.
 * @module
 */
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';

/**
 * EmailErrors are returned unchanged. The reason of an aborted signal becomes the error of that abort, anything else an
 * ERR_CONNECT.
 */
export function transportFailure(cause: unknown, signal?: AbortSignal): EmailError {
  if (isEmailError(cause)) return cause;
  if (signal?.aborted === true && cause === signal.reason) return abortError(signal);
  return createEmailError('ERR_CONNECT', `The transport failed: ${reasonOf(cause)}`, {
    cause,
    remedy: 'Check the cause of this error, and the transport that was passed to createMailer.',
  });
}

/**
 * ERR_CERTIFICATE, the error of this folder.
 * @module
 */
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';

/** ERR_CERTIFICATE. `reason` states the fault, `remedy` what to do; neither contains a password. */
export function certificateError(reason: string, remedy: string, cause?: unknown): EmailError {
  return createEmailError('ERR_CERTIFICATE', reason, { remedy, ...(cause === undefined ? {} : { cause }) });
}

/**
 * Puts the place (a profile's field, a file, a store) in front of the message of an ERR_CERTIFICATE. Other errors are
 * returned unchanged.
 */
export function atPlace<E>(error: E, place: string): E | EmailError {
  if (!isEmailError(error) || error.code !== 'ERR_CERTIFICATE' || error.message.startsWith(place)) return error;
  const { message, remedy, cause } = error;
  return createEmailError('ERR_CERTIFICATE', `${place}: ${message}`, {
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

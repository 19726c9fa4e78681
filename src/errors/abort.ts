/**
 * Turns an aborted signal into an error. All aborts have the same text.
 * @module
 */
import type { EmailError } from '../model/error.js';
import { showText } from '../util/show.js';
import { createEmailError, isEmailError, withDetails } from './email-error.js';
import type { EmailErrorDetails } from './email-error.js';

/**
 * The error for an aborted signal: its reason if that is an EmailError (a deadline, a close), else ERR_ABORTED.
 * `details` are added.
 */
export function abortError(signal: AbortSignal, details: EmailErrorDetails = {}): EmailError {
  const reason: unknown = signal.reason;
  if (isEmailError(reason)) return withDetails(reason, details);
  const { name }: { readonly name?: unknown } = Object(reason);
  const kind = typeof name === 'string' && name !== '' ? ` (${showText(name, 40)})` : '';
  return createEmailError('ERR_ABORTED', `The operation was aborted by its signal${kind}`, {
    cause: reason,
    ...details,
  });
}

/** Throws `abortError` once the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal);
}

import type { EmailError } from '../model/error.js';
import { createEmailError, isEmailError, withDetails } from './email-error.js';
import type { EmailErrorDetails } from './email-error.js';

/** Why a signal ended the work: its own typed reason (a deadline, a close), else ERR_ABORTED; with what the caller knows. */
export function abortError(signal: AbortSignal, details: EmailErrorDetails = {}): EmailError {
  const reason: unknown = signal.reason;
  if (isEmailError(reason)) return withDetails(reason, details);
  return createEmailError('ERR_ABORTED', 'The operation was aborted', { cause: reason, ...details });
}

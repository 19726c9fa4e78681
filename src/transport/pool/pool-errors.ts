/**
 * Errors of messages that wait for a connection.
 * @module
 */
import { closedError } from '../../errors/closed-error.js';
import { createEmailError, isEmailError, reasonOf, withDetails } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';

/** Details in the errors of waiting messages. */
export const whileWaiting = { phase: 'connect' } as const;

export function closedBeforeSent(): EmailError {
  return closedError('The mailer was closed before the message was sent');
}

export function endedUnused(): EmailError {
  return createEmailError('ERR_CONNECT', 'The connection ended before it could be used.', { retryable: true });
}

/** A separate error for each waiting message. */
export function copyOf(cause: unknown): EmailError {
  if (isEmailError(cause)) return withDetails(cause, { delivery: 'not-delivered', recipients: undefined });
  return createEmailError('ERR_CONNECT', `No connection could be opened: ${reasonOf(cause)}`, {
    cause,
    retryable: true,
  });
}

export function isPermanentRefusal(failure: Error): boolean {
  return isEmailError(failure) && failure.phase === 'transaction' && (failure.reply?.code ?? 0) >= 500;
}

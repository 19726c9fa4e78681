/** What a failure means once others have the message. */
import { withDetails } from '../errors/email-error.js';
import type { EmailError, RecipientFailure } from '../model/error.js';

/**
 * The error of a part of a send, told of the whole: 'unknown' where that part may have arrived, else 'partly-delivered'. Either way
 * `recipients` has everybody who does not have the message for certain. `to` are those of the part that failed, `refused` those that
 * were refused before it, `left` those whose turn did not come.
 */
export function afterOthers(
  error: EmailError,
  to: readonly string[],
  refused: readonly RecipientFailure[],
  left: readonly string[] = [],
): EmailError {
  const delivery = error.delivery === 'unknown' ? 'unknown' : 'partly-delivered';
  return withDetails(error, { delivery, recipients: [...refused, ...withoutMessage(error, to), ...left.map(notSent)] });
}

function withoutMessage({ delivery, recipients = [] }: EmailError, to: readonly string[]): readonly RecipientFailure[] {
  // It was several parts itself, and this was done.
  if (delivery !== 'not-delivered' && recipients.length > 0) return recipients;
  const told = new Map(recipients.map((failure) => [failure.recipient, failure]));
  return to.map(
    (recipient) =>
      told.get(recipient) ??
      (delivery === 'unknown' ? { recipient, reason: 'sent and not answered: may have it' } : notSent(recipient)),
  );
}

function notSent(recipient: string): RecipientFailure {
  return { recipient, reason: 'not sent' };
}

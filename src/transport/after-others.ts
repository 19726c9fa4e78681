/**
 * What a failure means once others have the message.
 *
 * @module
 */
import { withDetails } from '../errors/email-error.js';
import type { EmailError, RecipientFailure } from '../model/error.js';
import type { SmtpReply } from '../model/reply.js';
import type { RejectedRecipient } from '../model/report.js';

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
  // The error is of several parts already, and names its recipients.
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

/** The recipients with the server's replies, if the error says that the server refused all of them; else undefined. */
export function refusedRecipients(
  error: EmailError,
  recipients: readonly string[],
): readonly RejectedRecipient[] | undefined {
  if (error.delivery !== 'not-delivered') return undefined;
  const byRecipient = new Map(error.recipients?.map(({ recipient, reply }) => [recipient, reply] as const));
  const refused: RejectedRecipient[] = [];
  for (const recipient of recipients) {
    // A recipient that the list of the refused leaves out had no answer: the connection ended before it.
    const reply: SmtpReply | undefined = byRecipient.get(recipient) ?? (error.recipients ? undefined : error.reply);
    if (!reply) return undefined;
    refused.push({ recipient, reply });
  }
  return refused;
}

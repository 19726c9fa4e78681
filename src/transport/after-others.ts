/**
 * The meaning of a failure if other recipients already have the message, and the warnings of several parts.
 * @module
 */
import { withDetails } from '../errors/email-error.js';
import type { EmailError, RecipientFailure } from '../model/error.js';
import type { SmtpReply, Warning } from '../model/reply.js';
import type { RejectedRecipient } from '../model/report.js';

/**
 * Turns the error of one part of a send into that of the whole: 'unknown' if that part may have arrived, else
 * 'partly-delivered'. In both cases `recipients` lists everyone who certainly does not have the message. `to` are the
 * recipients of the failed part, `refused` those refused before it, `left` those that were not tried.
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
  // The error already covers several parts and names its recipients.
  if (delivery !== 'not-delivered' && recipients.length > 0) return recipients;
  const told = new Map(recipients.map((failure) => [failure.recipient, failure]));
  return to.map(
    (recipient) =>
      told.get(recipient) ??
      (delivery === 'unknown' ? { recipient, reason: 'sent without a reply: may have it' } : notSent(recipient)),
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
    // If the error lists refused recipients and not this one, this one got no answer: the connection ended before.
    const reply: SmtpReply | undefined = byRecipient.get(recipient) ?? (error.recipients ? undefined : error.reply);
    if (!reply) return undefined;
    refused.push({ recipient, reply });
  }
  return refused;
}

/** Adds the warnings that are not there yet. */
export function addNew(warnings: Warning[], found: readonly Warning[]): void {
  for (const warning of found) if (!warnings.includes(warning)) warnings.push(warning);
}

/**
 * Sends a message in one transaction, or in several: with `server.maxRecipients`, and for recipients that the server
 * deferred (452, RFC 5321 section 4.5.3.1.10).
 * @module
 */
import type { TransactionOutcome } from '../connection/contract.js';
import { createEmailError, isEmailError, reasonOf, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Warning } from '../model/reply.js';
import type { RejectedRecipient } from '../model/report.js';
import type { TransactionReport, TransportResult } from '../model/transport.js';
import { recipientsRejected } from '../smtp/transaction/recipients.js';
import { afterOthers, refusedRecipients } from './after-others.js';

const none: readonly string[] = [];

/**
 * Sends to at most `most` recipients at a time. After recipients were refused, the next part is still tried; after any
 * other failure it is not, and the error covers all recipients. `transact` adds the warnings of its transaction to
 * `warnings`.
 */
export async function sendInParts(
  to: readonly string[],
  most: number,
  warnings: readonly Warning[],
  transact: (to: readonly string[]) => Promise<TransactionOutcome>,
): Promise<TransportResult> {
  const transactions: TransactionReport[] = [];
  const accepted: string[] = [];
  const rejected: RejectedRecipient[] = [];
  let failure: EmailError | undefined;
  for (let waiting = to; waiting.length > 0;) {
    const part = waiting.length > most ? waiting.slice(0, most) : waiting;
    const left = part === waiting ? none : waiting.slice(part.length);
    try {
      const outcome = await transact(part);
      transactions.push({ recipients: outcome.accepted, reply: outcome.reply, bytes: outcome.bytes });
      // The case of nearly every message.
      if (part === to && outcome.deferred.length === 0)
        return {
          accepted: outcome.accepted,
          rejected: outcome.rejected,
          reply: outcome.reply,
          transactions,
          warnings,
        };
      accepted.push(...outcome.accepted);
      rejected.push(...outcome.rejected);
      waiting = [...outcome.deferred, ...left];
    } catch (cause) {
      const error = isEmailError(cause) ? cause : createEmailError('ERR_CONNECT', reasonOf(cause), { cause });
      const isOfRecipients = error.code === 'ERR_RECIPIENTS_REJECTED';
      // If every recipient of the last part was refused, that is a result and not an error, because others have the
      // message.
      const refused =
        isOfRecipients || (accepted.length > 0 && left.length === 0) ? refusedRecipients(error, part) : undefined;
      if (refused === undefined) throw ofAll(error, { part, left, rejected, othersHaveIt: accepted.length > 0 });
      failure ??= error;
      rejected.push(...refused);
      waiting = left;
    }
  }
  const reply = transactions[0]?.reply;
  if (reply === undefined)
    throw rejected.length === to.length && to.length <= most ? failure : recipientsRejected(rejected);
  return { accepted, rejected, reply, transactions, warnings };
}

/** Turns the error of one part into that of the whole message. */
function ofAll(
  error: EmailError,
  state: {
    readonly part: readonly string[];
    readonly left: readonly string[];
    readonly rejected: readonly RejectedRecipient[];
    readonly othersHaveIt: boolean;
  },
): EmailError {
  const { part, left, rejected, othersHaveIt } = state;
  if (othersHaveIt) return afterOthers(error, part, rejected, left);
  if (rejected.length === 0 && (left.length === 0 || error.delivery === 'not-delivered')) return error;
  if (error.delivery !== 'not-delivered') return afterOthers(error, part, rejected, left);
  return withDetails(error, { recipients: [...rejected, ...(error.recipients ?? [])] });
}

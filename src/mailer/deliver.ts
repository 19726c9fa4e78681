/**
 * Sends the copies of a message through the transport, and makes one result or one error of their outcomes.
 * @module
 */
import type { PreparedMessage } from '../compose/prepared-message.js';
import { withDetails } from '../errors/email-error.js';
import type { EmailError, SendAttempt } from '../model/error.js';
import type { SendOptions, SendResult } from '../model/mailer.js';
import type { Warning } from '../model/reply.js';
import type { RejectedRecipient } from '../model/report.js';
import type { TransactionReport, Transport } from '../model/transport.js';
import { addNew, afterOthers, refusedRecipients } from '../transport/after-others.js';
import { queueIdOf } from '../smtp/queue-id.js';
import type { OwnTransport } from './late-transport.js';
import { transportFailure } from '../transport/transport-failure.js';

/** The transport of a delivery, and what ends it. */
export interface Delivery {
  readonly transport: Transport;
  /** The transport again, if it is the library's own. */
  readonly ownTransport: OwnTransport | undefined;
  readonly signal: AbortSignal;
  /**
   * Can only a forced close() abort the signal? A forced close() ends the connections of the library's own transport,
   * so its sends then need no signal.
   */
  readonly isQuiet: boolean;
  /** Time at which the send began, by `performance.now()`. */
  readonly start: number;
}

/**
 * Sends the copies one after the other. The error of a failed copy describes the whole message, because other copies
 * may have been delivered.
 */
export async function deliver(
  prepared: PreparedMessage,
  options: SendOptions,
  { transport, ownTransport, signal, isQuiet, start }: Delivery,
): Promise<SendResult> {
  const transactions: TransactionReport[] = [];
  const rejected: RejectedRecipient[] = [];
  const warnings: Warning[] = [...prepared.warnings];
  const requireAllRecipients = options.requireAllRecipients ?? false;
  const { onProgress } = options;
  const quiet = isQuiet ? ownTransport : undefined;
  const { dsnIfOffered } = prepared;
  let bytes = 0;
  let failure: EmailError | undefined;
  let attempts: readonly SendAttempt[] | undefined;
  for (const copy of prepared.copies) {
    try {
      const { compose } = copy;
      const sending =
        quiet === undefined
          ? transport.send(copy.envelope, compose, { requireAllRecipients, onProgress, dsnIfOffered, signal })
          : quiet.send(copy.envelope, compose, {
              requireAllRecipients,
              onProgress,
              dsnIfOffered,
              signal: undefined,
            });
      const result = await sending;
      const made = result.transactions ?? [];
      transactions.push(...made);
      for (const transaction of made) bytes += transaction.bytes;
      if (result.attempts !== undefined) attempts = [...(attempts ?? []), ...result.attempts];
      rejected.push(...result.rejected);
      if (result.warnings !== undefined) addNew(warnings, result.warnings);
    } catch (cause) {
      let error = transportFailure(cause, signal);
      if (error.attempts !== undefined) {
        attempts = [...(attempts ?? []), ...error.attempts];
        error = withDetails(error, { attempts });
      }
      const mayLeaveOut = error.code === 'ERR_RECIPIENTS_REJECTED' && !requireAllRecipients;
      const refused = mayLeaveOut ? refusedRecipients(error, copy.envelope.to) : undefined;
      if (!refused) {
        const { copies } = prepared;
        if (copies.length === 1 || (transactions.length === 0 && error.delivery === 'not-delivered')) throw error;
        throw afterOthers(
          error,
          copy.envelope.to,
          rejected,
          copies.slice(copies.indexOf(copy) + 1).flatMap(({ envelope }) => envelope.to),
        );
      }
      failure ??= error;
      rejected.push(...refused);
    }
  }
  const first = transactions[0];
  if (!first) throw withDetails(failure as EmailError, { recipients: rejected, attempts });
  return {
    messageId: prepared.messageId,
    envelope: prepared.envelope,
    accepted: transactions.length === 1 ? first.recipients : transactions.flatMap(({ recipients }) => recipients),
    rejected,
    reply: first.reply,
    queueId: queueIdOf(first.reply),
    transactions,
    bytes,
    durationMs: Math.round(performance.now() - start),
    warnings,
    attempts,
    originalRecipients: prepared.originalRecipients,
  };
}

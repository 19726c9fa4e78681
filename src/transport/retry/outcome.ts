/**
 * The outcome of a message over several attempts: who has it, who was refused, and who may still be tried.
 * @module
 */
import { createEmailError, withDetails } from '../../errors/email-error.js';
import type { EmailError, RecipientFailure, SendAttempt } from '../../model/error.js';
import type { SmtpReply, Warning } from '../../model/reply.js';
import type { RejectedRecipient } from '../../model/report.js';
import type { TransactionReport, TransportResult } from '../../model/transport.js';
import { addNew, afterOthers, refusedRecipients } from '../after-others.js';

export class Outcome {
  /** The recipients of the next attempt. */
  waiting: readonly string[];
  readonly attempts: SendAttempt[] = [];
  readonly warnings: Warning[] = [];
  readonly #accepted: string[] = [];
  readonly #transactions: TransactionReport[] = [];
  #reply: SmtpReply | undefined;
  /** Recipients refused with 5yz. */
  readonly #rejected: RejectedRecipient[] = [];
  /** The latest 4yz reply to each recipient. */
  readonly #deferred = new Map<string, RejectedRecipient>();
  /** The error of an attempt that delivered to some, and those whom it did not try. */
  #partly: EmailError | undefined;
  readonly #untried: RecipientFailure[] = [];

  constructor(recipients: readonly string[]) {
    this.waiting = recipients;
  }

  /** Does anyone have the message? */
  get isAccepted(): boolean {
    return this.#accepted.length > 0;
  }

  /** Takes the result of an attempt. Returns the 4yz replies to those who may be tried again. */
  took({ accepted, rejected, reply, transactions, warnings }: TransportResult): readonly SmtpReply[] {
    this.#accepted.push(...accepted);
    this.#reply ??= reply;
    this.#transactions.push(...(transactions ?? [{ recipients: accepted, reply, bytes: 0 }]));
    if (warnings !== undefined) addNew(this.warnings, warnings);
    return this.#refuse(rejected);
  }

  /** Takes the error of an attempt that delivered to some. Returns the 4yz replies to those who may be tried again. */
  tookPartly(error: EmailError): readonly SmtpReply[] {
    const { recipients = [] } = error;
    const without = new Set(recipients.map(({ recipient }) => recipient));
    this.#accepted.push(...this.waiting.filter((recipient) => !without.has(recipient)));
    this.#partly ??= error;
    this.#untried.push(...recipients.filter(({ reply }) => reply === undefined));
    return this.#refuse(recipients.filter(hasReply));
  }

  /** Takes refused recipients when no one else was accepted. Returns the 4yz replies. */
  refused(recipients: readonly RecipientFailure[]): readonly SmtpReply[] {
    const tried = this.waiting;
    const replies = this.#refuse(recipients.filter(hasReply));
    const refused = new Set(this.#rejected.map(({ recipient }) => recipient));
    this.waiting = tried.filter((recipient) => !refused.has(recipient));
    return replies;
  }

  #refuse(rejected: readonly RejectedRecipient[]): readonly SmtpReply[] {
    const replies: SmtpReply[] = [];
    this.waiting = rejected.filter(({ reply }) => reply.code < 500).map(({ recipient }) => recipient);
    for (const { recipient, reply } of rejected) {
      if (reply.code < 500) {
        this.#deferred.set(recipient, { recipient, reply });
        replies.push(reply);
      } else {
        this.#deferred.delete(recipient);
        this.#rejected.push({ recipient, reply });
      }
    }
    return replies;
  }

  /** The result, if someone has the message. Recipients that are still waiting were refused for now. */
  result(): TransportResult {
    const rejected = [...this.#rejected, ...this.#stillDeferred()];
    const reply = this.#reply;
    if (this.#partly !== undefined || reply === undefined) {
      const error = this.#partly ?? createEmailError('ERR_CONNECT', 'No server accepted the message.');
      throw withDetails(error, { recipients: [...rejected, ...this.#untried], attempts: this.attempts });
    }
    return {
      accepted: this.#accepted,
      rejected,
      reply,
      transactions: this.#transactions,
      warnings: this.warnings,
      attempts: this.attempts,
    };
  }

  /**
   * Ends after an error without a further attempt. If others have the message and the server refused those who were
   * waiting, or they were refused before, that is a result.
   */
  endedBy(error: EmailError, isOfCaller: boolean): TransportResult {
    const { attempts } = this;
    if (this.isAccepted) {
      if (error.delivery === 'not-delivered' && !isOfCaller) {
        const refused = refusedRecipients(error, this.waiting);
        for (const { recipient, reply } of refused ?? []) this.#deferred.set(recipient, { recipient, reply });
        return this.result();
      }
      throw withDetails(afterOthers(error, this.waiting, [...this.#rejected, ...this.#untried]), { attempts });
    }
    if (this.#rejected.length === 0) throw withDetails(error, { attempts });
    if (error.delivery === 'unknown') throw withDetails(afterOthers(error, this.waiting, this.#rejected), { attempts });
    const told = new Map([...this.#rejected, ...(error.recipients ?? [])].map((each) => [each.recipient, each]));
    throw withDetails(error, { attempts, recipients: [...told.values()] });
  }

  #stillDeferred(): readonly RejectedRecipient[] {
    return this.waiting.flatMap((recipient) => this.#deferred.get(recipient) ?? []);
  }
}

function hasReply(failure: RecipientFailure): failure is RejectedRecipient {
  return failure.reply !== undefined;
}

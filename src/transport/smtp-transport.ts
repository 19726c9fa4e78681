/** The transport that `createMailer` uses: SMTP or LMTP over pooled connections. */
import { createAbortController } from '../async/abort-controller.js';
import type { ConnectionObserver, SmtpConnection, TransactionOutcome } from '../connection/contract.js';
import { isStale } from '../connection/stale.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Envelope } from '../model/envelope.js';
import type { SmtpReply, Warning } from '../model/reply.js';
import type { ConnectionReport, RejectedRecipient } from '../model/report.js';
import type {
  ContentCapabilities,
  OutgoingContent,
  TransactionReport,
  Transport,
  TransportResult,
  TransportSendOptions,
} from '../model/transport.js';
import type { ResolvedPool } from '../profile/defaults.js';
import { isConcurrencyRefusal } from '../smtp/reply-error.js';
import { afterOthers } from './after-others.js';
import { testConnection } from './connection-test.js';
import type { TestedServer } from './diagnosis.js';
import { EarlyContent } from './early-content.js';
import { ConnectionPool } from './pool.js';

/** Options of a send through this library's transport: without a signal, only a forced close() ends it. */
export interface OwnSendOptions extends Omit<TransportSendOptions, 'signal'> {
  readonly signal: AbortSignal | undefined;
}

/** Opens a connection; a given observer hears of it besides whoever else does, and of a connection that is a test. */
export type OpenSmtpConnection = (signal: AbortSignal, observer?: ConnectionObserver) => Promise<SmtpConnection>;

export class SmtpTransport implements Transport {
  readonly #open: OpenSmtpConnection;
  readonly #tested: TestedServer;
  readonly #pool: ConnectionPool;
  /** What the last connection was found to take: the next will hardly differ. */
  #accepts: ContentCapabilities | undefined;

  constructor(pool: ResolvedPool, open: OpenSmtpConnection, tested: TestedServer) {
    this.#open = open;
    this.#tested = tested;
    this.#pool = new ConnectionPool(pool, {
      open: async (signal) => {
        const connection = await open(signal);
        this.#accepts = connection.accepts;
        return connection;
      },
    });
  }

  /** The recipients in one transaction, or in several where the server takes fewer at once (452, RFC 5321 section 4.5.3.1.10). */
  async send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
  ): Promise<TransportResult> {
    const warnings = new Set<Warning>();
    const first = await this.#transact(envelope, compose, options, warnings);
    if (first.deferred.length === 0) {
      const { accepted, rejected, reply } = first;
      return { accepted, rejected, reply, transactions: [reportOf(first)], warnings: [...warnings] };
    }
    const transactions = [reportOf(first)];
    const accepted = [...first.accepted];
    const rejected = [...first.rejected];
    for (let rest = first.deferred; rest.length > 0;) {
      try {
        const next = await this.#transact({ ...envelope, to: rest }, compose, options, warnings);
        transactions.push(reportOf(next));
        accepted.push(...next.accepted);
        rejected.push(...next.rejected);
        rest = next.deferred;
      } catch (cause) {
        const refused = refusedRecipients(cause, rest);
        if (!refused)
          throw afterOthers(
            isEmailError(cause) ? cause : createEmailError('ERR_CONNECT', reasonOf(cause), { cause }),
            rest,
            rejected,
          );
        rejected.push(...refused);
        rest = [];
      }
    }
    return { accepted, rejected, reply: first.reply, transactions, warnings: [...warnings] };
  }

  /** Every step on a connection of its own. Rejects with ERR_ABORTED and ERR_PROFILE_INVALID alone; the rest is in the report. */
  async test(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport> {
    return testConnection(this.#open, this.#tested, options.signal ?? createAbortController().signal);
  }

  async close(options: { readonly force?: boolean | undefined } = {}): Promise<void> {
    await this.#pool.close(options.force ?? false);
  }

  /**
   * One transaction. It goes again on another connection, once, if its connection ended before the server began with it, or if the
   * server refused it because of too many connections.
   */
  async #transact(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
    warnings: Set<Warning>,
  ): Promise<TransactionOutcome> {
    const { signal, requireAllRecipients, onProgress } = options;
    const early = new EarlyContent(compose);
    const soon = (): void => {
      if (this.#accepts !== undefined) early.begin(this.#accepts);
    };
    let isSecond = false;
    let fresh = false;
    for (;;) {
      const lease = await this.#pool.acquire(signal, fresh, soon);
      const { connection } = lease;
      let failure: EmailError | undefined;
      try {
        const lacksDsn = options.dsnIfOffered && envelope.dsn !== undefined && !connection.extensions.has('DSN');
        const outcome = await connection.transact({
          envelope: lacksDsn ? { ...envelope, dsn: undefined } : envelope,
          compose: early.compose,
          requireAllRecipients,
          signal,
          onProgress,
          onWritten: lease.written,
        });
        for (const warning of connection.warnings) warnings.add(warning);
        if (lacksDsn) warnings.add(dsnUnavailable);
        return outcome;
      } catch (error) {
        // After an abort the connection did not end through the server.
        if (isEmailError(error) && signal?.aborted !== true) failure = error;
        const isOneTooMany = isConcurrencyRefusal(error) && this.#pool.lowerLimit(connection);
        if (isOneTooMany) void connection.quit();
        fresh = !isOneTooMany;
        if (isSecond || (fresh && !isStale(error))) throw error;
        isSecond = true;
      } finally {
        lease.release(failure);
      }
    }
  }
}

const dsnUnavailable: Warning = {
  code: 'WARN_DSN_UNAVAILABLE',
  message:
    'The server offers no delivery status notifications (RFC 3461); the return receipt rides in the header alone',
};

function reportOf(outcome: TransactionOutcome): TransactionReport {
  return { recipients: outcome.accepted, reply: outcome.reply, bytes: outcome.bytes };
}

/** All recipients of a further transaction refused: that is a result, since others have the message. */
function refusedRecipients(cause: unknown, recipients: readonly string[]): readonly RejectedRecipient[] | undefined {
  if (!isEmailError(cause) || cause.delivery !== 'not-delivered') return undefined;
  const byRecipient = new Map(cause.recipients?.map(({ recipient, reply }) => [recipient, reply] as const));
  const refused: RejectedRecipient[] = [];
  for (const recipient of recipients) {
    const reply: SmtpReply | undefined = byRecipient.get(recipient) ?? cause.reply;
    if (!reply) return undefined;
    refused.push({ recipient, reply });
  }
  return refused;
}

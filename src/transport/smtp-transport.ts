/**
 * The transport that `createMailer` uses: SMTP or LMTP over pooled connections.
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import type { ConnectionObserver, SmtpConnection, TransactionOutcome } from '../connection/contract.js';
import { isStale } from '../connection/stale.js';
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Envelope } from '../model/envelope.js';
import type { Warning } from '../model/reply.js';
import type { ConnectionReport } from '../model/report.js';
import type {
  ContentCapabilities,
  OutgoingContent,
  Transport,
  TransportResult,
  TransportSendOptions,
} from '../model/transport.js';
import type { ResolvedPool } from '../profile/resolve.js';
import { isConcurrencyRefusal } from '../smtp/reply-error.js';
import { addNew } from './after-others.js';
import type { TestedServer } from './diagnosis.js';
import { EarlyContent } from './early-content.js';
import { sendInParts } from './in-parts.js';
import { ConnectionPool } from './pool/pool.js';
import type { PoolStats } from './pool/pool.js';
import type { RateLimiter } from './pool/rate-limiter.js';

/** Options of a send through the library's own transport. Without a signal, only a forced close() ends it. */
export interface OwnSendOptions extends Omit<TransportSendOptions, 'signal'> {
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens a connection. A given observer gets the events in addition to the logger, and means that the connection is a
 * test.
 */
export type OpenSmtpConnection = (signal: AbortSignal, observer?: ConnectionObserver) => Promise<SmtpConnection>;

export class SmtpTransport implements Transport {
  readonly #open: OpenSmtpConnection;
  readonly #tested: TestedServer;
  readonly #pool: ConnectionPool;
  /** The most recipients in one transaction. */
  readonly #maxRecipients: number;
  /**
   * The abilities of the last connection's server. Messages are composed early for these, because the next connection
   * will hardly differ.
   */
  #accepts: ContentCapabilities | undefined;

  /** A rate limit that several transports share is given as `rate`. */
  constructor(
    pool: ResolvedPool,
    open: OpenSmtpConnection,
    tested: TestedServer,
    maxRecipients = Infinity,
    rate?: RateLimiter,
  ) {
    this.#open = open;
    this.#tested = tested;
    this.#maxRecipients = maxRecipients;
    const opened = async (signal: AbortSignal): Promise<SmtpConnection> => {
      const connection = await open(signal);
      this.#accepts = connection.accepts;
      return connection;
    };
    this.#pool = new ConnectionPool(pool, { open: opened }, rate);
  }

  /** Numbers of connections and of waiting messages. */
  stats(): PoolStats {
    return this.#pool.stats;
  }

  /**
   * Sends to all recipients, in one transaction or in several: because of `server.maxRecipients`, or if the server
   * accepts fewer at once.
   */
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
  ): Promise<TransportResult> {
    const most = this.#maxRecipients;
    const { to } = envelope;
    if (options.requireAllRecipients && to.length > most) return Promise.reject(tooManyForOne(to.length, most));
    const warnings: Warning[] = [];
    return sendInParts(to, most, warnings, (part) =>
      this.#transact(part === to ? envelope : { ...envelope, to: part }, compose, options, warnings),
    );
  }

  /**
   * Tests each step on a connection of its own. Rejects only with ERR_PROFILE_INVALID, ERR_ABORTED or the signal's
   * reason; other errors are in the report.
   */
  async test(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport> {
    const { testConnection } = await import('./connection-test.js');
    return testConnection(this.#open, this.#tested, options.signal ?? createAbortController().signal);
  }

  async close(options?: { readonly force?: boolean | undefined }): Promise<void> {
    await this.#pool.close(options?.force ?? false);
  }

  /**
   * Runs one transaction. It is tried once more on another connection if its connection ended before the server started
   * it, or if the server refused it because of too many connections.
   */
  async #transact(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
    warnings: Warning[],
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
        addNew(warnings, connection.warnings);
        if (lacksDsn) addNew(warnings, [dsnUnavailable]);
        return outcome;
      } catch (error) {
        // After an abort, the connection was not ended by the server.
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
    'The server offers no delivery status notifications (RFC 3461); the return receipt is requested by the header field only',
};

/** Sent in several transactions, an accepted one could not be taken back if a later one were refused. */
function tooManyForOne(count: number, most: number): EmailError {
  const message =
    `names ${count} recipients, which do not fit in one transaction: server.maxRecipients is ${most}, and with ` +
    'requireAllRecipients there must be only one';
  return createEmailError('ERR_MESSAGE_INVALID', `The message cannot be sent: envelope.to: ${message}`, {
    problems: [{ path: 'envelope.to', message }],
    remedy: 'Send to fewer recipients at once, or without requireAllRecipients.',
  });
}

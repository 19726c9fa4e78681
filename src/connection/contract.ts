/**
 * The types of a connection: its input, and its interface for the layers above.
 * @module
 */
import type { Authentication } from '../model/settings/authentication.js';
import type { Envelope } from '../model/envelope.js';
import type { EmailError } from '../model/error.js';
import type { LogEvent } from '../model/log.js';
import type { Connector } from '../model/settings/proxy.js';
import type { SmtpReply, Warning } from '../model/reply.js';
import type { ConnectionStepReport, RejectedRecipient, TlsReport } from '../model/report.js';
import type { TlsSettings } from '../model/settings/server.js';
import type { ContentCapabilities, OutgoingContent, SendProgress } from '../model/transport.js';
import type { LoadClientIdentity } from '../net/tls-identity.js';
import type { ResolvedServer, ResolvedTimeouts } from '../profile/resolve.js';

/** A log event without its time and the number of its connection, which the event sink adds. */
export type ConnectionLogEvent = LogEvent extends infer E
  ? E extends LogEvent
    ? Omit<E, 'time' | 'connection'>
    : never
  : never;

/** A request for a bearer token. */
export interface TokenQuery {
  readonly signal: AbortSignal;
  /** The token that the server refused; a different one is needed. */
  readonly refused?: string | undefined;
  readonly warn: (warning: Warning) => void;
}

/** Supplies bearer tokens to connections. */
export interface TokenProvider {
  /** Can a refused token be replaced by another one? */
  readonly renewable: boolean;
  /**
   * Rejects with ERR_OAUTH2 if no token can be obtained without a person, and with the errors of the token store, of
   * secrets and of the signal.
   */
  readonly token: (query: TokenQuery) => Promise<string>;
}

/** The server's settings; those that a single connection does not need may be left out. */
type ServerSettings = Omit<ResolvedServer, 'tls' | 'timeouts' | 'localAddress' | 'maxRecipients'>;

/** The settings of a connection. All defaults are filled in; secrets are still references. */
export interface ConnectionSettings extends ServerSettings {
  readonly timeouts: ConnectionTimeouts;
  readonly tls: TlsSettings;
  readonly authentication: Authentication | undefined;
  /** Connects to the server, directly or through proxies. */
  readonly connector: Connector;
  /** Messages that may be in flight at once, at least 1. */
  readonly messagesInFlight: number;
  /** Supplies the token of methods 'xoauth2' and 'oauthbearer' if `authentication` has none. */
  readonly tokens?: TokenProvider | undefined;
  /** Reads the TLS client certificate; required with `tls.clientCertificate`. */
  readonly loadClientIdentity?: LoadClientIdentity | undefined;
}

/** `Timeouts` without totalMs, for which the caller uses a signal. 0 means no limit. */
export type ConnectionTimeouts = Omit<ResolvedTimeouts, 'totalMs'>;

/** Listeners of a connection. No event is made for an absent function. */
export interface ConnectionObserver {
  readonly event?: ((event: ConnectionLogEvent) => void) | undefined;
  /** Called at the end of each step of the set-up, even a failed one; for the report of testConnection(). */
  readonly step?: ((step: ConnectionStepReport) => void) | undefined;
  /** Called after each EHLO, even if the connection fails later. */
  readonly found?: ((found: Pick<SmtpConnection, 'extensions' | 'tls'>) => void) | undefined;
}

/** One message to one set of recipients. */
export interface Transaction {
  readonly envelope: Envelope;
  /** Called before anything is sent, with the server's abilities. */
  readonly compose: (accepts: ContentCapabilities) => Promise<OutgoingContent>;
  readonly requireAllRecipients: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
  /** Called once, when the whole message has been passed on and only the server's reply is awaited. Must not throw. */
  readonly onWritten?: (() => void) | undefined;
}

/**
 * A transaction that the server accepted for at least one recipient. In every other case the promise rejects with an
 * EmailError.
 */
export interface TransactionOutcome {
  readonly accepted: readonly string[];
  readonly rejected: readonly RejectedRecipient[];
  /**
   * Recipients answered with 452 'too many recipients' (RFC 5321 section 4.5.3.1.10), which need a further transaction.
   */
  readonly deferred: readonly string[];
  /** The reply to the end of data; with LMTP the first that accepted. */
  readonly reply: SmtpReply;
  /** Octets of content. */
  readonly bytes: number;
}

/** A connection that is greeted, secured and authenticated. */
export interface SmtpConnection {
  readonly id: number;
  /** Can it take a transaction, now or when one in flight ends? Once false, it stays false. */
  readonly usable: boolean;
  /** The reason why it is closed, with the server's text if that ended it. Undefined while it is open. */
  readonly closeReason: Error | undefined;
  /** Number of transactions under way. */
  readonly inFlight: number;
  /** Number of finished transactions, failed ones included. */
  readonly completed: number;
  /**
   * Has the server accepted a MAIL? Otherwise the connection was opened in vain if it ends. It was also opened in vain if
   * its replies got out of step before it accepted a message, or if it refused one because of the number of
   * connections.
   */
  readonly served: boolean;
  /** The extensions of the last EHLO: parameters by keyword in upper case. */
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  /** The content that these extensions allow. */
  readonly accepts: ContentCapabilities;
  readonly mechanism: string | undefined;
  readonly tls: TlsReport | undefined;
  readonly warnings: readonly Warning[];
  /**
   * Runs one mail transaction. May be called again while fewer than `messagesInFlight` are under way. If `isStale` is
   * true for its error, the connection ended before the server can have started this transaction, and it may be tried
   * once on another connection.
   */
  transact(transaction: Transaction): Promise<TransactionOutcome>;
  /** Lets the connection hold the process. `unref()` undoes that, for an idle connection. */
  ref(): void;
  unref(): void;
  /**
   * Waits for transactions in flight, sends QUIT, reads its reply and closes. Never rejects. Resolves with an error if
   * the server refused QUIT or answered with bytes that are not a reply; with undefined otherwise, also if it closed
   * without a reply.
   */
  quit(): Promise<EmailError | undefined>;
  /** Closes at once; transactions in flight reject with `reason`. */
  destroy(reason?: Error): void;
  /** `listener` is called once, when the connection is closed for any cause. */
  onClose(listener: () => void): void;
}

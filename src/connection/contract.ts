import type { Authentication } from '../model/authentication.js';
import type { LoadClientIdentity } from '../net/tls-contexts.js';
import type { Envelope } from '../model/envelope.js';
import type { EmailError } from '../model/error.js';
import type { LogEvent } from '../model/log.js';
import type { Connector } from '../model/proxy.js';
import type { ConnectionStepReport, RejectedRecipient, TlsReport } from '../model/report.js';
import type { SmtpReply, Warning } from '../model/reply.js';
import type { Security, TlsSettings } from '../model/server.js';
import type { ContentCapabilities, OutgoingContent, SendProgress } from '../model/transport.js';

/** A log event before it has its time and the number of its connection. */
export type ConnectionLogEvent = LogEvent extends infer E
  ? E extends LogEvent
    ? Omit<E, 'time' | 'connection'>
    : never
  : never;

/** How a connection asks for a bearer token. */
export interface TokenQuery {
  readonly signal: AbortSignal;
  /** The token that the server refused: another one is wanted. */
  readonly refused?: string | undefined;
  readonly warn: (warning: Warning) => void;
}

/** Gives bearer tokens to connections. */
export interface TokenProvider {
  /** Can a token that was refused be replaced by another one? */
  readonly renewable: boolean;
  /** ERR_OAUTH2 where no token can be had without a person. */
  readonly token: (query: TokenQuery) => Promise<string>;
}

/** Everything a connection is made from; all defaults filled, secrets still references. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly protocol: 'smtp' | 'lmtp';
  readonly localName: string | undefined;
  /** EHLO keywords in upper case that are treated as not offered. */
  readonly ignoreExtensions: ReadonlySet<string>;
  readonly timeouts: ConnectionTimeouts;
  readonly tls: TlsSettings;
  readonly authentication: Authentication | undefined;
  /** The way to the server: direct, or through proxies. */
  readonly connector: Connector;
  /** Messages in flight at once, at least 1. */
  readonly messagesInFlight: number;
  /** Gives the token of methods 'xoauth2' and 'oauthbearer' where `authentication` has none. */
  readonly tokens?: TokenProvider | undefined;
  /** Reads the TLS client certificate; needed where `tls.clientCertificate` is set. */
  readonly loadClientIdentity?: LoadClientIdentity | undefined;
}

/** As `Timeouts`, without totalMs, which is the caller's signal. 0 = no limit. */
export interface ConnectionTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly replyMs: number;
  readonly stallMs: number;
  readonly acceptanceMs: number;
}

/** Who hears of a connection. Absent functions cost nothing: no event is made. */
export interface ConnectionObserver {
  readonly event?: ((event: ConnectionLogEvent) => void) | undefined;
  /** Each step of the set-up as it ends, failed ones too; for the report of testConnection(). */
  readonly step?: ((step: ConnectionStepReport) => void) | undefined;
  /** What was found by each EHLO, also of a connection that fails later. */
  readonly found?: ((found: Pick<SmtpConnection, 'extensions' | 'tls'>) => void) | undefined;
}

/** One message on its way. */
export interface Transaction {
  readonly envelope: Envelope;
  /** Called once it is known what the server accepts. */
  readonly compose: (accepts: ContentCapabilities) => Promise<OutgoingContent>;
  readonly requireAllRecipients: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
  /** Called once when all of the message was handed over, and only the server's word is left to be awaited. Must not throw. */
  readonly onWritten?: (() => void) | undefined;
}

/** A transaction that the server took for at least one recipient. Everything else rejects with an EmailError. */
export interface TransactionOutcome {
  readonly accepted: readonly string[];
  readonly rejected: readonly RejectedRecipient[];
  /** Answered 452 'too many recipients' (RFC 5321 section 4.5.3.1.10): wanting a further transaction. */
  readonly deferred: readonly string[];
  /** The reply to the end of data; with LMTP the first that accepted. */
  readonly reply: SmtpReply;
  /** Octets of content. */
  readonly bytes: number;
}

/** A connection that is greeted, secured and authenticated. */
export interface SmtpConnection {
  readonly id: number;
  /** May it take a transaction (now, or when one in flight ends)? False from the first doubt on, and never true again. */
  readonly usable: boolean;
  /** Why it is closed: the server's own words where those ended it. Undefined while it is open. */
  readonly closeReason: Error | undefined;
  /** Transactions begun and not settled. */
  readonly inFlight: number;
  /** Transactions that ended well or badly; above 0 the connection is a reused one. */
  readonly completed: number;
  /** Has the server answered a MAIL here, well or badly? One that ends before that was opened in vain. */
  readonly served: boolean;
  /** Upper-case keyword to parameters, of the last EHLO. */
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  /** What content that allows. */
  readonly accepts: ContentCapabilities;
  readonly mechanism: string | undefined;
  readonly tls: TlsReport | undefined;
  readonly warnings: readonly Warning[];
  /**
   * Runs one mail transaction. May be called again while fewer than `messagesInFlight` are under way. An error of which
   * `isStale` holds says that the connection ended before the server can have begun with this transaction: it may be tried once
   * on another connection.
   */
  transact(transaction: Transaction): Promise<TransactionOutcome>;
  /** An idle connection does not hold the process. */
  ref(): void;
  unref(): void;
  /**
   * QUIT and its reply, then closed; waits for transactions in flight. Never rejects. Resolves with what the server said in place of
   * a farewell: a refusal, or bytes that are no reply. A server that closes without a word said nothing against us: undefined.
   */
  quit(): Promise<EmailError | undefined>;
  /** Closed at once; transactions in flight reject with `reason`. */
  destroy(reason?: Error): void;
  /** Called once when it is closed, for whatever cause. */
  onClose(listener: () => void): void;
}

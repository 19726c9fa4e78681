/**
 * The mailer, its options and its results.
 * @module
 */
import type { AddressInput } from './address.js';
import type { Envelope } from './envelope.js';
import type { EmailError, EmailErrorCode } from './error.js';
import type { LogEvent } from './log.js';
import type { MailMessage } from './message.js';
import type { AuthorizeOptions } from './settings/oauth2.js';
import type { Connector } from './settings/proxy.js';
import type { ConnectionReport, RejectedRecipient, SmimeReport } from './report.js';
import type { SmtpReply, Warning } from './reply.js';
import type { OAuth2Tokens, ProfileStore, TokenStore } from './store.js';
import type { SendProgress, TransactionReport, Transport } from './transport.js';

/** At most so many messages in any such time. */
export interface RateLimit {
  /** At least 1. */
  readonly messages: number;
  /** Milliseconds. */
  readonly perMs: number;
}

/** Where messages may name files. */
export interface FileRoot {
  /** A directory; links that lead out of it are refused. */
  readonly root: string;
}

/** How connections are shared. */
export interface PoolOptions {
  /** Default 3: Microsoft 365 refuses a fourth. A server that says too many lowers it. */
  readonly maxConnections?: number | undefined;
  /** Default 0 = no limit. */
  readonly maxMessagesPerConnection?: number | undefined;
  /** Default 30 000. An idle connection never keeps the process alive. */
  readonly idleTimeoutMs?: number | undefined;
  /** Default 0 = no limit. */
  readonly maxAgeMs?: number | undefined;
  /** Messages in flight on one connection. Default 1; more pipelines across messages. */
  readonly messagesInFlight?: number | undefined;
  /** At most `messages` in any `perMs` milliseconds. */
  readonly rateLimit?: RateLimit | undefined;
}

/** What a mailer is given besides its profile. */
export interface MailerOptions {
  /** How connections are shared. */
  readonly pool?: PoolOptions | undefined;
  /** Every event, secrets already gone. A throwing logger never breaks a send. See `formatLogEvent`. */
  readonly logger?: ((event: LogEvent) => void) | undefined;
  /** In place of SMTP: MemoryTransport in tests, or your own. */
  readonly transport?: Transport | undefined;
  /** In place of the profile's proxy. OAuth 2.0 requests take the same way, unless `fetch` is given. */
  readonly connector?: Connector | undefined;
  /** Where OAuth 2.0 tokens are kept. Default the `profileStore`, else memory: a refresh token that the provider rotates is then a warning. */
  readonly tokenStore?: TokenStore | undefined;
  /** Where certificates with `cache: true` are kept, and tokens unless there is a `tokenStore`. */
  readonly profileStore?: ProfileStore | undefined;
  /**
   * May messages name files, as content or as a key of `dkim`? Default true; { root } allows only files below it; false none: for
   * messages that come from a request. `{ env }` in a message needs true.
   */
  readonly fileAccess?: boolean | FileRoot | undefined;
  /** Makes the HTTP requests of OAuth 2.0, in place of the library's own client. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** Of one send. */
export interface SendOptions {
  /** Ends the send with ERR_ABORTED; `delivery` says whether the server may have the message. */
  readonly signal?: AbortSignal | undefined;
  /** Called as content leaves. One that throws breaks nothing. */
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
  /** Any refusal: RSET, nothing sent. Default false. */
  readonly requireAllRecipients?: boolean | undefined;
}

/** What became of a message that the server took. */
export interface SendResult {
  /** Message-ID without brackets. */
  readonly messageId: string;
  /** The envelope used. */
  readonly envelope: Envelope;
  /** Recipients the server took the message for. */
  readonly accepted: readonly string[];
  /** Recipients it refused, with its words. */
  readonly rejected: readonly RejectedRecipient[];
  /** The reply to the end of mail data (of the first transaction); its text usually holds the server's queue id. */
  readonly reply: SmtpReply;
  /** More than one where Bcc copies are encrypted apart, or the server takes fewer recipients at once (452, RFC 5321 section 4.5.3.1.10). */
  readonly transactions: readonly TransactionReport[];
  /** Octets of content, of all transactions. */
  readonly bytes: number;
  /** Milliseconds from the call to the reply. */
  readonly durationMs: number;
  /** What works but should not stay so. */
  readonly warnings: readonly Warning[];
}

/** A message as it would be transmitted. */
export interface ComposedMessage {
  /** Who sends and receives. */
  readonly envelope: Envelope;
  /** RFC 5322 message, CRLF. */
  readonly content: Uint8Array;
}

/** One outcome of `sendAll`. */
export type SendAllResult =
  | {
      /** As it came from the iterable. */
      readonly message: MailMessage;
      /** What became of it. */
      readonly result: SendResult;
      /** Not beside `result`. */
      readonly error?: undefined;
    }
  | {
      /** As it came from the iterable. */
      readonly message: MailMessage;
      /** Not beside `error`. */
      readonly result?: undefined;
      /** Why it was not sent. */
      readonly error: EmailError;
    };

/** Failed sends of one kind. */
export interface FailedSends {
  /** Code of their error. */
  readonly code: EmailErrorCode;
  /** What became of the messages. */
  readonly delivery: EmailError['delivery'];
  /** How many. */
  readonly count: number;
}

/** Connections of a mailer now. All 0 with a transport of your own. */
export interface ConnectionStats {
  /** Open ones, idle ones included. */
  readonly open: number;
  /** Open ones on which nothing is under way. */
  readonly idle: number;
  /** Ones that are being opened. */
  readonly opening: number;
  /** How many there may be: `pool.maxConnections`, or fewer for a while where the server refused more. */
  readonly limit: number;
}

/** What a mailer does now, and what became of its sends since it was made. */
export interface MailerStats {
  /** Connections now. */
  readonly connections: ConnectionStats;
  /** Messages that wait for a connection now. */
  readonly waiting: number;
  /** Sends under way now, those that wait included. */
  readonly inFlight: number;
  /** Sends that resolved. */
  readonly sent: number;
  /** Sends that rejected, by code and delivery. */
  readonly failed: readonly FailedSends[];
}

/** Runs a profile. Make one, keep it, close it. */
export interface Mailer extends AsyncDisposable {
  /**
   * Resolves when the server took the message for at least one recipient; rejects with an EmailError.
   *
   * @example
   * ```ts
   * const { accepted, rejected } = await mailer.send({ to: 'ann@example.com', subject: 'Hello', text: 'Hello Ann' });
   * ```
   */
  send(message: MailMessage, options?: SendOptions): Promise<SendResult>;
  /**
   * Many messages with back-pressure, results in completion order; one failure does not stop the rest. A signal that aborts, or
   * close(), does: no further message is taken, and once all that was under way was told, the iteration rejects.
   *
   * @example
   * ```ts
   * for await (const { message, error } of mailer.sendAll(letters())) if (error) console.error(message.to, error.code);
   * ```
   */
  sendAll(
    messages: Iterable<MailMessage> | AsyncIterable<MailMessage>,
    options?: SendOptions,
  ): AsyncIterable<SendAllResult>;
  /** What send() would transmit: for a Sent folder, a preview, a queue. A stream in the message is spent by it. */
  compose(message: MailMessage, options?: { readonly signal?: AbortSignal | undefined }): Promise<ComposedMessage>;
  /**
   * Name, TCP, proxy, greeting, TLS, EHLO, AUTH, QUIT on a fresh connection: a step each, with time, outcome and remedy. Sends no
   * mail. Rejects only with ERR_PROFILE_INVALID, ERR_ABORTED, ERR_CLOSED.
   *
   * @example
   * ```ts
   * console.log(String(await mailer.testConnection()));
   * ```
   */
  testConnection(options?: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport>;
  /** A short message that names profile, host, security and time. Default to the sender. */
  sendTestEmail(to?: AddressInput, options?: SendOptions): Promise<SendResult>;
  /**
   * Obtains tokens with the profile's `oauth2` settings, with a person where the grant needs one, and keeps them in the token store:
   * send() uses and refreshes them from then on. ERR_OAUTH2 has the provider's words; ERR_TIMEOUT where the person did not sign in.
   */
  authorize(options?: AuthorizeOptions): Promise<OAuth2Tokens>;
  /** Sign and check a sample in memory. */
  testSigning(options?: { readonly signal?: AbortSignal | undefined }): Promise<SmimeReport>;
  /** Find each recipient's certificate and encrypt a sample in memory. */
  testEncryption(
    recipients: AddressInput | readonly AddressInput[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<SmimeReport>;
  /** Numbers for a health check or metrics; also after close(). */
  stats(): MailerStats;
  /** Waits for sends in flight unless forced. */
  close(options?: { readonly force?: boolean | undefined }): Promise<void>;
}

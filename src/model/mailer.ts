/**
 * The mailer, its options and its results.
 * @module
 */
import type { AddressInput } from './address.js';
import type { Envelope } from './envelope.js';
import type { EmailError, EmailErrorCode, SendAttempt } from './error.js';
import type { LogEvent } from './log.js';
import type { MailMessage } from './message.js';
import type { AuthorizeOptions } from './settings/oauth2.js';
import type { Connector } from './settings/proxy.js';
import type { ConnectionReport, RejectedRecipient, SmimeReport } from './report.js';
import type { SmtpReply, Warning } from './reply.js';
import type { OAuth2Tokens, ProfileStore, TokenStore } from './store.js';
import type { SendProgress, TransactionReport, Transport } from './transport.js';

/** A limit of `messages` in any period of `perMs`. */
export interface RateLimit {
  /** Number of messages, at least 1. */
  readonly messages: number;
  /** Length of the period in milliseconds. */
  readonly perMs: number;
}

/** The directory from which messages may take files. */
export interface FileRoot {
  /** A directory; links that lead out of it are refused. */
  readonly root: string;
}

/** How a mailer shares its connections. */
export interface PoolOptions {
  /** Most connections at once. Default 3: Microsoft 365 refuses a fourth. It is lowered while a server refuses more. */
  readonly maxConnections?: number | undefined;
  /** Messages on one connection before it is replaced. Default 0: no limit. */
  readonly maxMessagesPerConnection?: number | undefined;
  /**
   * Milliseconds after which an idle connection is closed. Default 30 000. An idle connection never keeps the process
   * alive.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds after which a connection is replaced. Default 0: no limit. */
  readonly maxAgeMs?: number | undefined;
  /** Messages in flight on one connection. Default 1; with more, commands are pipelined across messages. */
  readonly messagesInFlight?: number | undefined;
  /** A limit of messages in any period of time. */
  readonly rateLimit?: RateLimit | undefined;
}

/**
 * The addresses that may get mail. They are checked before anything is opened, composed or read, for every transport,
 * and for `sendTestEmail()`. Addresses are compared after parsing: the domain after IDNA and in lower case, the local
 * part exactly.
 */
export interface RecipientPolicy {
  /**
   * Addresses, as 'ann@example.com', and domains, as '\@example.com'. A subdomain is an entry of its own. An empty array
   * allows none. Absent: every address, or none if there is `redirectTo`.
   *
   * Every address of To, Cc, Bcc, of the envelope, of `Resent-` fields and of a `raw` header must be allowed. Without
   * `redirectTo`, another one is ERR_RECIPIENT_NOT_ALLOWED. A destination field that cannot be parsed is not allowed.
   */
  readonly allow?: readonly string[] | undefined;
  /**
   * Addresses that get a message instead of its recipients, if one of them is not allowed. The header fields stay, the
   * recipients are in the field `X-Original-Recipients` and in `originalRecipients` of the result, and the message is
   * encrypted for these addresses only. `envelope.dsn.recipients` is dropped.
   */
  readonly redirectTo?: string | readonly string[] | undefined;
  /** Most recipients of one message, at least 1. More are ERR_RECIPIENT_NOT_ALLOWED. Default: no limit. */
  readonly max?: number | undefined;
  /** Compares local parts without regard to the case of ASCII letters. Default false. */
  readonly foldLocalParts?: boolean | undefined;
}

/**
 * Further attempts after failures that are certain and about the server or the moment. A message whose delivery is
 * unknown is never sent again.
 */
export interface RetryOptions {
  /** Most attempts at each server, the first included, from 1 to 100. Default 3. */
  readonly attempts?: number | undefined;
  /**
   * Milliseconds before the second attempt at a server. They double with each further one, and are shortened at random
   * by up to a half. Default 1000.
   */
  readonly delayMs?: number | undefined;
  /**
   * Longest wait in milliseconds. A server that asks for a longer one, as in greylisting, is not tried again. Default
   * 60 000.
   */
  readonly maxMs?: number | undefined;
}

/** Options of a mailer, besides its profile. */
export interface MailerOptions {
  /** How connections are shared. */
  readonly pool?: PoolOptions | undefined;
  /**
   * Called with every event, without secrets. An error that it throws never makes a send fail. See `formatLogEvent`.
   */
  readonly logger?: ((event: LogEvent) => void) | undefined;
  /** Replaces SMTP: MemoryTransport in tests, or a transport of your own. */
  readonly transport?: Transport | undefined;
  /** Replaces the proxy of the profile. OAuth 2.0 requests use it too, unless `fetch` is given. */
  readonly connector?: Connector | undefined;
  /**
   * Store for OAuth 2.0 tokens. Default: the `profileStore`, else memory; a refresh token that the provider rotates
   * then causes a warning.
   */
  readonly tokenStore?: TokenStore | undefined;
  /** Store for certificates with `cache: true`, and for tokens if there is no `tokenStore`. */
  readonly profileStore?: ProfileStore | undefined;
  /**
   * May messages name files, as content or as a key of `dkim`? Default true. `{ root }` allows only files below it.
   * false allows none: use it for messages that come from a request. `{ env }` in a message needs true.
   */
  readonly fileAccess?: boolean | FileRoot | undefined;
  /**
   * Tries again what failed for now. Default: one attempt at each server of the profile. It applies to `transport` too.
   * A stream in a message is kept until its send ends, in memory up to 1 MiB and in a temporary file above.
   */
  readonly retry?: RetryOptions | undefined;
  /** The addresses that may get mail: for staging, and for mail that others write. Default: no limit. */
  readonly recipients?: RecipientPolicy | undefined;
  /**
   * Makes the text of a message that has `html` and no `text`. An empty result adds no text. An error that it throws is
   * ERR_CONTENT, and nothing is sent.
   */
  readonly textFromHtml?: ((html: string) => string | Promise<string>) | undefined;
  /** Makes the HTTP requests of OAuth 2.0 instead of the library's own client. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** Options of one send. */
export interface SendOptions {
  /** Ends the send with ERR_ABORTED; `delivery` says whether the server may have the message. */
  readonly signal?: AbortSignal | undefined;
  /** Called while content is sent. An error that it throws has no effect. */
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
  /** If the server refuses any recipient, send nothing (RSET). Default false. */
  readonly requireAllRecipients?: boolean | undefined;
}

/** The outcome of a message that the server accepted. */
export interface SendResult {
  /** Message-ID without brackets. */
  readonly messageId: string;
  /** The envelope that was used. */
  readonly envelope: Envelope;
  /** Recipients for whom the server accepted the message. */
  readonly accepted: readonly string[];
  /** Recipients that the server refused, with its replies. */
  readonly rejected: readonly RejectedRecipient[];
  /** The reply to the end of mail data (of the first transaction). */
  readonly reply: SmtpReply;
  /**
   * The server's queue id, if `reply` names one in the words of Postfix, Exim, Exchange, Amazon SES, sendmail or
   * OpenSMTPD. Undefined for other words: nothing is guessed.
   */
  readonly queueId?: string | undefined;
  /**
   * All transactions. There are several if Bcc copies are encrypted separately, or if the server accepts fewer
   * recipients at once (452, RFC 5321 section 4.5.3.1.10).
   */
  readonly transactions: readonly TransactionReport[];
  /** Octets of content in all transactions. */
  readonly bytes: number;
  /** Milliseconds from the call to the reply. */
  readonly durationMs: number;
  /** Things that work but should be changed. */
  readonly warnings: readonly Warning[];
  /** All attempts, in order; with `retry` or several servers. */
  readonly attempts?: readonly SendAttempt[] | undefined;
  /** The recipients that the message names, if `recipients.redirectTo` replaced them. */
  readonly originalRecipients?: readonly string[] | undefined;
}

/** A message as it would be transmitted. */
export interface ComposedMessage {
  /** Sender and recipients. */
  readonly envelope: Envelope;
  /** The message as in RFC 5322, with CRLF line ends. */
  readonly content: Uint8Array;
}

/** The outcome of one message of `sendAll`. */
export type SendAllResult =
  | {
      /** The message, as the iterable gave it. */
      readonly message: MailMessage;
      /** The outcome of its send. */
      readonly result: SendResult;
      /** Excluded by `result`. */
      readonly error?: undefined;
    }
  | {
      /** The message, as the iterable gave it. */
      readonly message: MailMessage;
      /** Excluded by `error`. */
      readonly result?: undefined;
      /** The reason why it was not sent. */
      readonly error: EmailError;
    };

/** Failed sends with the same code and delivery. */
export interface FailedSends {
  /** Code of the error. */
  readonly code: EmailErrorCode;
  /** Whether the messages were delivered. */
  readonly delivery: EmailError['delivery'];
  /** Number of sends. */
  readonly count: number;
}

/** Current connections of a mailer. All numbers are 0 with a transport of your own. */
export interface ConnectionStats {
  /** Open connections, including idle ones. */
  readonly open: number;
  /** Open connections without a message under way. */
  readonly idle: number;
  /** Connections that are being opened. */
  readonly opening: number;
  /** Most connections now: `pool.maxConnections`, or temporarily fewer after the server refused one. */
  readonly limit: number;
}

/** Numbers about a mailer: its current work, and its sends since it was made. */
export interface MailerStats {
  /** Current connections. */
  readonly connections: ConnectionStats;
  /** Messages that are waiting for a connection. */
  readonly waiting: number;
  /** Sends under way, including waiting ones. */
  readonly inFlight: number;
  /** Sends that resolved. */
  readonly sent: number;
  /** Sends that rejected, by code and delivery. */
  readonly failed: readonly FailedSends[];
}

/** Sends messages by a profile. Make one mailer, keep it, close it. */
export interface Mailer extends AsyncDisposable {
  /**
   * Resolves when the server accepted the message for at least one recipient; rejects with an EmailError.
   *
   * @example
   * ```ts
   * const { accepted, rejected } = await mailer.send({ to: 'ann@example.com', subject: 'Hello', text: 'Hello Ann' });
   * ```
   */
  send(message: MailMessage, options?: SendOptions): Promise<SendResult>;
  /**
   * Sends many messages with back-pressure and yields the results in completion order. A failed message does not stop
   * the rest. A signal that aborts, or close(), stops it: no further message is taken from the iterable, and after the
   * results of all sends under way the iteration rejects.
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
  /**
   * Composes the message that send() would transmit, for a Sent folder, a preview or a queue. It uses up any stream in
   * the message.
   */
  compose(message: MailMessage, options?: { readonly signal?: AbortSignal | undefined }): Promise<ComposedMessage>;
  /**
   * Tests a fresh connection: name, TCP, proxy, greeting, TLS, EHLO, AUTH, QUIT. The report has each step with its
   * time, outcome and remedy. Sends no mail. Rejects only with ERR_PROFILE_INVALID, ERR_ABORTED, ERR_CLOSED.
   *
   * @example
   * ```ts
   * console.log(String(await mailer.testConnection()));
   * ```
   */
  testConnection(options?: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport>;
  /** Sends a short message that names profile, host, security and time. Default recipient: the sender. */
  sendTestEmail(to?: AddressInput, options?: SendOptions): Promise<SendResult>;
  /**
   * Obtains tokens by the profile's `oauth2` settings and keeps them in the token store; send() uses and refreshes them
   * from then on. If the grant needs a person, it opens the sign-in. ERR_OAUTH2 contains the provider's message;
   * ERR_TIMEOUT means that the person did not sign in.
   */
  authorize(options?: AuthorizeOptions): Promise<OAuth2Tokens>;
  /** Signs a sample in memory and checks the signature. */
  testSigning(options?: { readonly signal?: AbortSignal | undefined }): Promise<SmimeReport>;
  /** Finds each recipient's certificate and encrypts a sample in memory. */
  testEncryption(
    recipients: AddressInput | readonly AddressInput[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<SmimeReport>;
  /** Numbers for a health check or metrics. Can be called after close() too. */
  stats(): MailerStats;
  /** Closes the mailer. Waits for sends in flight unless forced. */
  close(options?: { readonly force?: boolean | undefined }): Promise<void>;
}

/**
 * The interface between the mailer and a transport.
 * @module
 */
import type { SendAttempt } from './error.js';
import type { Envelope } from './envelope.js';
import type { ConnectionReport, RejectedRecipient } from './report.js';
import type { SmtpReply, Warning } from './reply.js';

/** The server's abilities that affect content. */
export interface ContentCapabilities {
  /** 8-bit MIME (RFC 6152). */
  readonly eightBitMime: boolean;
  /** Binary content (RFC 3030, with CHUNKING). */
  readonly binaryMime: boolean;
  /** UTF-8 in addresses and header fields (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** The limit of SIZE (RFC 1870), if the server gave one. */
  readonly maxBytes?: number | undefined;
}

/** A composed message, ready to be sent. */
export interface OutgoingContent {
  /** The body type that the content requires. */
  readonly body: '7bit' | '8bitmime' | 'binarymime';
  /** Does it contain UTF-8 in header fields or envelope? */
  readonly smtpUtf8: boolean;
  /** Number of octets, if known. */
  readonly size?: number | undefined;
  /**
   * The message with CRLF line ends. One array if it is in memory, so that no stream is needed. A block of a stream is
   * valid until the next one is requested; copy a block that is kept longer, because its memory is reused.
   */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  /**
   * Promises that each line ends in CRLF and that there is no other CR or LF. Set it only if your code made every
   * octet. The connection then skips its check, and a stream is sent with its exact size. Without it, the connection
   * checks the content and corrects line ends.
   */
  readonly canonical?: boolean | undefined;
}

/** The progress of a send. */
export interface SendProgress {
  /** Octets of the message handed to the connection. */
  readonly bytesSent: number;
  /** Number of octets in the whole message, if known. */
  readonly totalBytes?: number | undefined;
}

/** Options of a send, for a transport. */
export interface TransportSendOptions {
  /** Ends the send. */
  readonly signal: AbortSignal;
  /** If one recipient is refused, the whole message is not sent. */
  readonly requireAllRecipients: boolean;
  /** Called while content is sent. */
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
  /**
   * The profile requests delivery status notifications: a server without DSN causes a warning, not
   * ERR_EXTENSION_MISSING.
   */
  readonly dsnIfOffered?: boolean | undefined;
}

/** One mail transaction that a server accepted. */
export interface TransactionReport {
  /** The recipients of this transaction that were accepted. */
  readonly recipients: readonly string[];
  /** The reply to its end of data. */
  readonly reply: SmtpReply;
  /** Octets of content. */
  readonly bytes: number;
}

/** The outcome of a send. */
export interface TransportResult {
  /** Recipients for whom the server accepted the message. */
  readonly accepted: readonly string[];
  /** Recipients that the server refused. */
  readonly rejected: readonly RejectedRecipient[];
  /** The reply to the end of mail data. */
  readonly reply: SmtpReply;
  /** All transactions, if the transport reports them. Default: one with `reply`. */
  readonly transactions?: readonly TransactionReport[] | undefined;
  /** Warnings about the send. */
  readonly warnings?: readonly Warning[] | undefined;
  /** All attempts, if the transport makes several. */
  readonly attempts?: readonly SendAttempt[] | undefined;
}

/**
 * Carries messages for a mailer. Implement it for a transport of your own. `compose` may be called again for a second
 * attempt, with the abilities that the server turned out to have.
 */
export interface Transport {
  /** Resolves once the server accepted at least one recipient and the content. */
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: TransportSendOptions,
  ): Promise<TransportResult>;
  /** Tests the connection. Absent: testConnection() is ok with no steps. */
  test?(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport>;
  /** Closes the transport and releases its resources. */
  close(options?: { readonly force?: boolean | undefined }): Promise<void>;
}

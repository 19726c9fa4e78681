/**
 * The seam between the mailer and a transport.
 * @module
 */
import type { Envelope } from './envelope.js';
import type { ConnectionReport, RejectedRecipient } from './report.js';
import type { SmtpReply, Warning } from './reply.js';

/** What a server turned out to accept. */
export interface ContentCapabilities {
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 3030, with CHUNKING. */
  readonly binaryMime: boolean;
  /** RFC 6531. */
  readonly smtpUtf8: boolean;
  /** SIZE (RFC 1870), where the server named a limit. */
  readonly maxBytes?: number | undefined;
}

/** A composed message on its way out. */
export interface OutgoingContent {
  /** What its bytes need of the server. */
  readonly body: '7bit' | '8bitmime' | 'binarymime';
  /** Does it hold UTF-8 in header fields or envelope? */
  readonly smtpUtf8: boolean;
  /** Octets, where known. */
  readonly size?: number | undefined;
  /**
   * Whole where the message is in memory: no stream is made for it. CRLF line ends. A block of a stream holds until the next is
   * asked for, and its memory may then be used again: copy what is kept.
   */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  /**
   * Set only by who made every octet: each line ends in CRLF, no other CR, no other LF. The connection then need not look, and a
   * stream goes out with its exact size. Otherwise it looks, and mends line ends.
   */
  readonly canonical?: boolean | undefined;
}

/** How far a send is. */
export interface SendProgress {
  /** Octets of the message handed to the connection. */
  readonly bytesSent: number;
  /** Octets in all, where known. */
  readonly totalBytes?: number | undefined;
}

/** What a transport is told besides. */
export interface TransportSendOptions {
  /** Ends the send. */
  readonly signal: AbortSignal;
  /** One refused recipient refuses the message. */
  readonly requireAllRecipients: boolean;
  /** Called as content leaves. */
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
  /** Delivery status notifications are wanted by the profile: a server without DSN is a warning, not ERR_EXTENSION_MISSING. */
  readonly dsnIfOffered?: boolean | undefined;
}

/** One mail transaction that a server took. */
export interface TransactionReport {
  /** The recipients of this transaction that were accepted. */
  readonly recipients: readonly string[];
  /** The reply to its end of data. */
  readonly reply: SmtpReply;
  /** Octets of content. */
  readonly bytes: number;
}

/** What became of a send. */
export interface TransportResult {
  /** Recipients the server took the message for. */
  readonly accepted: readonly string[];
  /** Recipients it refused. */
  readonly rejected: readonly RejectedRecipient[];
  /** The reply to the end of mail data. */
  readonly reply: SmtpReply;
  /** Every transaction, where the transport knows; default one with `reply`. */
  readonly transactions?: readonly TransactionReport[] | undefined;
  /** What should be known besides. */
  readonly warnings?: readonly Warning[] | undefined;
}

/**
 * The seam under the mailer: anyone can write one. `compose` may be called again for a second attempt, with what the server turned
 * out to accept.
 */
export interface Transport {
  /** Resolves once at least one recipient was accepted, with content. */
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: TransportSendOptions,
  ): Promise<TransportResult>;
  /** Absent: testConnection() is ok with no steps. */
  test?(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport>;
  /** Gives everything back. */
  close(options?: { readonly force?: boolean | undefined }): Promise<void>;
}

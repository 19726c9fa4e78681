/**
 * The envelope and its extensions.
 * @module
 */
/** The outcomes that cause a notification (RFC 3461 section 4.1). */
export type DsnNotify = 'never' | readonly ('success' | 'failure' | 'delay')[];

/** DSN parameters of one recipient. */
export interface DsnRecipient {
  /** NOTIFY; default: that of the request. */
  readonly notify?: DsnNotify | undefined;
  /**
   * ORCPT (RFC 3461 section 4.2): an address, or `type;address` for another type. Default: the recipient's own address.
   * ERR_MESSAGE_INVALID if it is not a mailbox or contains control characters.
   */
  readonly originalRecipient?: string | undefined;
}

/** Delivery status notifications (RFC 3461). */
export interface DsnRequest {
  /** RET: how much of the message a notification returns. */
  readonly return?: 'full' | 'headers' | undefined;
  /** ENVID, at most 100 printable characters. */
  readonly envelopeId?: string | undefined;
  /** NOTIFY of all recipients. */
  readonly notify?: DsnNotify | undefined;
  /** Parameters for single recipients, by address. */
  readonly recipients?: Readonly<Record<string, DsnRecipient>> | undefined;
}

/** A time limit of delivery (RFC 2852). */
export interface DeliverBy {
  /** Seconds from now, 1 to 999 999 999. */
  readonly seconds: number;
  /** After the time limit: return the message, or deliver it later and notify. */
  readonly mode: 'return' | 'notify';
}

/**
 * Sender and recipients, as given to the server. The reverse path is the first of message.envelope,
 * sender.envelopeFrom, message.from, sender.email. Options here that the server does not offer are
 * ERR_EXTENSION_MISSING, before MAIL.
 */
export interface Envelope {
  /** Reverse path; '' is `<>`. */
  readonly from: string;
  /** Recipients, each once. */
  readonly to: readonly string[];
  /** Delivery status notifications (RFC 3461). */
  readonly dsn?: DsnRequest | undefined;
  /** Every hop must use verified TLS (RFC 8689). */
  readonly requireTls?: boolean | undefined;
  /** Time limit of the delivery (RFC 2852). */
  readonly deliverBy?: DeliverBy | undefined;
  /** Earliest time of delivery (RFC 4865). */
  readonly holdUntil?: Date | undefined;
  /** Priority (RFC 6710): -9 to 9. */
  readonly mtPriority?: number | undefined;
}

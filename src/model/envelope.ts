/**
 * The envelope and its extensions.
 * @module
 */
/** Which outcomes the sender wants to hear of (RFC 3461 section 4.1). */
export type DsnNotify = 'never' | readonly ('success' | 'failure' | 'delay')[];

/** DSN parameters of one recipient. */
export interface DsnRecipient {
  /** NOTIFY; default that of the request. */
  readonly notify?: DsnNotify | undefined;
  /**
   * ORCPT (RFC 3461 section 4.2): an address, or one of another type as `type;address`. Default the recipient's own. ERR_MESSAGE_INVALID for
   * what is no mailbox, and for controls.
   */
  readonly originalRecipient?: string | undefined;
}

/** Delivery status notifications (RFC 3461). */
export interface DsnRequest {
  /** RET: how much of the message comes back. */
  readonly return?: 'full' | 'headers' | undefined;
  /** ENVID, at most 100 printable characters. */
  readonly envelopeId?: string | undefined;
  /** NOTIFY of all recipients. */
  readonly notify?: DsnNotify | undefined;
  /** By recipient address. */
  readonly recipients?: Readonly<Record<string, DsnRecipient>> | undefined;
}

/** A time limit of delivery (RFC 2852). */
export interface DeliverBy {
  /** From now, 1 to 999 999 999. */
  readonly seconds: number;
  /** When it has passed: give the message back, or go on and say so. */
  readonly mode: 'return' | 'notify';
}

/**
 * Who sends and who receives, as told to the server. The reverse path is message.envelope, sender.envelopeFrom, message.from,
 * sender.email, in this order. Options here that the server does not offer are ERR_EXTENSION_MISSING, before MAIL.
 */
export interface Envelope {
  /** Reverse path; '' is `<>`. */
  readonly from: string;
  /** Recipients, each once. */
  readonly to: readonly string[];
  /** RFC 3461. */
  readonly dsn?: DsnRequest | undefined;
  /** RFC 8689: every hop must use verified TLS. */
  readonly requireTls?: boolean | undefined;
  /** RFC 2852: by when, from now, and what then. */
  readonly deliverBy?: DeliverBy | undefined;
  /** RFC 4865. */
  readonly holdUntil?: Date | undefined;
  /** RFC 6710: -9 to 9. */
  readonly mtPriority?: number | undefined;
}

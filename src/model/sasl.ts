/**
 * The seam for authentication mechanisms.
 * @module
 */
/** Ties an authentication to the TLS channel it runs in (RFC 5056). */
export interface ChannelBinding {
  /** RFC 9266, or RFC 5929 section 4. */
  readonly type: 'tls-exporter' | 'tls-server-end-point';
  /** The binding data. */
  readonly data: Uint8Array;
}

/** What a mechanism may know of its connection. */
export interface SaslContext {
  /** The server's name as in the profile. */
  readonly host: string;
  /** The server's port. */
  readonly port: number;
  /** Is the connection under TLS? */
  readonly secure: boolean;
  /** Present under TLS, where the mechanism can use it. */
  readonly channelBinding?: ChannelBinding | undefined;
}

/** One SASL exchange (RFC 4422): made for one authentication, used once. Bytes, not base64. */
export interface SaslMechanism {
  /** As in the server's AUTH line. */
  readonly name: string;
  /** True once the mechanism is satisfied; a 235 before that is an error. */
  readonly complete: boolean;
  /** The initial response; undefined where the mechanism has none, which is not the same as an empty one. */
  start(context: SaslContext): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** The response to a challenge. Throwing cancels the exchange: what is no EmailError becomes the cause of ERR_AUTH_UNAVAILABLE. */
  next(challenge: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

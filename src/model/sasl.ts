/**
 * The interface of authentication mechanisms.
 * @module
 */
/** Binds an authentication to the TLS channel in which it runs (RFC 5056). */
export interface ChannelBinding {
  /** RFC 9266, or RFC 5929 section 4. */
  readonly type: 'tls-exporter' | 'tls-server-end-point';
  /** The binding data. */
  readonly data: Uint8Array;
}

/** Facts about the connection that a mechanism may use. */
export interface SaslContext {
  /** The server's name as in the profile. */
  readonly host: string;
  /** The server's port. */
  readonly port: number;
  /** Is the connection under TLS? */
  readonly secure: boolean;
  /** Present under TLS, if the mechanism can use it. */
  readonly channelBinding?: ChannelBinding | undefined;
}

/** One SASL exchange (RFC 4422). It is made for one authentication and used once. It works on bytes, not base64. */
export interface SaslMechanism {
  /** Name as in the server's AUTH line. */
  readonly name: string;
  /** True once the mechanism has finished; a 235 before that is an error. */
  readonly complete: boolean;
  /** The initial response; undefined if the mechanism has none. An empty response is not the same. */
  start(context: SaslContext): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * The response to a challenge. Throwing cancels the exchange; an error that is not an EmailError becomes the cause of
   * ERR_AUTH_UNAVAILABLE.
   */
  next(challenge: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/**
 * Replies of servers, and warnings.
 * @module
 */
/** A server's reply (RFC 5321 section 4.2). */
export interface SmtpReply {
  /** Three digits: 2yz done, 3yz go on, 4yz transient failure, 5yz permanent failure. */
  readonly code: number;
  /** `class.subject.detail` (RFC 3463), if the server sent one. */
  readonly enhancedCode?: string | undefined;
  /** Text of each line, without code and enhanced code. */
  readonly lines: readonly string[];
}

/**
 * Something that works but should be changed: SHA-1, RC4, a receipt that the server cannot give, a certificate about to
 * expire.
 */
export interface Warning {
  /** Stable, `WARN_…`. */
  readonly code: string;
  /** One sentence for a person. */
  readonly message: string;
}

/**
 * The options of a test server, and the messages that it keeps.
 * @module
 */
import type { DecodedMessage } from '../decoded-message.js';

/** A message that the server accepted. It is decoded on first access. */
export interface TestMessage extends DecodedMessage {
  /** The envelope, as given by MAIL and RCPT. */
  readonly envelope: {
    /** Reverse path without brackets; '' is `<>`. */
    readonly from: string;
    /** ESMTP parameters of MAIL: values by keyword in upper case, '' for a keyword without one. */
    readonly parameters: Readonly<Record<string, string>>;
    /** Accepted recipients in order. */
    readonly to: readonly TestRecipient[];
  };
  /** The octets that were sent, with dot-stuffing removed. */
  readonly content: Uint8Array;
  /** The authenticated user. */
  readonly user?: string | undefined;
  /** Did it arrive over TLS? */
  readonly secure: boolean;
}

/** A recipient that the server accepted. */
export interface TestRecipient {
  /** Forward path without brackets. */
  readonly address: string;
  /** ESMTP parameters of RCPT: values by keyword in upper case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The place of a fault. 'connect' is before TLS and greeting, 'greeting' replaces the greeting, a verb replaces its
 * reply, 'content' is after the first octets of content, 'end' replaces the reply to the end of data.
 */
export type TestFaultStage =
  | 'connect'
  | 'greeting'
  | 'EHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | 'end'
  | 'RSET'
  | 'NOOP'
  | 'QUIT';

/** A fault. */
export interface TestFault {
  /**
   * 'drop' closes normally (FIN), 'reset' abruptly (RST), 'silence' never answers again, 'delay' answers after `ms`.
   */
  readonly do: 'drop' | 'reset' | 'silence' | 'delay';
  /** Milliseconds of a delay. Default 1000. */
  readonly ms?: number | undefined;
}

/** A fault and its place. */
export interface PlannedTestFault extends TestFault {
  /** The place. With 'end' the message has already been kept: the client cannot tell. */
  readonly at: TestFaultStage;
  /** The number of times, counted over all connections. Default: always. */
  readonly times?: number | undefined;
}

/** Options of `TestSmtpServer.start`. */
export interface TestSmtpServerOptions {
  /** Default 'starttls': offered, not required. 'implicit' starts with TLS. */
  readonly security?: 'none' | 'starttls' | 'implicit' | undefined;
  /** Default 'smtp'. 'lmtp' (RFC 2033): LHLO, and a reply per recipient after the content. */
  readonly protocol?: 'smtp' | 'lmtp' | undefined;
  /**
   * Passwords (or bearer tokens) by user name. With users, AUTH is offered and required before MAIL; without, AUTH is
   * not offered.
   */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /**
   * SASL mechanisms offered. Default all: SCRAM-SHA-512, -256, -1 with and without -PLUS, PLAIN, LOGIN, CRAM-MD5,
   * XOAUTH2, OAUTHBEARER, and EXTERNAL to clients that show a certificate of `issueClientCertificate`. Under TLS only,
   * unless `security` is 'none'.
   */
  readonly mechanisms?: readonly string[] | undefined;
  /**
   * EHLO lines besides STARTTLS and AUTH. Default PIPELINING, SIZE 104857600, 8BITMIME, SMTPUTF8, CHUNKING, BINARYMIME,
   * DSN, ENHANCEDSTATUSCODES, REQUIRETLS (under TLS), DELIVERBY, FUTURERELEASE, MT-PRIORITY. Parameters of an extension
   * that is not announced are refused.
   */
  readonly extensions?: readonly string[] | undefined;
  /**
   * Replies that replace the normal ones, by verb. Each is used once, counted over all connections; then the normal
   * replies follow: `{ RCPT: ['550 5.1.1 no'] }`. `GREETING` and `END` (of data) count as verbs. A text of several
   * lines is a multi-line reply; one that does not begin with a code is sent unchanged. A refused command has no
   * effect; 421 ends the connection. A function is called for every reply with the command line ('' for GREETING and
   * END).
   */
  readonly replies?:
    Readonly<Record<string, readonly string[]>> | ((verb: string, line: string) => string | undefined) | undefined;
  /** Faults and their places: `{ at: 'RCPT', do: 'drop' }`. A function is called at every stage. */
  readonly faults?: readonly PlannedTestFault[] | ((at: TestFaultStage) => TestFault | undefined) | undefined;
}

/**
 * The options of a test server, and the message that it keeps.
 * @module
 */
import type { DecodedMessage } from '../decoded-message.js';

/** A message that the server took; decoded when a test first looks. */
export interface TestMessage extends DecodedMessage {
  /** As told by MAIL and RCPT. */
  readonly envelope: {
    /** Reverse path without brackets; '' is `<>`. */
    readonly from: string;
    /** ESMTP parameters of MAIL: keyword in upper case to value, '' where it has none. */
    readonly parameters: Readonly<Record<string, string>>;
    /** Accepted recipients in order. */
    readonly to: readonly TestRecipient[];
  };
  /** The octets that were sent, dot-stuffing removed. */
  readonly content: Uint8Array;
  /** Who was authenticated. */
  readonly user?: string | undefined;
  /** Did it come over TLS? */
  readonly secure: boolean;
}

/** A recipient that the server took. */
export interface TestRecipient {
  /** Forward path without brackets. */
  readonly address: string;
  /** ESMTP parameters of RCPT: keyword in upper case to value. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Where a fault strikes. 'connect' is before TLS and greeting, 'greeting' in place of the greeting, a verb in place of its reply,
 * 'content' after the first octets of content, 'end' in place of the reply to the end of data.
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

/** What goes wrong. */
export interface TestFault {
  /** 'drop' closes in order (FIN), 'reset' does not (RST), 'silence' never answers again, 'delay' answers `ms` late. */
  readonly do: 'drop' | 'reset' | 'silence' | 'delay';
  /** Milliseconds of a delay. Default 1000. */
  readonly ms?: number | undefined;
}

/** A fault with its place. */
export interface PlannedTestFault extends TestFault {
  /** Where. A message is already kept when a fault at 'end' strikes: the client cannot know. */
  readonly at: TestFaultStage;
  /** How often, counted over all connections. Default always. */
  readonly times?: number | undefined;
}

/** Options of `TestSmtpServer.start`. */
export interface TestSmtpServerOptions {
  /** Default 'starttls': offered, not required. 'implicit' starts with TLS. */
  readonly security?: 'none' | 'starttls' | 'implicit' | undefined;
  /** Default 'smtp'. 'lmtp' (RFC 2033): LHLO, and a reply per recipient after the content. */
  readonly protocol?: 'smtp' | 'lmtp' | undefined;
  /** Name to password (or bearer token). With users, AUTH is offered and MAIL needs it; without, there is no AUTH. */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /**
   * SASL mechanisms offered. Default all: SCRAM-SHA-512, -256, -1 with and without -PLUS, PLAIN, LOGIN, CRAM-MD5, XOAUTH2,
   * OAUTHBEARER, and EXTERNAL to clients that show a certificate of `issueClientCertificate`. Under TLS only, unless `security` is
   * 'none'.
   */
  readonly mechanisms?: readonly string[] | undefined;
  /**
   * EHLO lines besides STARTTLS and AUTH. Default PIPELINING, SIZE 104857600, 8BITMIME, SMTPUTF8, CHUNKING, BINARYMIME, DSN,
   * ENHANCEDSTATUSCODES, REQUIRETLS (under TLS), DELIVERBY, FUTURERELEASE, MT-PRIORITY. What is not announced is refused.
   */
  readonly extensions?: readonly string[] | undefined;
  /**
   * Replies in place of the normal ones, by verb, one per occurrence over all connections, then normal again:
   * `{ RCPT: ['550 5.1.1 no'] }`. `GREETING` and `END` (of data) count as verbs. A text of several lines is a multi-line reply; one
   * that does not begin with a code is sent as it stands. A refusal keeps the command from taking effect; 421 ends the connection.
   * A function is asked for every reply and gets the command line ('' for GREETING and END).
   */
  readonly replies?:
    Readonly<Record<string, readonly string[]>> | ((verb: string, line: string) => string | undefined) | undefined;
  /** What goes wrong, and where: `{ at: 'RCPT', do: 'drop' }`. A function is asked at every stage. */
  readonly faults?: readonly PlannedTestFault[] | ((at: TestFaultStage) => TestFault | undefined) | undefined;
}

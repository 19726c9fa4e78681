/**
 * The error that everything in the library throws, and its codes.
 * @module
 */
import type { SmtpReply } from './reply.js';

/** What an error is about; the table in docs/reference/errors.md explains each. */
export type EmailErrorCode =
  | 'ERR_PROFILE_INVALID'
  | 'ERR_MESSAGE_INVALID'
  | 'ERR_SECRET'
  | 'ERR_CONTENT'
  | 'ERR_DNS'
  | 'ERR_CONNECT'
  | 'ERR_PROXY'
  | 'ERR_TLS'
  | 'ERR_TLS_REQUIRED'
  | 'ERR_TIMEOUT'
  | 'ERR_ABORTED'
  | 'ERR_CLOSED'
  | 'ERR_SMTP_PROTOCOL'
  | 'ERR_SMTP_REPLY'
  | 'ERR_EXTENSION_MISSING'
  | 'ERR_RECIPIENTS_REJECTED'
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_AUTH_REQUIRED'
  | 'ERR_AUTH_REJECTED'
  | 'ERR_AUTH_UNAVAILABLE'
  | 'ERR_AUTH_PLAINTEXT'
  | 'ERR_KERBEROS'
  | 'ERR_OAUTH2'
  | 'ERR_CERTIFICATE'
  | 'ERR_CERTIFICATE_MISSING'
  | 'ERR_SMIME'
  | 'ERR_STORE';

/** A step of a connection; 'starttls' is the command, 'tls' the handshake. */
export type ConnectionStep =
  'resolve' | 'connect' | 'proxy' | 'tls' | 'greeting' | 'ehlo' | 'starttls' | 'authenticate' | 'quit';

/** Where in a send an error arose. */
export type EmailErrorPhase = ConnectionStep | 'transaction' | 'content' | 'acceptance';

/** One thing wrong with a profile or a message. */
export interface Problem {
  /** Dotted path of the field, as `server.port` or `attachments.0.content`. */
  readonly path: string;
  /** What is wrong and what is allowed; never a secret's value. */
  readonly message: string;
}

/** A recipient that was refused, or that has no certificate. */
export interface RecipientFailure {
  /** The address as it was given in the envelope. */
  readonly recipient: string;
  /** The server's reply, where it was the server that refused. */
  readonly reply?: SmtpReply | undefined;
  /** Why, where it was not the server. */
  readonly reason?: string | undefined;
}

/**
 * Base of every error that the library throws. Tell errors apart by `code`. Two copies of the library (ESM and CJS) make
 * `instanceof` fail; `isEmailError` does not.
 */
export interface EmailError extends Error {
  /** Stable code. */
  readonly code: EmailErrorCode;
  /** Might the same send succeed later, unchanged? True only where `delivery` is 'not-delivered'. */
  readonly retryable: boolean;
  /**
   * 'partly-delivered': those in `recipients` do not have it, all others do. 'unknown': the connection was lost after the content was
   * sent and before the reply; a retry may make a duplicate, whatever is known of other recipients.
   */
  readonly delivery: 'not-delivered' | 'partly-delivered' | 'unknown';
  /** The step or phase that failed. */
  readonly phase?: EmailErrorPhase | undefined;
  /** The server's reply that caused it. */
  readonly reply?: SmtpReply | undefined;
  /** With ERR_PROFILE_INVALID and ERR_MESSAGE_INVALID: every problem at once. */
  readonly problems?: readonly Problem[] | undefined;
  /** Recipients that were refused, have no certificate, or do not have the message for certain while others do. */
  readonly recipients?: readonly RecipientFailure[] | undefined;
  /** What to do, in words. */
  readonly remedy?: string | undefined;
  /** host:port of the server that the error came from: the mail server, or a proxy, LDAP server, KDC or token endpoint. */
  readonly server?: string | undefined;
  /** Name of the profile; absent where an error arose without one. */
  readonly profile?: string | undefined;
  /** Message-ID of the message without brackets, once it has one: a further attempt from a queue gives it as `messageId`. */
  readonly messageId?: string | undefined;
  /** The lower error. */
  readonly cause?: unknown;
  /** For logs: name, code, message and the fields above; no stack, no secret. */
  toJSON(): object;
}

/**
 * The error that every function of the library throws, and its codes.
 * @module
 */
import type { SmtpReply } from './reply.js';

/** The code of an error. docs/reference/errors.md explains each. */
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
  | 'ERR_RECIPIENT_NOT_ALLOWED'
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

/** The part of a send in which an error arose. */
export type EmailErrorPhase = ConnectionStep | 'transaction' | 'content' | 'acceptance';

/** One problem of a profile or a message. */
export interface Problem {
  /** Dotted path of the field, as `server.port` or `attachments.0.content`. */
  readonly path: string;
  /** The problem, and the values that are allowed; never a secret's value. */
  readonly message: string;
}

/** A recipient that was refused, that is not allowed, or that has no certificate. */
export interface RecipientFailure {
  /** The address as in the envelope. */
  readonly recipient: string;
  /** The server's reply, if the server refused the recipient. */
  readonly reply?: SmtpReply | undefined;
  /** The reason, if it was not the server that refused. */
  readonly reason?: string | undefined;
}

/** One attempt to send a message, or one of its copies, through one server. */
export interface SendAttempt {
  /** host:port; absent with a transport of your own. */
  readonly server?: string | undefined;
  /** Beginning of the attempt. */
  readonly time: Date;
  /** Milliseconds. */
  readonly durationMs: number;
  /** The recipients of the attempt, as in the envelope. */
  readonly recipients: readonly string[];
  /** The recipients for whom the server accepted the message. */
  readonly accepted: readonly string[];
  /**
   * The reason why the attempt failed. A connection that could not be set up is a failed attempt of every message that
   * waited for it.
   */
  readonly error?: EmailError | undefined;
}

/**
 * Base of every error that the library throws. Tell errors apart by `code`. Two copies of the library (ESM and CJS)
 * make `instanceof` fail; `isEmailError` does not.
 */
export interface EmailError extends Error {
  /** Stable code. */
  readonly code: EmailErrorCode;
  /** Might the same send succeed later, unchanged? True only where `delivery` is 'not-delivered'. */
  readonly retryable: boolean;
  /**
   * Is the message delivered? 'partly-delivered': the recipients in `recipients` do not have it, all others do.
   * 'unknown': the connection was lost between the end of the content and its reply; a retry may make a duplicate, even
   * if the outcome for some recipients is known.
   */
  readonly delivery: 'not-delivered' | 'partly-delivered' | 'unknown';
  /** The step or phase that failed. */
  readonly phase?: EmailErrorPhase | undefined;
  /** The server's reply that caused it. */
  readonly reply?: SmtpReply | undefined;
  /** With ERR_PROFILE_INVALID and ERR_MESSAGE_INVALID: every problem at once. */
  readonly problems?: readonly Problem[] | undefined;
  /**
   * Recipients that were refused, that are not allowed, that have no certificate, or that certainly did not get the message while others did.
   */
  readonly recipients?: readonly RecipientFailure[] | undefined;
  /** A sentence that says what to do. */
  readonly remedy?: string | undefined;
  /** host:port of the server that caused the error: the mail server, or a proxy, LDAP server, KDC or token endpoint. */
  readonly server?: string | undefined;
  /** Name of the profile; absent if the error arose without one. */
  readonly profile?: string | undefined;
  /**
   * Message-ID of the message without brackets, if it has one already. A queue passes it as `messageId` of the next
   * attempt.
   */
  readonly messageId?: string | undefined;
  /** All attempts of the send, in order; with `retry` or several servers. */
  readonly attempts?: readonly SendAttempt[] | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
  /** For logs: name, code, message and the fields above; no stack, no secret. */
  toJSON(): object;
}

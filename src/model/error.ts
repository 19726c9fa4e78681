/**
 * The error that every function of the library throws, and its codes.
 * @module
 */
import type { SmtpReply } from './reply.js';

/** The code of an error. docs/reference/errors.md explains each. */
export type EmailErrorCode =
  /**
   * A profile, or the options of a mailer or of a call, are not valid. `problems` lists every problem. Retryable: no.
   */
  | 'ERR_PROFILE_INVALID'
  /**
   * A message is not valid, for example an address or a header field, or names a file that `fileAccess` does not allow.
   * `problems` lists every problem. Retryable: no.
   */
  | 'ERR_MESSAGE_INVALID'
  /**
   * A secret has no value, because its variable is not set, its file cannot be read, or its function threw an error. Or
   * `dkim.signer` failed. Retryable: if a function threw an error.
   */
  | 'ERR_SECRET'
  /**
   * The source of a body or an attachment failed while it was read, or is a stream that was used before. Or
   * `textFromHtml` failed. The end of the message was not sent, so the server does not deliver it. Retryable: no.
   */
  | 'ERR_CONTENT'
  /**
   * The server's name has no address, or DNS did not answer. Retryable: if DNS did not answer.
   */
  | 'ERR_DNS'
  /**
   * No address of the server accepts a connection, or the connection was lost before anything was sent. Retryable:
   * yes.
   */
  | 'ERR_CONNECT'
  /**
   * The proxy refused the connection, violated its protocol, or did not answer in time. The message quotes the proxy. A
   * proxy that cannot be reached is ERR_CONNECT or ERR_DNS. Retryable: if the proxy's reason may be temporary.
   */
  | 'ERR_PROXY'
  /**
   * The handshake failed, STARTTLS was refused, or the certificate was refused: it is untrusted or expired, or has
   * another name or fingerprint. Retryable: if the connection was lost in the handshake, or STARTTLS was refused by a
   * 4yz reply.
   */
  | 'ERR_TLS'
  /**
   * TLS is required and the server does not offer it. Or the server requires it (530) and `security` is 'none'. Or a
   * directory of certificates (`ldap://`) refuses StartTLS. Nothing was sent in plain text. Retryable: no.
   */
  | 'ERR_TLS_REQUIRED'
  /**
   * A deadline of `server.timeouts` passed. The message names the deadline, and `phase` the step. If the end of the
   * content had been sent, `delivery` is 'unknown'. Retryable: yes.
   */
  | 'ERR_TIMEOUT'
  /** The caller's `signal` aborted. `delivery` says whether the server may have the message. Retryable: no. */
  | 'ERR_ABORTED'
  /** The mailer or the connection was closed before or during the send. Retryable: no. */
  | 'ERR_CLOSED'
  /**
   * The server violated SMTP: it sent a malformed reply, a reply that is too long, a reply without a command, or data
   * before the TLS handshake. Retryable: no.
   */
  | 'ERR_SMTP_PROTOCOL'
  /** The server refused a command. `reply` is its reply. Retryable: after a 4yz reply, not after a 5yz reply. */
  | 'ERR_SMTP_REPLY'
  /**
   * The message or envelope needs an extension that the server does not offer: SMTPUTF8, DSN, REQUIRETLS, DELIVERBY,
   * FUTURERELEASE or MT-PRIORITY. Nothing was sent. Retryable: no.
   */
  | 'ERR_EXTENSION_MISSING'
  /**
   * A recipient is not in `recipients.allow` of the mailer, there are more recipients than `recipients.max`, or a
   * destination field of a `raw` message cannot be parsed for the check. `recipients` lists the recipients. Nothing was
   * opened or sent. Retryable: no.
   */
  | 'ERR_RECIPIENT_NOT_ALLOWED'
  /**
   * Every recipient was refused, or one of them was and `requireAllRecipients` is set. `recipients` has each reply.
   * Retryable: if one refusal is a 4yz reply; with `requireAllRecipients` if all are, unless the server accepts fewer
   * recipients at once (452).
   */
  | 'ERR_RECIPIENTS_REJECTED'
  /** The message is larger than the server's SIZE, or was refused as too large. Retryable: no. */
  | 'ERR_MESSAGE_TOO_LARGE'
  /** The server requires authentication (530), and the profile has none. Retryable: no. */
  | 'ERR_AUTH_REQUIRED'
  /**
   * The server refused the credentials (535 and similar replies). A server that does not prove its own identity causes
   * ERR_SMTP_PROTOCOL (SCRAM) or ERR_KERBEROS. Retryable: after a 4yz reply, not after a 5yz reply.
   */
  | 'ERR_AUTH_REJECTED'
  /**
   * The server offers no mechanism of the method. Or a custom mechanism failed; its error is the `cause`. Retryable: no.
   */
  | 'ERR_AUTH_UNAVAILABLE'
  /** The method would expose the password on a connection without TLS. Nothing was sent. Retryable: no. */
  | 'ERR_AUTH_PLAINTEXT'
  /**
   * No Kerberos ticket could be obtained or used, because of the KDC, the principal, the keytab, the ticket cache or the
   * clocks. Retryable: if the KDC could not be reached.
   */
  | 'ERR_KERBEROS'
  /**
   * No bearer token could be obtained: the provider refused (the message has its `error` and `error_description`),
   * could not be reached, or its answer cannot be used. Or a person has to sign in. Retryable: if the provider could
   * not be reached, or answered 429 or 5xx.
   */
  | 'ERR_OAUTH2'
  /** A certificate or key cannot be read or used, is not in the store, or has another password. Retryable: no. */
  | 'ERR_CERTIFICATE'
  /**
   * Recipients have no certificate for encryption. `recipients` lists them. Nothing was sent. Retryable: no.
   */
  | 'ERR_CERTIFICATE_MISSING'
  /**
   * Signing, encrypting, verifying or decrypting failed. All failures of decryption have the same text on purpose.
   * Retryable: no.
   */
  | 'ERR_SMIME'
  /**
   * The profile store could not be read or written, was changed by another program, or has another key. Retryable:
   * if the disk is full, or another process holds the lock.
   */
  | 'ERR_STORE';

/** A step of a connection; 'starttls' is the command, 'tls' the handshake. */
export type ConnectionStep =
  'resolve' | 'connect' | 'proxy' | 'tls' | 'greeting' | 'ehlo' | 'starttls' | 'authenticate' | 'quit';

/** The part of a send in which an error arose. */
export type EmailErrorPhase = ConnectionStep | 'transaction' | 'content' | 'acceptance';

/** One problem of a profile or a message. */
export interface Problem {
  /** Dotted path of the field, such as `server.port` or `attachments.0.content`. */
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
  /** The recipients that the server refused, with its replies, and those that an error names. */
  readonly rejected: readonly RecipientFailure[];
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
  /** Might the same send succeed later, unchanged? True only if `delivery` is 'not-delivered'. */
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
   * Recipients that were refused, that are not allowed, that have no certificate, or that certainly did not get the
   * message while others did.
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

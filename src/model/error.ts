/**
 * The error that every function of the library throws, and its codes.
 * @module
 */
import type { SmtpReply } from './reply.js';

/** The code of an error. docs/reference/errors.md explains each. */
export type EmailErrorCode =
  /**
   * A profile, or the options of a mailer or of a call, are not valid. `problems` has every problem. Retryable: no.
   */
  | 'ERR_PROFILE_INVALID'
  /**
   * A message cannot be sent as it is: an address, a header field, or a file that `fileAccess` does not allow.
   * `problems` has the paths. Retryable: no.
   */
  | 'ERR_MESSAGE_INVALID'
  /**
   * A secret has no value: an unset variable, an unreadable file, or a function that threw; or `dkim.signer` failed.
   * Retryable: where a function threw.
   */
  | 'ERR_SECRET'
  /**
   * The source of a body or an attachment failed while it was read, or is a stream that was used before; or
   * `textFromHtml` failed. The message was never ended, so the server has none of it. Retryable: no.
   */
  | 'ERR_CONTENT'
  /**
   * The server's name has no address, or the name service did not answer. Retryable: where the name service did not
   * answer.
   */
  | 'ERR_DNS'
  /**
   * No address of the server accepts a connection, or the connection was lost before anything was sent. Retryable:
   * yes.
   */
  | 'ERR_CONNECT'
  /**
   * The proxy refused, broke its protocol, or did not answer in time. The message has its words. A proxy that cannot
   * be reached is ERR_CONNECT or ERR_DNS. Retryable: where the proxy's reason may pass.
   */
  | 'ERR_PROXY'
  /**
   * The handshake failed, STARTTLS was refused, or the certificate is not accepted: untrusted, expired, of another
   * name or another fingerprint. Retryable: where the connection was lost in the handshake, or STARTTLS was refused
   * by a 4yz reply.
   */
  | 'ERR_TLS'
  /**
   * TLS is required and the server offers none; or the server demands it (530) and `security` is 'none'; or a
   * directory of certificates (`ldap://`) refuses StartTLS. Nothing was sent in clear. Retryable: no.
   */
  | 'ERR_TLS_REQUIRED'
  /**
   * A deadline of `server.timeouts` passed. The message names it, and `phase` the step. After the end of the content
   * `delivery` is 'unknown'. Retryable: yes.
   */
  | 'ERR_TIMEOUT'
  /** The caller's `signal` aborted. `delivery` tells whether the server may have the message. Retryable: no. */
  | 'ERR_ABORTED'
  /** The mailer or the connection was closed before or during the send. Retryable: no. */
  | 'ERR_CLOSED'
  /**
   * The server's bytes are not SMTP: a malformed reply, a reply that is too long, a reply that no command asked for,
   * or data before the TLS handshake. Retryable: no.
   */
  | 'ERR_SMTP_PROTOCOL'
  /** The server refused a command. `reply` has its words. Retryable: after a 4yz reply, not after a 5yz reply. */
  | 'ERR_SMTP_REPLY'
  /**
   * The message or envelope needs an extension that the server does not offer: SMTPUTF8, DSN, REQUIRETLS, DELIVERBY,
   * FUTURERELEASE or MT-PRIORITY. It is found before MAIL. Retryable: no.
   */
  | 'ERR_EXTENSION_MISSING'
  /**
   * A recipient is not in `recipients.allow` of the mailer, a destination field of a `raw` message cannot be parsed to
   * tell, or there are more recipients than `recipients.max`. `recipients` has each. Nothing was opened or sent.
   * Retryable: no.
   */
  | 'ERR_RECIPIENT_NOT_ALLOWED'
  /**
   * Every recipient was refused, or one was with `requireAllRecipients`. `recipients` has each reply. Retryable:
   * where one refusal is a 4yz reply; with `requireAllRecipients` where all are, unless the server takes fewer
   * recipients at once (452).
   */
  | 'ERR_RECIPIENTS_REJECTED'
  /** The message is larger than the server's SIZE, or was refused as too large. Retryable: no. */
  | 'ERR_MESSAGE_TOO_LARGE'
  /** The server wants authentication (530), and the profile has none. Retryable: no. */
  | 'ERR_AUTH_REQUIRED'
  /**
   * The server refused the credentials (535 and similar replies). A server that does not prove itself is
   * ERR_SMTP_PROTOCOL (SCRAM) or ERR_KERBEROS. Retryable: after a 4yz reply, not after a 5yz reply.
   */
  | 'ERR_AUTH_REJECTED'
  /**
   * The server does not offer the method, or none that fits; or a mechanism of your own failed, which is the `cause`.
   * Retryable: no.
   */
  | 'ERR_AUTH_UNAVAILABLE'
  /** The method would show the password on a connection without TLS. Nothing was sent. Retryable: no. */
  | 'ERR_AUTH_PLAINTEXT'
  /**
   * There is no ticket, because of the KDC, the principal, the keytab, the ticket cache or the clocks. Retryable:
   * where the KDC was not reached.
   */
  | 'ERR_KERBEROS'
  /**
   * There is no bearer token: the provider refused (the message has its `error` and `error_description`), was not
   * reached, or its answer cannot be used; or a person has to sign in. Retryable: where the provider was not reached,
   * or answered 429 or 5xx.
   */
  | 'ERR_OAUTH2'
  /** A certificate or key cannot be read, is not in the store, or has another password. Retryable: no. */
  | 'ERR_CERTIFICATE'
  /**
   * Recipients have no certificate to encrypt to. `recipients` names each of them. Nothing was sent. Retryable: no.
   */
  | 'ERR_CERTIFICATE_MISSING'
  /**
   * Signing, encrypting, verifying or decrypting failed. Failures of decryption are all alike on purpose. Retryable:
   * no.
   */
  | 'ERR_SMIME'
  /**
   * The profile store could not be read or written, was changed by another program, or has another key. Retryable:
   * where the disk is full, or another process holds the lock.
   */
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

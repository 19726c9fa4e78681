/**
 * Reports of the test functions.
 * @module
 */
import type { CertificateInfo } from './certificate.js';
import type { ConnectionStep, EmailError } from './error.js';
import type { SmtpReply, Warning } from './reply.js';

/** One step of `testConnection()`. */
export interface ConnectionStepReport {
  /** The step. */
  readonly name: ConnectionStep;
  /** Did it succeed? */
  readonly ok: boolean;
  /** Milliseconds. */
  readonly durationMs: number;
  /** Observations: addresses, the greeting, the cipher, the mechanisms offered and the one used. */
  readonly detail: string;
  /** The reason of a failure. */
  readonly error?: EmailError | undefined;
  /** A sentence that says what to check. */
  readonly remedy?: string | undefined;
}

/** The TLS state of a connection. */
export interface TlsReport {
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher suite's standard name. */
  readonly cipher: string;
  /** The server's leaf certificate. */
  readonly certificate: CertificateInfo;
  /** Did the certificate pass the checks of the profile (path and name, or a pinned fingerprint)? */
  readonly authorized: boolean;
  /** DNS names and IP addresses that the certificate is for. */
  readonly names: readonly string[];
  /** The issuers of the certificate, as far as the server sent them or Node knows them; the last may be a root. */
  readonly chain: readonly CertificateInfo[];
}

/** The result of `testConnection()`. */
export interface ConnectionReport {
  /**
   * Did the connection get to its end? A wrong guess of `security: 'automatic'` on the way is a failed step, but does
   * not make this false.
   */
  readonly ok: boolean;
  /** The steps, in the order in which they happened. */
  readonly steps: readonly ConnectionStepReport[];
  /** The server's extensions after TLS: parameters by keyword in upper case. */
  readonly extensions: Readonly<Record<string, readonly string[]>>;
  /** The dialogue, with secrets hidden. */
  readonly transcript: readonly string[];
  /** Things that work but should be changed. */
  readonly warnings: readonly Warning[];
  /** The authentication mechanism used. */
  readonly mechanism?: string | undefined;
  /** Present if the connection is secured. */
  readonly tls?: TlsReport | undefined;
  /** The server's SIZE limit. */
  readonly maxMessageBytes?: number | undefined;
  /** host:port; in the reports of `servers`. */
  readonly server?: string | undefined;
  /**
   * If the profile has several servers: the report of each, in order. Then `ok` is true if all are, `steps`,
   * `transcript` and `warnings` are those of all, and the rest is that of the first.
   */
  readonly servers?: readonly ConnectionReport[] | undefined;
  /** The report as text, for a terminal or a form. */
  toString(): string;
  /** Plain data for a form or a log, with errors as objects. JSON.stringify() calls it. */
  toJSON(): object;
}

/** A problem found by `testSigning()` or `testEncryption()`. */
export interface SmimeProblem {
  /** An 'error' would fail a send. */
  readonly severity: 'error' | 'warning';
  /** Stable, for instance `CERTIFICATE_EXPIRED`; docs/reference/smime.md lists them. */
  readonly code: string;
  /** One sentence for a person. */
  readonly message: string;
  /** A sentence that says what to do. */
  readonly remedy?: string | undefined;
  /** The certificate that has the problem. */
  readonly certificate?: CertificateInfo | undefined;
}

/** Outcome of `testSigning()` and `testEncryption()`. */
export interface SmimeReport {
  /** True if there is no problem of severity 'error' and no recipient is missing a certificate. */
  readonly ok: boolean;
  /** The certificates that would be used. */
  readonly certificates: readonly CertificateInfo[];
  /** Addresses without a usable certificate. */
  readonly missing: readonly string[];
  /** All problems that were found. */
  readonly problems: readonly SmimeProblem[];
  /** The report as text, for a terminal or a form. */
  toString(): string;
}

/** A recipient refused by the server. */
export interface RejectedRecipient {
  /** The address as in the envelope. */
  readonly recipient: string;
  /** The server's reply. */
  readonly reply: SmtpReply;
}

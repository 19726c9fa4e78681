/**
 * Reports of the test functions.
 * @module
 */
import type { CertificateInfo } from './certificate.js';
import type { ConnectionStep, EmailError } from './error.js';
import type { SmtpReply, Warning } from './reply.js';

/** One step of `testConnection()`. */
export interface ConnectionStepReport {
  /** Which step. */
  readonly name: ConnectionStep;
  /** Did it succeed? */
  readonly ok: boolean;
  /** Milliseconds. */
  readonly durationMs: number;
  /** What was seen: addresses, the greeting, the cipher, the mechanisms offered and the one used. */
  readonly detail: string;
  /** Why it failed. */
  readonly error?: EmailError | undefined;
  /** What to check. */
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
}

/** What `testConnection()` saw. */
export interface ConnectionReport {
  /** Did the connection come to its end? A guess of `security: 'automatic'` that failed on the way is a failed step, and no more. */
  readonly ok: boolean;
  /** In the order they happened. */
  readonly steps: readonly ConnectionStepReport[];
  /** The server's extensions after TLS: keyword in upper case to its parameters. */
  readonly extensions: Readonly<Record<string, readonly string[]>>;
  /** The dialogue, secrets hidden. */
  readonly transcript: readonly string[];
  /** What works but should not stay so. */
  readonly warnings: readonly Warning[];
  /** The authentication mechanism used. */
  readonly mechanism?: string | undefined;
  /** Present where the connection is secured. */
  readonly tls?: TlsReport | undefined;
  /** The server's SIZE limit. */
  readonly maxMessageBytes?: number | undefined;
  /** Readable, for a terminal or a form. */
  toString(): string;
  /** Plain data for a form or a log: errors as objects. JSON.stringify() calls it. */
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
  /** What to do. */
  readonly remedy?: string | undefined;
  /** The certificate it is about. */
  readonly certificate?: CertificateInfo | undefined;
}

/** Outcome of `testSigning()` and `testEncryption()`. */
export interface SmimeReport {
  /** No problem of severity 'error', nobody missing. */
  readonly ok: boolean;
  /** The certificates that would be used. */
  readonly certificates: readonly CertificateInfo[];
  /** Addresses without a usable certificate. */
  readonly missing: readonly string[];
  /** Everything found. */
  readonly problems: readonly SmimeProblem[];
  /** Readable, for a terminal or a form. */
  toString(): string;
}

/** A recipient refused by the server. */
export interface RejectedRecipient {
  /** The address as in the envelope. */
  readonly recipient: string;
  /** The server's words. */
  readonly reply: SmtpReply;
}

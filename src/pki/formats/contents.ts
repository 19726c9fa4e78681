/**
 * The contents of a file of any format, before one of its certificates is selected.
 * @module
 */
import { certificateError } from '../certificate-error.js';
import type { WorkBudget } from './work-budget.js';

/** A certificate in a file or a store. */
export interface ContainedCertificate {
  readonly der: Uint8Array;
  /** Friendly name, nickname or alias. */
  readonly alias?: string | undefined;
  /** The file of a directory that contains it, for messages. */
  readonly origin?: string | undefined;
}

/** A private key in a file or a store. It is only decrypted when it is needed. */
export interface ContainedKey {
  /** PKCS#8 DER, decrypted once. ERR_CERTIFICATE if no password opens it. */
  open(): Promise<Buffer>;
  readonly alias?: string | undefined;
  /** DER of its certificate, if the file names one; the key must prove it. */
  readonly certificate?: Uint8Array | undefined;
}

/** The contents of a file. */
export interface Contents {
  /** The format of the file, for messages. */
  readonly format: string;
  readonly certificates: readonly ContainedCertificate[];
  readonly keys: readonly ContainedKey[];
  /** Revocation lists (DER). */
  readonly crls: readonly Uint8Array[];
  /** The setting or the file of the key, if it is not in the file of the certificate; for messages. */
  readonly keyPlace?: string | undefined;
  /** PEM blocks that were skipped, for messages: `CERTIFICATE REQUEST of line 30`. */
  readonly unused?: readonly string[] | undefined;
}

/** Passwords of a file, resolved only if something in it is encrypted. */
export interface FilePasswords {
  /** Password of the file; undefined if none was given. */
  file(): Promise<string | undefined>;
  /** Password of the key inside; that of the file if none was given. */
  key(): Promise<string | undefined>;
  /** The fields of these passwords, for messages, such as `password`. */
  readonly fileField: string;
  readonly keyField: string;
  /** The field for a key whose password is not that of the file. */
  readonly ownKeyField: string;
}

/** How a file is read. */
export interface Reading {
  readonly passwords: FilePasswords;
  /** Are private keys needed? Otherwise they are not opened. */
  readonly wantKeys: boolean;
  readonly budget: WorkBudget;
}

/** A key that is not encrypted. */
export function plainKey(pkcs8: Buffer, alias?: string): ContainedKey {
  return { open: () => Promise.resolve(pkcs8), alias };
}

/** Runs work at the first call only. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

/** The most certificates, keys and lists in one file. The address book of a mail program has fewer. */
export const maxItems = 2_000;

/** ERR_CERTIFICATE for more than `maxItems`, which is a limit and not a damaged file. */
export function tooMany(what: string): Error {
  return certificateError(
    `it contains more than ${maxItems} ${what}, which is the limit`,
    'Give a file with only the necessary certificates.',
  );
}

/**
 * What a file of any format holds, before it is decided which of it is meant.
 *
 * @module
 */
import { certificateError } from '../certificate-error.js';
import type { WorkBudget } from './work-budget.js';

/** A certificate in a file or a store. */
export interface ContainedCertificate {
  readonly der: Uint8Array;
  /** Friendly name, nickname or alias. */
  readonly alias?: string | undefined;
  /** The file of a directory that it lies in, for messages. */
  readonly origin?: string | undefined;
}

/** A private key in a file or a store, which is decrypted only where it is wanted. */
export interface ContainedKey {
  /** PKCS#8 DER, decrypted once. ERR_CERTIFICATE if no password opens it. */
  open(): Promise<Buffer>;
  readonly alias?: string | undefined;
  /** DER of its certificate, where the file says which that is; the key has to prove it. */
  readonly certificate?: Uint8Array | undefined;
}

/** All of a file. */
export interface Contents {
  /** What the file turned out to be, for messages. */
  readonly format: string;
  readonly certificates: readonly ContainedCertificate[];
  readonly keys: readonly ContainedKey[];
  /** Revocation lists (DER). */
  readonly crls: readonly Uint8Array[];
  /** PEM blocks that were passed over, for messages: `CERTIFICATE REQUEST of line 30`. */
  readonly unused?: readonly string[] | undefined;
}

/** Secrets of a file, asked for only where something in it is encrypted. */
export interface FilePasswords {
  /** Of the file; undefined if none was given. */
  file(): Promise<string | undefined>;
  /** Of the key inside; that of the file where none was given. */
  key(): Promise<string | undefined>;
  /** The fields they come from, for messages; as `password`. */
  readonly fileField: string;
  readonly keyField: string;
  /** The field for a key whose password is not that of the file. */
  readonly ownKeyField: string;
}

/** How a file is read. */
export interface Reading {
  readonly passwords: FilePasswords;
  /** Are private keys needed? Otherwise they are left where they are. */
  readonly wantKeys: boolean;
  readonly budget: WorkBudget;
}

/** A key that is not encrypted. */
export function plainKey(pkcs8: Buffer, alias?: string): ContainedKey {
  return { open: () => Promise.resolve(pkcs8), alias };
}

/** Work that is done at the first call, once. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

/** Certificates, keys and lists in one file. The address book of a mail program has fewer. */
export const maxItems = 2_000;

/** ERR_CERTIFICATE for more than `maxItems`: a limit, and no damage. */
export function tooMany(what: string): Error {
  return certificateError(
    `it holds more than ${maxItems} ${what}, which is the limit`,
    'Give a file of the certificates that are meant.',
  );
}

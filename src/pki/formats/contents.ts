/**
 * What a file of any format holds, before it is decided what of it is meant.
 */

/** A certificate in a file or a store. */
export interface ContainedCertificate {
  readonly der: Uint8Array;
  /** Friendly name, nickname or alias. */
  readonly alias?: string | undefined;
}

/** A private key in a file or a store. */
export interface ContainedKey {
  /** PKCS#8 DER. */
  readonly pkcs8: Buffer;
  readonly alias?: string | undefined;
}

/** A key that its password did not open, or for which there was none. */
export interface LockedKey {
  /** DER of its certificate, where the file says. */
  readonly certificate: Uint8Array;
  /** Why it is locked. */
  readonly reason: Error;
}

/** All of a file. */
export interface Contents {
  /** What the file turned out to be, for messages. */
  readonly format: string;
  readonly certificates: readonly ContainedCertificate[];
  readonly keys: readonly ContainedKey[];
  readonly locked?: readonly LockedKey[] | undefined;
  /** Revocation lists (DER). */
  readonly crls: readonly Uint8Array[];
}

/** Secrets of a file, asked for only where something in it is encrypted. */
export interface FilePasswords {
  /** Of the file; undefined where none was given. */
  file(): Promise<string | undefined>;
  /** Of the key inside; that of the file where none was given. */
  key(): Promise<string | undefined>;
  /** The fields they come from, for messages; as `password`. */
  readonly fileField: string;
  readonly keyField: string;
}

/** No file may hold more of anything; a mail program's whole address book is smaller. */
export const maxItems = 2_000;

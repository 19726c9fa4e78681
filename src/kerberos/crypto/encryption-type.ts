/**
 * The operations of an encryption type (RFC 3961), and helpers for implementing them.
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { MalformedError } from '../errors.js';

/** A key and the number of its encryption type. */
export interface EncryptionKey {
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * An encryption type with its checksum (RFC 3961 section 3). The parameter `usage` of its methods is the key usage
 * number of RFC 4120 section 7.5.1.
 */
export interface EncryptionType {
  /** Assigned number. */
  readonly id: number;
  /** Name in krb5.conf. */
  readonly name: string;
  readonly keyBytes: number;
  /** Type of the mandatory keyed checksum. */
  readonly checksumType: number;
  readonly checksumBytes: number;
  /** Iterations of string-to-key if the KDC gives none; undefined if the type has no such parameter. */
  readonly defaultIterations: number | undefined;
  stringToKey(password: string, salt: Uint8Array, iterations: number): Promise<Buffer>;
  /** `confounder` is fixed in test vectors; default random. */
  encrypt(key: Uint8Array, usage: number, plain: Uint8Array, confounder?: Uint8Array): Buffer;
  /** Throws a MalformedError if the checksum is wrong, because the key is another or bytes were changed. */
  decrypt(key: Uint8Array, usage: number, cipher: Uint8Array): Buffer;
  checksum(key: Uint8Array, usage: number, data: Uint8Array): Buffer;
}

export function hmac(hash: string, key: Uint8Array, ...pieces: readonly Uint8Array[]): Buffer {
  const mac = createHmac(hash, key);
  for (const piece of pieces) mac.update(piece);
  return mac.digest();
}

/** The constant for deriving a key: a key usage number and an octet for its purpose (RFC 3961 section 5.3). */
export function usageConstant(usage: number, purpose: 0xaa | 0x55 | 0x99): Buffer {
  const constant = Buffer.alloc(5, purpose);
  constant.writeUInt32BE(usage);
  return constant;
}

/** Compares bytes in constant time and throws if they differ. */
export function requireEqual(found: Uint8Array, expected: Uint8Array, message: string): void {
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw new MalformedError(message);
}

/** The message for a wrong checksum. */
export const badChecksum = 'it does not decrypt with this key';

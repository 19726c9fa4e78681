/**
 * What an encryption type can do (RFC 3961).
 *
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { MalformedError } from '../errors.js';

/** A key and the number of the encryption type it is for. */
export interface EncryptionKey {
  readonly type: number;
  readonly value: Uint8Array;
}

/** An encryption type with its checksum (RFC 3961 section 3). `usage` is the key usage number of RFC 4120 section 7.5.1. */
export interface EncryptionType {
  /** Assigned number. */
  readonly id: number;
  /** Name as krb5.conf has it. */
  readonly name: string;
  readonly keyBytes: number;
  /** Of its mandatory keyed checksum. */
  readonly checksumType: number;
  readonly checksumBytes: number;
  /** Iterations of string-to-key where the KDC names none; undefined if there are no parameters. */
  readonly defaultIterations: number | undefined;
  stringToKey(password: string, salt: Uint8Array, iterations: number): Promise<Buffer>;
  /** `confounder` is for test vectors; default random. */
  encrypt(key: Uint8Array, usage: number, plain: Uint8Array, confounder?: Uint8Array): Buffer;
  /** A MalformedError where the checksum is wrong: another key, or changed bytes. */
  decrypt(key: Uint8Array, usage: number, cipher: Uint8Array): Buffer;
  checksum(key: Uint8Array, usage: number, data: Uint8Array): Buffer;
}

/** HMAC over several pieces. */
export function hmac(hash: string, key: Uint8Array, ...pieces: readonly Uint8Array[]): Buffer {
  const mac = createHmac(hash, key);
  for (const piece of pieces) mac.update(piece);
  return mac.digest();
}

/** A key usage number and the octet that says what the derived key is for (RFC 3961 section 5.3). */
export function usageConstant(usage: number, purpose: 0xaa | 0x55 | 0x99): Buffer {
  const constant = Buffer.alloc(5, purpose);
  constant.writeUInt32BE(usage);
  return constant;
}

/** Refuses bytes that are not the expected ones, in constant time. */
export function requireEqual(found: Uint8Array, expected: Uint8Array, message: string): void {
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw new MalformedError(message);
}

/** What `decrypt` says of a checksum that does not fit. */
export const badChecksum = 'it does not decrypt with this key';

/**
 * Helpers for bytes and text.
 * @module
 */
import { types } from 'node:util';

/** An empty array. */
export const noBytes = new Uint8Array(0);

/**
 * Is it a Uint8Array, of any realm? `instanceof` recognizes only those of this realm; jest, vm contexts and jsdom have
 * their own.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}

/** Is it a valid Date, of any realm? */
export function isValidDate(value: unknown): value is Date {
  return types.isDate(value) && !Number.isNaN(value.getTime());
}

/** A Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** UTF-8 bytes. */
export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** Is every UTF-16 unit below 0x80? */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Overwrites key material with zeros. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0);
}

/** Is the text free of lone surrogates, so that it has a UTF-8 form? */
export function isWellFormed(text: string): boolean {
  // Every Node of `engines` has this method; the types of ES2023 lack it.
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/**
 * Bytes and text.
 * @module
 */
import { types } from 'node:util';

/** No bytes. */
export const noBytes = new Uint8Array(0);

/** Is it a Uint8Array, of this realm or another? `instanceof` knows this realm's only: jest, vm contexts and jsdom have their own. */
export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}

/** Is it a Date, of this realm or another, that holds a time? */
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

/** True where every UTF-16 unit is below 0x80. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Overwrites key material. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0);
}

/** True where no half of a surrogate pair stands alone, so that the text has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  // Every Node of `engines` has it; the types of ES2023 do not.
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

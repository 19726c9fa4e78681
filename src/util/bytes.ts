/** No bytes. */
export const noBytes = new Uint8Array(0);

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

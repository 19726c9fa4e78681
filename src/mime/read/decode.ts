/**
 * Lenient decoders of transfer encodings (RFC 2045 section 6). Invalid input is skipped or left as it is.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';

function hexValue(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 48 && c <= 57) return c - 48;
  const upper = c & 0xdf;
  return upper >= 65 && upper <= 70 ? upper - 55 : -1;
}

/**
 * Decodes quoted-printable. White space before a line end is dropped; `=` at the end of a line joins it with the next.
 */
export function decodeQuotedPrintable(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  // Start of the trailing white space of this line, or -1 if there is none.
  let blanks = -1;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] ?? 0;
    if (c === 0x3d) {
      const high = hexValue(bytes[i + 1]);
      const low = hexValue(bytes[i + 2]);
      blanks = -1;
      if (high >= 0 && low >= 0) {
        out[length++] = (high << 4) | low;
        i += 2;
        continue;
      }
      const next = endOfSoftBreak(bytes, i + 1);
      if (next >= 0) {
        i = next - 1;
        continue;
      }
    } else if (c === 0x20 || c === 9) {
      if (blanks < 0) blanks = length;
    } else if (c === 13 || c === 10) {
      if (blanks >= 0) length = blanks;
      blanks = -1;
    } else blanks = -1;
    out[length++] = c;
  }
  return out.subarray(0, blanks >= 0 ? blanks : length);
}

/**
 * The offset after a soft break: `=`, optional white space, and a line end or the end of the input. -1 if there is
 * none. White space counts up to the length of a line.
 */
function endOfSoftBreak(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at - from < 998 && (bytes[at] === 0x20 || bytes[at] === 9)) at++;
  if (at >= bytes.length) return at;
  if (bytes[at] === 13 && bytes[at + 1] === 10) return at + 2;
  return bytes[at] === 10 ? at + 1 : -1;
}

/** Decodes a part by its Content-Transfer-Encoding. An unknown encoding leaves it unchanged. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(asBuffer(bytes).toString('latin1'), 'base64');
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes);
  return asBuffer(bytes);
}

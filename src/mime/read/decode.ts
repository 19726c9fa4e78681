/**
 * Decoders of transfer encodings (RFC 2045 section 6), lenient: what cannot be is skipped or stays.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';

function hexValue(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 48 && c <= 57) return c - 48;
  const upper = c & 0xdf;
  return upper >= 65 && upper <= 70 ? upper - 55 : -1;
}

/** quoted-printable: white space before a line end is not content, `=` at a line's end joins lines. */
export function decodeQuotedPrintable(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  // Where trailing white space of this line began, -1 while there is none.
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

/** The offset after `=`, optional white space and a line end or the end; -1 where there is none. White space counts up to a line. */
function endOfSoftBreak(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at - from < 998 && (bytes[at] === 0x20 || bytes[at] === 9)) at++;
  if (at >= bytes.length) return at;
  if (bytes[at] === 13 && bytes[at + 1] === 10) return at + 2;
  return bytes[at] === 10 ? at + 1 : -1;
}

/** Content of a part by its Content-Transfer-Encoding; an unknown one leaves it as it is. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(asBuffer(bytes).toString('latin1'), 'base64');
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes);
  return asBuffer(bytes);
}

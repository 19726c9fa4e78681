/**
 * Finds in one pass how content can be sent: unencoded or not.
 * @module
 */
import { isBlank, maxLine } from './scan.js';

/** The properties on which the choice of an encoding depends. */
export interface ContentTraits {
  /** Can it be sent unencoded: as 7bit, as 8bit (RFC 6152), or not? */
  readonly plain: '7bit' | '8bit' | 'no';
  /** Might a mail system change it: blanks at the end of a line, or `From ` at the start of one? */
  readonly fragile: boolean;
  /** About how many octets quoted-printable has to escape. */
  readonly escaped: number;
}

const from = Buffer.from('From ', 'latin1');
const cr = 13;
const lf = 10;

/** Classes of octets. */
const plain = 0;
const wide = 1;
const escape = 2;
const control = 3;
const lineEnd = 4;
const kinds = new Uint8Array(256).fill(wide, 0x80).fill(control, 0, 0x20);
kinds[0x7f] = control;
kinds[0x3d] = escape;
kinds[0x09] = plain;
kinds[cr] = lineEnd;
kinds[lf] = lineEnd;

function beginsWithFrom(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === from[0] && from.every((c, i) => bytes[at + i] === c);
}

/** The traits of octets. A line over 998 octets, a control character or a bare CR or LF makes `plain` 'no'. */
export function traitsOf(bytes: Uint8Array): ContentTraits {
  let escaped = 0;
  let isWide = false;
  let safe = true;
  let fragile = beginsWithFrom(bytes, 0);
  let lineStart = 0;
  const end = bytes.length;
  for (let i = 0; i < end; i++) {
    const kind = kinds[bytes[i] ?? 0];
    if (kind === plain) continue;
    if (kind !== lineEnd) {
      escaped++;
      if (kind === wide) isWide = true;
      else if (kind === control) safe = false;
    } else {
      if (i - lineStart > maxLine) safe = false;
      if (isBlank(bytes[i - 1])) fragile = true;
      if (bytes[i] === cr && bytes[i + 1] === lf) {
        i++;
        if (beginsWithFrom(bytes, i + 1)) fragile = true;
      } else {
        safe = false;
        escaped++;
      }
      lineStart = i + 1;
    }
  }
  if (end - lineStart > maxLine) safe = false;
  if (isBlank(bytes[end - 1])) fragile = true;
  return { plain: safe ? (isWide ? '8bit' : '7bit') : 'no', fragile, escaped };
}

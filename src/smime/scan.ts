/**
 * What text needs of its way. Node's own search goes from line end to line end several times as fast as a loop over the octets.
 */
import { isAscii } from 'node:buffer';

/** What there is in some octets. */
export interface TextScan {
  /** A CR or LF that is not part of CRLF. */
  readonly hasLoneEnd: boolean;
  readonly hasNul: boolean;
  readonly isAscii: boolean;
  /** Octets of the longest line that LF ends, or the end of all; without its CRLF. */
  readonly longestLine: number;
}

const lf = 10;
const cr = 13;

/** Looks through text. */
export function scanText(text: Buffer): TextScan {
  let hasLoneEnd = false;
  let longestLine = 0;
  let lineStart = 0;
  for (let at = text.indexOf(lf); at >= 0; at = text.indexOf(lf, lineStart)) {
    const isCrlf = at > lineStart && text[at - 1] === cr;
    if (!isCrlf) hasLoneEnd = true;
    longestLine = Math.max(longestLine, isCrlf ? at - 1 - lineStart : at - lineStart);
    lineStart = at + 1;
  }
  for (let at = text.indexOf(cr); at >= 0 && !hasLoneEnd; at = text.indexOf(cr, at + 2)) hasLoneEnd = text[at + 1] !== lf;
  return { hasLoneEnd, hasNul: text.includes(0), isAscii: isAscii(text), longestLine: Math.max(longestLine, text.length - lineStart) };
}

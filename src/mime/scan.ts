/**
 * What text is made of: one look by vectors, or several by the searches of JavaScript where there are none or the text is short.
 * @module
 */
import { hasVectors, scanLimit, scanVectors } from '../util/vectors/vectors.js';

/** What there may be in text. */
export const textFlag = {
  /** A CR or LF that is not part of CRLF. */
  loneEnd: 1,
  /** Other than TAB, CR, LF and printing ASCII. */
  unprintable: 2,
  /** Beyond ASCII. */
  wide: 4,
  /** NUL. */
  nul: 8,
  /** Of text whose line ends are all CRLF: a line of more than 998 octets (of ASCII: units). */
  longLine: 16,
  /** Of such text without long lines: a blank at the end of one. */
  blankEnd: 32,
  /** Of such text: a line that begins with `From `. */
  from: 64,
} as const;

/** The most octets of a line (RFC 5322 section 2.1.1). */
export const maxLine = 998;
/** Less is not worth the way into WebAssembly, nor the start of it. */
const fewUnits = 2048;
const unprintable = /[^\t\r\n -~]/;
const wide = /[^\0-\x7f]/;
const cr = 13;
const lf = 10;
const letterF = 70;

/** In text that is not ASCII a search ends soon; the way into WebAssembly would be by UTF-8. */
const beginning = 256;

/** The sum of the flags of what there is. */
export function scanText(text: string | Buffer): number {
  const isLong = text.length >= fewUnits && !(typeof text === 'string' && unprintable.test(text.slice(0, beginning)));
  let flags = isLong && hasVectors() ? scanPieces(text) : searchText(text);
  if (isBlank(unitAt(text, text.length - 1))) flags |= textFlag.blankEnd;
  // Where there is one of these, what follows it may not have been seen.
  if ((flags & textFlag.loneEnd) !== 0) return flags & ~(textFlag.longLine | textFlag.blankEnd | textFlag.from);
  return (flags & textFlag.longLine) === 0 ? flags : flags & ~(textFlag.blankEnd | textFlag.from);
}

export function isBlank(unit: number | undefined): boolean {
  return unit === 0x20 || unit === 0x09;
}

function unitAt(text: string | Buffer, at: number): number | undefined {
  return typeof text === 'string' ? text.charCodeAt(at) : text[at];
}

/** By vectors, in pieces of whole lines, or of a part of a line that is long. */
function scanPieces(text: string | Buffer): number {
  let flags = 0;
  for (let at = 0; at < text.length;) {
    const rest = typeof text === 'string' ? text.slice(at, at + scanLimit) : text.subarray(at, at + scanLimit);
    const length = at + rest.length < text.length ? wholeLines(rest) : rest.length;
    flags |= scanVectors(typeof rest === 'string' ? rest.slice(0, length) : rest.subarray(0, length));
    at += length;
  }
  // Vectors see the F alone.
  return (flags & textFlag.from) !== 0 && !hasFrom(text) ? flags & ~textFlag.from : flags;
}

function wholeLines(piece: string | Buffer): number {
  const lineEnd = typeof piece === 'string' ? piece.lastIndexOf('\n') : piece.lastIndexOf(lf);
  if (lineEnd >= 0) return lineEnd + 1;
  // A CR is looked at together with what follows it.
  return unitAt(piece, piece.length - 1) === cr ? piece.length - 1 : piece.length;
}

function hasFrom(text: string | Buffer): boolean {
  return text.indexOf('From ') === 0 || text.includes('\nFrom ');
}

function searchText(given: string | Buffer): number {
  const text = typeof given === 'string' ? given : given.toString('latin1');
  const flags = searchLines(text);
  if (!unprintable.test(text)) return flags;
  return (
    flags | textFlag.unprintable | (wide.test(text) ? textFlag.wide : 0) | (text.includes('\0') ? textFlag.nul : 0)
  );
}

/** From line end to line end: to look for the next one costs far less than to look at each character. */
function searchLines(text: string): number {
  let flags = 0;
  for (let at = 0; ;) {
    const nextLf = text.indexOf('\n', at);
    const nextCr = text.indexOf('\r', at);
    const isLast = nextLf < 0 && nextCr < 0;
    const end = isLast ? text.length : nextCr;
    if (!isLast && (nextCr < 0 || nextLf !== nextCr + 1)) return textFlag.loneEnd;
    if (end - at > maxLine) flags |= textFlag.longLine;
    if (text.charCodeAt(at) === letterF && text.startsWith('From ', at)) flags |= textFlag.from;
    if (end > at && isBlank(text.charCodeAt(end - 1))) flags |= textFlag.blankEnd;
    if (isLast) return flags;
    at = nextLf + 1;
  }
}

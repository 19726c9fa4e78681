/**
 * Line ends in canonical form, and the properties of a text. WebAssembly vectors need one pass over it; without them, or for short text, several
 * JavaScript searches do the same.
 * @module
 */
import { hasVectors, scanLimit, scanVectors } from '../util/vectors/vectors.js';

/** Properties of a text, as bits. */
export const textFlag = {
  /** A CR or LF that is not part of CRLF. */
  loneEnd: 1,
  /** A character other than TAB, CR, LF and printing ASCII. */
  unprintable: 2,
  /** A character beyond ASCII. */
  wide: 4,
  /** A NUL. */
  nul: 8,
  /** A line longer than 998 octets (in a string: units). Only meaningful if `loneEnd` is not set. */
  longLine: 16,
  /** A blank at the end of a line. Only meaningful if neither `loneEnd` nor `longLine` is set. */
  blankEnd: 32,
  /** A line that begins with `From `. Only meaningful if neither `loneEnd` nor `longLine` is set. */
  from: 64,
} as const;

/** Text with every CR, LF and CRLF turned into CRLF. */
export function canonicalText(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?|\n/g, '\r\n') : text.replaceAll('\n', '\r\n');
}

/** The most octets of a line (RFC 5322 section 2.1.1). */
export const maxLine = 998;
/** For shorter text, the call into WebAssembly costs more than it saves. */
const fewUnits = 96;
/** For shorter text, a look at its beginning costs more than it saves. */
const manyUnits = 2048;
const unprintable = /[^\t\r\n -~]/;
const wide = /[^\0-\x7f]/;
const cr = 13;
const lf = 10;
const letterF = 70;

/**
 * If this many first characters contain one beyond ASCII, JavaScript searches: they find it early, while WebAssembly
 * would first need the text as UTF-8.
 */
const beginning = 64;

/**
 * The properties of `text`, as a sum of flags. With `isCanonical`, all line ends are already CRLF; the flags about
 * lines then mean nothing if `unprintable` is set.
 */
export function scanText(text: string | Buffer, isCanonical = false): number {
  let flags = isForVectors(text) ? scanPieces(text, true) : searchText(text, isCanonical);
  if (isBlank(unitAt(text, text.length - 1))) flags |= textFlag.blankEnd;
  // The search may have stopped at such a finding, so the flags that follow it mean nothing.
  if ((flags & textFlag.loneEnd) !== 0) return flags & ~(textFlag.longLine | textFlag.blankEnd | textFlag.from);
  return (flags & textFlag.longLine) === 0 ? flags : flags & ~(textFlag.blankEnd | textFlag.from);
}

/** The flags that `scanForTransport` finds: those of line ends, long lines, NUL and octets beyond ASCII. */
const forTransport = textFlag.loneEnd | textFlag.longLine | textFlag.nul | textFlag.wide;

/** The flags of `scanText` that decide whether octets can be sent as they are, in half the time. */
export function scanForTransport(bytes: Buffer): number {
  const flags = (isForVectors(bytes) ? scanPieces(bytes, false) : searchText(bytes, false)) & forTransport;
  return (flags & textFlag.loneEnd) === 0 ? flags : flags & ~textFlag.longLine;
}

function isForVectors(text: string | Buffer): boolean {
  if (text.length < fewUnits) return false;
  const isWide = typeof text === 'string' && text.length >= manyUnits && unprintable.test(text.slice(0, beginning));
  return !isWide && hasVectors(text.length);
}

export function isBlank(unit: number | undefined): boolean {
  return unit === 0x20 || unit === 0x09;
}

function unitAt(text: string | Buffer, at: number): number | undefined {
  return typeof text === 'string' ? text.charCodeAt(at) : text[at];
}

/** Scans by vectors, in pieces of whole lines, or in parts of a long line. */
function scanPieces(text: string | Buffer, every: boolean): number {
  let flags = 0;
  for (let at = 0; at < text.length;) {
    const rest = typeof text === 'string' ? text.slice(at, at + scanLimit) : text.subarray(at, at + scanLimit);
    const length = at + rest.length < text.length ? wholeLines(rest) : rest.length;
    flags |= scanVectors(typeof rest === 'string' ? rest.slice(0, length) : rest.subarray(0, length), every);
    at += length;
  }
  // The vectors find only lines that begin with F.
  return (flags & textFlag.from) !== 0 && !hasFrom(text) ? flags & ~textFlag.from : flags;
}

function wholeLines(piece: string | Buffer): number {
  const lineEnd = typeof piece === 'string' ? piece.lastIndexOf('\n') : piece.lastIndexOf(lf);
  if (lineEnd >= 0) return lineEnd + 1;
  // A CR belongs into one piece with the character after it.
  return unitAt(piece, piece.length - 1) === cr ? piece.length - 1 : piece.length;
}

function hasFrom(text: string | Buffer): boolean {
  return text.indexOf('From ') === 0 || text.includes('\nFrom ');
}

function searchText(given: string | Buffer, isCanonical: boolean): number {
  const text = typeof given === 'string' ? given : given.toString('latin1');
  const isUnprintable = unprintable.test(text);
  const flags = isUnprintable && isCanonical ? 0 : searchLines(text);
  if (!isUnprintable) return flags;
  return (
    flags | textFlag.unprintable | (wide.test(text) ? textFlag.wide : 0) | (text.includes('\0') ? textFlag.nul : 0)
  );
}

/** Goes from line end to line end. Searching for the next line end costs far less than looking at each character. */
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

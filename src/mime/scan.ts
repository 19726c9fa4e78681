/** What text is made of: one look by vectors, or several by the searches of JavaScript where there are none or the text is short. */
import { hasVectors, scanLimit, scanVectors } from './vectors.js';

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
} as const;

/** Less is not worth the way into WebAssembly, nor the start of it. */
const fewUnits = 2048;
const unprintable = /[^\t\r\n -~]/;
const wide = /[^\0-\x7f]/;
const cr = 13;
const lf = 10;

/** In text that is not ASCII a search ends soon; the way into WebAssembly would be by UTF-8. */
const beginning = 256;

/** The sum of the flags of what there is. */
export function scanText(text: string | Buffer): number {
  const isLong = text.length >= fewUnits && !(typeof text === 'string' && unprintable.test(text.slice(0, beginning)));
  const look = isLong && hasVectors() ? scanVectors : searchText;
  if (text.length <= scanLimit) return look(text);
  let flags = 0;
  for (let at = 0; at < text.length; ) {
    // A CR is looked at together with what follows it.
    const cut = at + scanLimit;
    const end = cut < text.length && unitAt(text, cut - 1) === cr ? cut - 1 : cut;
    flags |= look(typeof text === 'string' ? text.slice(at, end) : text.subarray(at, end));
    at = end;
  }
  return flags;
}

/** Is there a line of more than `most` octets, in text whose line ends are all CRLF? */
export function hasLineOver(most: number, text: Buffer): boolean {
  // From the last line end that is near enough to the next such: a line is passed over unless it is long.
  for (let start = 0; start + most < text.length; ) {
    const end = text.lastIndexOf(lf, start + most + 1);
    if (end < start) return true;
    start = end + 1;
  }
  return false;
}

function unitAt(text: string | Buffer, at: number): number | undefined {
  return typeof text === 'string' ? text.charCodeAt(at) : text[at];
}

function searchText(given: string | Buffer): number {
  const text = typeof given === 'string' ? given : given.toString('latin1');
  const loneEnd = isCanonical(text) ? 0 : textFlag.loneEnd;
  if (!unprintable.test(text)) return loneEnd;
  return loneEnd | textFlag.unprintable | (wide.test(text) ? textFlag.wide : 0) | (text.includes('\0') ? textFlag.nul : 0);
}

/** From line end to line end: to look for the next one costs far less than to look at each character. */
function isCanonical(text: string): boolean {
  let at = 0;
  for (;;) {
    const lf = text.indexOf('\n', at);
    const cr = text.indexOf('\r', at);
    if (lf < 0 && cr < 0) return true;
    if (cr < 0 || lf !== cr + 1) return false;
    at = lf + 1;
  }
}

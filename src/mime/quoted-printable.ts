/**
 * Encodes quoted-printable (RFC 2045 section 6.7) by a table. Beyond the RFC, it also escapes what a mail system might
 * change at the start or end of a line: `From `, a dot, trailing white space.
 * @module
 */
import { encoderRoom } from './encoder.js';
import type { ContentEncoder } from './encoder.js';

const maxColumn = 76;
const cr = 13;
const lf = 10;
const dot = 46;
const letterF = 70;
const letterR = 114;
const hex = Buffer.from('0123456789ABCDEF', 'latin1');

/**
 * 1 for octets that are written as they are. Blanks are among them, although they must be escaped at the end of a line.
 */
const literal = new Uint8Array(256);
for (let c = 32; c < 127; c++) literal[c] = c === 61 ? 0 : 1;
literal[9] = 1;

/** Encodes quoted-printable, as described at the head of this file. */
export class QuotedPrintableEncoder implements ContentEncoder {
  read = 0;
  written = 0;
  #column = 0;
  /** A blank or CR whose encoding depends on the next octet; -1 if there is none. */
  #held = -1;

  /**
   * With `isText`, CR, LF and CRLF are all line ends. Without it only CRLF is one, and every octet is received
   * unchanged. With `endsLine`, text that does not end with a line end gets one.
   */
  constructor(
    readonly isText: boolean,
    readonly endsLine = false,
  ) {}

  encode(input: Uint8Array, from: number, out: Buffer, at: number): void {
    const start = at;
    // One turn writes at most the held octet and the current one, each as a soft break and an escape.
    const limit = out.length - 14;
    const end = input.length;
    let i = from;
    for (; i < end && at <= limit; i++) {
      // Copies a run of literal octets up to the end of the line or of the room. The last octet of the input is left
      // out, because its encoding depends on the octet after it.
      if (this.#held < 0 && this.#column > 0) {
        const begin = i;
        const stop = Math.min(end - 1, i + maxColumn - 1 - this.#column, i + limit - at);
        while (i < stop && standsForItself(input, i)) out[at++] = input[i++] ?? 0;
        this.#column += i - begin;
      }
      const c = input[i] ?? 0;
      if (this.#held >= 0) {
        const held = this.#held;
        this.#held = -1;
        if (held === cr) {
          if (c === lf) {
            at = this.#lineEnd(out, at);
            continue;
          }
          at = this.isText ? this.#lineEnd(out, at) : this.#escape(cr, out, at);
        } else at = c === cr || (c === lf && this.isText) ? this.#escape(held, out, at) : this.#literal(held, out, at);
      }
      if (literal[c] === 1) {
        if (c === 32 || c === 9) this.#held = c;
        else if (this.#column === 0 && (c === dot || (c === letterF && (i + 1 === end || input[i + 1] === letterR)))) {
          at = this.#escape(c, out, at);
        } else at = this.#literal(c, out, at);
      } else if (c === cr) this.#held = cr;
      else if (c === lf && this.isText) at = this.#lineEnd(out, at);
      else at = this.#escape(c, out, at);
    }
    this.read = i - from;
    this.written = at - start;
  }

  finish(out: Buffer, at: number): number {
    let end = at;
    if (this.#held === cr && this.isText) end = this.#lineEnd(out, at);
    else if (this.#held >= 0) end = this.#escape(this.#held, out, at);
    if (this.endsLine && this.#column > 0) end = this.#lineEnd(out, end);
    this.#held = -1;
    this.#column = 0;
    return end - at;
  }

  #literal(c: number, out: Buffer, at: number): number {
    if (this.#column >= maxColumn - 1) {
      at = this.#softBreak(out, at);
      if (c === dot || c === letterF) return this.#escape(c, out, at);
    }
    out[at] = c;
    this.#column++;
    return at + 1;
  }

  #escape(c: number, out: Buffer, at: number): number {
    if (this.#column > maxColumn - 4) at = this.#softBreak(out, at);
    out[at] = 61;
    out[at + 1] = hex[c >> 4] ?? 0;
    out[at + 2] = hex[c & 15] ?? 0;
    this.#column += 3;
    return at + 3;
  }

  #softBreak(out: Buffer, at: number): number {
    out[at] = 61;
    return this.#lineEnd(out, at + 1);
  }

  #lineEnd(out: Buffer, at: number): number {
    out[at] = cr;
    out[at + 1] = lf;
    this.#column = 0;
    return at + 2;
  }
}

/** Within a line: is the octet literal, and not a blank before a line end? */
function standsForItself(input: Uint8Array, at: number): boolean {
  const c = input[at] ?? 0;
  if (literal[c] === 0) return false;
  if (c !== 32 && c !== 9) return true;
  const next = input[at + 1];
  return next !== cr && next !== lf;
}

/**
 * Encodes text of printing ASCII, blanks and CRLF, and returns it in pieces. The result equals the encoder's, but lines
 * that need no change, which are most, are not examined character by character.
 */
export function quotePrintable(text: string): string[] {
  const quoted: string[] = [];
  /** All text before `done` is in `quoted`. Lines from `stays` on need no change. */
  let done = 0;
  let stays = 0;
  let equals = text.indexOf('=');
  const takeOver = (): void => {
    if (stays > done)
      quoted.push(encodeQuotedPrintable(Buffer.from(text.slice(done, stays), 'latin1'), true, 0).toString('latin1'));
  };
  for (let at = 0; at < text.length;) {
    const lf = text.indexOf('\n', at);
    const end = lf < 0 ? text.length : lf - 1;
    const next = lf < 0 ? text.length : lf + 1;
    if (equals >= 0 && equals < at) equals = text.indexOf('=', at);
    if ((equals >= 0 && equals < end) || !lineStays(text, at, end)) {
      if (stays < at) {
        takeOver();
        quoted.push(text.slice(stays, at));
        done = at;
      }
      stays = next;
    }
    at = next;
  }
  takeOver();
  if (stays < text.length) quoted.push(text.slice(stays));
  return quoted;
}

function lineStays(text: string, at: number, end: number): boolean {
  if (end === at) return true;
  const first = text.charCodeAt(at);
  const last = text.charCodeAt(end - 1);
  if (first === dot || (first === letterF && (at + 1 === text.length || text.charCodeAt(at + 1) === letterR)))
    return false;
  return end - at < maxColumn && last !== 32 && last !== 9;
}

/** Encodes `bytes`. `escaped` estimates how many of them need an escape. */
export function encodeQuotedPrintable(bytes: Uint8Array, isText: boolean, escaped: number): Buffer {
  let out = Buffer.allocUnsafe(Math.ceil((bytes.length + 2 * escaped) * 1.06) + encoderRoom);
  let length = 0;
  const encoder = new QuotedPrintableEncoder(isText);
  for (let from = 0; from < bytes.length; from += encoder.read) {
    // Many short lines of dots or blanks need more room than was estimated.
    if (out.length - length < encoderRoom) out = Buffer.concat([out], out.length * 2);
    encoder.encode(bytes, from, out, length);
    length += encoder.written;
  }
  if (out.length - length < encoderRoom) out = Buffer.concat([out], out.length + encoderRoom);
  return out.subarray(0, length + encoder.finish(out, length));
}

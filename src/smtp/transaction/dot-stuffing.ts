/**
 * Dot-stuffing (transparency, RFC 5321 section 4.5.2): a line that begins with a dot gets another one, across blocks
 * too.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';

const DOT = 0x2e;
const CR = 0x0d;
const LF = 0x0a;
const dot = Buffer.from('.');
const needle = Buffer.from('\r\n.');

export class DotStuffer {
  /** The last two octets before the next block. The content begins like a line after CRLF. */
  #last = CR;
  #end = LF;

  /** Returns the block in parts: slices of it with dots between. Its line ends must be canonical. */
  stuff(block: Uint8Array): readonly Uint8Array[] {
    if (block.length === 0) return [];
    const bytes = asBuffer(block);
    const parts: Uint8Array[] = [];
    let from = 0;
    if (bytes[0] === DOT && this.#last === CR && this.#end === LF) parts.push(dot);
    else if (bytes[0] === LF && bytes[1] === DOT && this.#end === CR) {
      parts.push(bytes.subarray(0, 1), dot);
      from = 1;
    }
    for (let at = bytes.indexOf(needle, from); at !== -1; at = bytes.indexOf(needle, at + 2)) {
      parts.push(bytes.subarray(from, at + 2), dot);
      from = at + 2;
    }
    parts.push(from === 0 ? bytes : bytes.subarray(from));
    this.#last = bytes.at(-2) ?? this.#end;
    this.#end = bytes.at(-1) ?? this.#end;
    return parts;
  }

  /** The end of data. A last line without a line end gets one. */
  end(): Uint8Array {
    return this.#last === CR && this.#end === LF ? endOfData : endOfDataAndLine;
  }
}

const endOfData = Buffer.from('.\r\n');
const endOfDataAndLine = Buffer.from('\r\n.\r\n');

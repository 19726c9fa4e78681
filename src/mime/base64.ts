/**
 * base64 in lines of 76 characters (RFC 2045 section 6.8).
 * @module
 */
import { asBuffer } from '../util/bytes.js';
import { encodeLines, hasVectors, lineIn, lineStep } from '../util/vectors/vectors.js';
import { encoderRoom } from './encoder.js';
import type { ContentEncoder } from './encoder.js';

const lineOut = 76;
/** With fewer lines, the call into WebAssembly costs more than it saves. */
const fewLines = 4;
const crlf = 0x0a0d;

/** The length of `size` octets in base64, with CRLF between the lines and none at the end. */
export function base64Size(size: number): number {
  const encoded = Math.ceil(size / 3) * 4;
  return encoded === 0 ? 0 : encoded + 2 * (Math.ceil(encoded / lineOut) - 1);
}

/** Encodes as base64 in lines of 76 characters. CRLF separates the lines; the last has none. */
export class Base64Encoder implements ContentEncoder {
  read = 0;
  written = 0;
  /** Input that does not fill a line yet. */
  readonly #rest = Buffer.allocUnsafe(lineIn);
  #restLength = 0;
  #begun = false;

  encode(input: Uint8Array, from: number, out: Buffer, at: number): void {
    const start = from;
    const begin = at;
    if (this.#restLength > 0) {
      const missing = Math.min(lineIn - this.#restLength, input.length - from);
      if (out.length - at < lineStep) {
        this.read = this.written = 0;
        return;
      }
      this.#rest.set(input.subarray(from, from + missing), this.#restLength);
      this.#restLength += missing;
      from += missing;
      if (this.#restLength === lineIn) {
        at = this.#line(this.#rest, 0, lineIn, out, at);
        this.#restLength = 0;
      }
    }
    if (this.#restLength === 0) {
      const lines = Math.floor((input.length - from) / lineIn);
      if (lines > 0) {
        if (!this.#begun && out.length - at >= lineStep) {
          at = this.#line(input, from, from + lineIn, out, at);
          from += lineIn;
        }
        const count = Math.min(Math.floor((input.length - from) / lineIn), Math.floor((out.length - at) / lineStep));
        const done = count < fewLines || !hasVectors(count * lineIn) ? 0 : count;
        if (done > 0) encodeLines(input, from, done, out, at);
        at += done * lineStep;
        for (let line = done; line < count; line++)
          at = this.#line(input, from + line * lineIn, from + (line + 1) * lineIn, out, at);
        from += count * lineIn;
      }
      const left = input.length - from;
      if (left < lineIn) {
        this.#rest.set(input.subarray(from), 0);
        this.#restLength = left;
        from = input.length;
      }
    }
    this.read = from - start;
    this.written = at - begin;
  }

  finish(out: Buffer, at: number): number {
    const end = this.#restLength === 0 ? at : this.#line(this.#rest, 0, this.#restLength, out, at);
    this.#restLength = 0;
    this.#begun = false;
    return end - at;
  }

  /** Writes one line, preceded by the CRLF that ends the line before. */
  #line(input: Uint8Array, from: number, to: number, out: Buffer, at: number): number {
    if (this.#begun) at = out.writeUInt16LE(crlf, at);
    this.#begun = true;
    return at + out.write(asBuffer(input).toString('base64', from, to), at, 'latin1');
  }
}

/** `bytes` as base64 lines. */
export function encodeBase64(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(base64Size(bytes.length) + encoderRoom);
  const encoder = new Base64Encoder();
  encoder.encode(bytes, 0, out, 0);
  const length = encoder.written;
  return out.subarray(0, length + encoder.finish(out, length));
}

import { asBuffer } from '../util/bytes.js';
import { encoderRoom } from './encoder.js';
import type { ContentEncoder } from './encoder.js';

/** base64 in lines of 76 (RFC 2045 section 6.8), at the speed of Node's own unwrapped base64 and a copy. */

const lineIn = 57;
const lineOut = 76;
const lineStep = lineOut + 2;
/** Lines encoded at once: what comes out stays in the processor's cache until it is wrapped. */
const passLines = 768;
const crlf = 0x0a0d;

/** Octets of `size` octets in base64 with CRLF between the lines and none at the end. */
export function base64Size(size: number): number {
  const encoded = Math.ceil(size / 3) * 4;
  return encoded === 0 ? 0 : encoded + 2 * (Math.ceil(encoded / lineOut) - 1);
}

/** See the file's head. Lines are separated by CRLF; the last has none. */
export class Base64Encoder implements ContentEncoder {
  read = 0;
  written = 0;
  /** Input that is not a whole line yet. */
  readonly #rest = Buffer.allocUnsafe(lineIn);
  #restLength = 0;
  #begun = false;
  /** One pass of lines before they are wrapped; made when its size is known. */
  #scratch: Buffer = Buffer.alloc(0);

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
        this.#lines(asBuffer(input), from, count, out, at);
        from += count * lineIn;
        at += count * lineStep;
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

  /** One line, with the CRLF that ends the one before. */
  #line(input: Uint8Array, from: number, to: number, out: Buffer, at: number): number {
    if (this.#begun) at = out.writeUInt16LE(crlf, at);
    this.#begun = true;
    return at + out.write(asBuffer(input).toString('base64', from, to), at, 'latin1');
  }

  /**
   * Whole lines, each after a CRLF. The copy goes in words of eight octets as floating point numbers: the one 64-bit type that
   * JavaScript moves without making an object of it. No base64 character can be part of a NaN, so no bit is lost.
   */
  #lines(input: Buffer, from: number, count: number, out: Buffer, at: number): void {
    const room = Math.min(count, passLines) * lineOut;
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafe(room);
    const source = new DataView(this.#scratch.buffer, this.#scratch.byteOffset, this.#scratch.length);
    const target = new DataView(out.buffer, out.byteOffset, out.length);
    for (let done = 0; done < count; ) {
      const pass = Math.min(passLines, count - done);
      const begin = from + done * lineIn;
      this.#scratch.write(input.toString('base64', begin, begin + pass * lineIn), 0, 'latin1');
      for (let s = 0, end = pass * lineOut; s < end; s += lineOut) {
        target.setUint16(at, crlf, true);
        target.setFloat64(at + 2, source.getFloat64(s, true), true);
        target.setFloat64(at + 10, source.getFloat64(s + 8, true), true);
        target.setFloat64(at + 18, source.getFloat64(s + 16, true), true);
        target.setFloat64(at + 26, source.getFloat64(s + 24, true), true);
        target.setFloat64(at + 34, source.getFloat64(s + 32, true), true);
        target.setFloat64(at + 42, source.getFloat64(s + 40, true), true);
        target.setFloat64(at + 50, source.getFloat64(s + 48, true), true);
        target.setFloat64(at + 58, source.getFloat64(s + 56, true), true);
        target.setFloat64(at + 66, source.getFloat64(s + 64, true), true);
        target.setUint32(at + 74, source.getUint32(s + 72, true), true);
        at += lineStep;
      }
      done += pass;
    }
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

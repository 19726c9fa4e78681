/**
 * Reads the binary files of Kerberos.
 * @module
 */
import { MalformedError } from '../errors.js';

/**
 * Reads big-endian numbers and counted bytes in sequence. A MalformedError names the byte at which the data ends too
 * early.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  /** The next bytes, without a copy. */
  take(length: number): Buffer {
    if (length > this.remaining)
      throw new MalformedError(
        `it ends at byte ${this.#end}, but ${length} bytes were expected from byte ${this.#at} on`,
      );
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** A reader of the next bytes only. */
  part(length: number): ByteReader {
    const start = this.#at;
    this.take(length);
    return new ByteReader(this.#bytes, start, this.#at);
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  i32(): number {
    return this.take(4).readInt32BE();
  }
}

/**
 * Nested DER around a content that is written elsewhere: made from the inside out, because each length counts all that is inside, and
 * written from the end of a Buffer to its start, so that nothing is copied twice.
 */
import { headerSize, writeHeader } from '../../util/der.js';

/** What stands before a content and its trailer, and how long the whole is. */
export class Enclosure {
  #room: Buffer;
  /** Where what is written begins; it goes to the end of `#room`. */
  #start: number;
  #length: number;

  /** Around a content of so many octets. `room` is what the elements before it will take, or less. */
  constructor(contentBytes: number, room = 256) {
    this.#room = Buffer.allocUnsafe(room);
    this.#start = room;
    this.#length = contentBytes;
  }

  /** Puts an element before all that is inside so far. */
  prepend(...parts: readonly Uint8Array[]): this {
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i];
      if (part === undefined) continue;
      this.#reserve(part.length);
      this.#room.set(part, this.#start);
    }
    return this;
  }

  /** Counts octets that follow all that is inside so far; the caller writes them. */
  append(octets: number): this {
    this.#length += octets;
    return this;
  }

  /** Makes an element of all that is inside so far, and of that another for each further tag. */
  wrap(...tagBytes: readonly number[]): this {
    for (const tagByte of tagBytes) {
      const length = this.#length;
      this.#reserve(headerSize(length));
      writeHeader(this.#room, this.#start, tagByte, length);
    }
    return this;
  }

  /** Octets of the whole, content and trailer included. */
  get length(): number {
    return this.#length;
  }

  /** All that stands before the content. */
  before(): Buffer {
    return this.#room.subarray(this.#start);
  }

  #reserve(octets: number): void {
    if (octets > this.#start) {
      const written = this.before();
      const room = Buffer.allocUnsafe(2 * (written.length + octets));
      room.set(written, room.length - written.length);
      this.#start = room.length - written.length;
      this.#room = room;
    }
    this.#start -= octets;
    this.#length += octets;
  }
}

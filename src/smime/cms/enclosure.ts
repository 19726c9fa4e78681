/**
 * Nested DER around a content that is written elsewhere. It is made from the inside out, because each length counts
 * everything inside, and written from the end of a Buffer to its start, so that nothing is copied twice.
 * @module
 */
import { headerSize, writeHeader } from '../../util/der.js';

/** The octets before a content and its trailer, and the length of the whole. */
export class Enclosure {
  #room: Buffer;
  /** Start of the written octets, which end where `#room` ends. */
  #start: number;
  #length: number;

  /**
   * `contentBytes` is the length of the content. `room` estimates the octets before it; more is allocated if needed.
   */
  constructor(contentBytes: number, room = 256) {
    this.#room = Buffer.allocUnsafe(room);
    this.#start = room;
    this.#length = contentBytes;
  }

  /** Puts elements before everything so far. */
  prepend(...parts: readonly Uint8Array[]): this {
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i];
      if (part === undefined) continue;
      this.#reserve(part.length);
      this.#room.set(part, this.#start);
    }
    return this;
  }

  /** Counts octets after everything so far. The caller writes them. */
  append(octets: number): this {
    this.#length += octets;
    return this;
  }

  /** Makes an element of everything so far, and another of that for each further tag. */
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

  /** The octets before the content. */
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

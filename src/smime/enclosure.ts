/**
 * Nested DER around a content that is written elsewhere: made from the inside out, because each length counts all that is inside.
 */
import { header } from '../util/der.js';

/** What stands before a content and its trailer, and how long the whole is. */
export class Enclosure {
  readonly #before: Uint8Array[] = [];
  #length: number;

  /** Around a content of so many octets. */
  constructor(contentBytes: number) {
    this.#length = contentBytes;
  }

  /** Puts an element before all that is inside so far. */
  prepend(...parts: readonly Uint8Array[]): this {
    for (const part of parts) this.#length += part.length;
    this.#before.unshift(...parts);
    return this;
  }

  /** Counts octets that follow all that is inside so far; the caller writes them. */
  append(octets: number): this {
    this.#length += octets;
    return this;
  }

  /** Makes an element of all that is inside so far. */
  wrap(...tagBytes: readonly number[]): this {
    for (const tagByte of tagBytes) this.prepend(header(tagByte, this.#length));
    return this;
  }

  /** Octets of the whole, content and trailer included. */
  get length(): number {
    return this.#length;
  }

  /** All that stands before the content. */
  before(): Buffer {
    return Buffer.concat(this.#before);
  }
}

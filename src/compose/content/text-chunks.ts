/**
 * Encodes chunks of text from a stream as UTF-8. Such a stream has an encoding set, or consists of strings. A character
 * may be split between two chunks.
 * @module
 */
import { isWellFormed, utf8 } from '../../util/bytes.js';

export class TextChunks {
  /** The first half of a surrogate pair at the end of the last chunk. */
  #half = '';

  /** Throws TypeError if the text is malformed UTF-16. */
  encode(chunk: string): Uint8Array {
    const text = this.#half + chunk;
    const last = text.charCodeAt(text.length - 1);
    const isCut = last >= 0xd800 && last <= 0xdbff;
    this.#half = isCut ? text.slice(-1) : '';
    const whole = isCut ? text.slice(0, -1) : text;
    if (!isWellFormed(whole)) throw halfCharacter();
    return utf8(whole);
  }

  /** Ends the text. Throws if it ends with half a character. */
  end(): void {
    if (this.#half !== '') throw halfCharacter();
  }
}

function halfCharacter(): TypeError {
  return new TypeError('the stream contains half of a surrogate pair');
}

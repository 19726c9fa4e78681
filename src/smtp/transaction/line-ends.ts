/**
 * Brings content into canonical form, block by block. `LineEnds` makes every line end CRLF; `refuseNul` rejects NUL
 * separately. Servers differ in whether a lone CR or LF ends a line, which permits SMTP smuggling.
 * @module
 */
import { createEmailError } from '../../errors/email-error.js';
import { asBuffer } from '../../util/bytes.js';

const CR = 0x0d;
const LF = 0x0a;
const crlf = Buffer.from('\r\n');

/**
 * Refuses NUL, which no line may contain (RFC 5321 section 4.5.2). `offset` is the position of the block in the
 * content.
 */
export function refuseNul(block: Uint8Array, offset: number): void {
  const at = asBuffer(block).indexOf(0);
  if (at === -1) return;
  throw createEmailError(
    'ERR_CONTENT',
    `The message contains a NUL at octet ${offset + at}, which SMTP does not allow.`,
    {
      phase: 'content',
      remedy: 'Attach it, so that it is encoded.',
    },
  );
}

/** Turns every line end into CRLF. A block that is already canonical is returned unchanged. */
export class LineEnds {
  /** The last block ended in a CR, which may be followed by an LF. */
  #heldCr = false;

  convert(block: Uint8Array): Uint8Array {
    if (block.length === 0) return block;
    const bytes = asBuffer(block);
    const parts: Uint8Array[] = [];
    let from = 0;
    if (this.#heldCr) {
      parts.push(crlf);
      if (bytes[0] === LF) from = 1;
      this.#heldCr = false;
    }
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte > CR || (byte !== CR && byte !== LF)) continue;
      if (byte === CR && bytes[i + 1] === LF) {
        i++;
        continue;
      }
      parts.push(bytes.subarray(from, i));
      from = i + 1;
      if (byte === CR && from === bytes.length) this.#heldCr = true;
      else parts.push(crlf);
    }
    if (parts.length === 0) return bytes;
    parts.push(bytes.subarray(from));
    return Buffer.concat(parts);
  }

  /** Call at the end of content: returns CRLF if a CR was held, else nothing. */
  end(): Uint8Array {
    const rest = this.#heldCr ? crlf : crlf.subarray(0, 0);
    this.#heldCr = false;
    return rest;
  }
}

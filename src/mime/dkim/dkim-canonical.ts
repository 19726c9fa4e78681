/**
 * The "relaxed" canonical forms of DKIM (RFC 6376 sections 3.4.2 and 3.4.4).
 * @module
 */
import type { Hash } from 'node:crypto';
import type { ByteSource } from '../../model/entity.js';
import { asBuffer, isBytes } from '../../util/bytes.js';
import { nodeCrypto } from '../../util/crypto/node-crypto.js';

const crlf = Buffer.from('\r\n');

/** A field as `name:value`, from its name on, without its line end. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(':');
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '');
  return `${field.slice(0, colon).trimEnd().toLowerCase()}:${value}`;
}

/** Splits a header section into fields. A field keeps its folded lines, but not its last CRLF. */
export function splitFields(fields: string): string[] {
  return fields.split(/\r\n(?![ \t])/).filter((field) => field !== '');
}

/**
 * Hashes a body in its relaxed form while it passes: a run of blanks becomes one space, blanks at a line's end and
 * empty lines at the end of the body are left out.
 */
class RelaxedBodyHash {
  readonly #hash: Hash = nodeCrypto().createHash('sha256');
  /** Line ends held back: they count only if more content follows. */
  #lineEnds = 0;
  #blank = false;
  #carriageReturn = false;
  #isEmpty = true;

  update(bytes: Uint8Array): void {
    const chunk = asBuffer(bytes);
    if (!this.#carriageReturn && chunk.indexOf(0x20) < 0 && chunk.indexOf(9) < 0) this.#updateDense(chunk);
    else this.#updateAny(chunk);
  }

  /**
   * The fast path for content without blanks, such as base64. Only line ends at the end of the body can be left out;
   * all before them is hashed unchanged.
   */
  #updateDense(chunk: Buffer): void {
    let end = chunk.length;
    while (end > 0 && (chunk[end - 1] === 13 || chunk[end - 1] === 10)) end--;
    let start = 0;
    while (start < end && (chunk[start] === 13 || chunk[start] === 10)) start++;
    this.#updateAny(chunk.subarray(0, start));
    if (end > start) {
      this.#flush();
      this.#hash.update(chunk.subarray(start, end));
    }
    this.#updateAny(chunk.subarray(end));
  }

  #updateAny(chunk: Buffer): void {
    const out = Buffer.allocUnsafe(chunk.length + 2);
    let length = 0;
    const emit = (c: number): void => {
      if (this.#lineEnds > 0 || this.#blank || this.#isEmpty) {
        if (length > 0) this.#hash.update(out.subarray(0, length));
        length = 0;
        this.#flush();
      }
      out[length++] = c;
    };
    for (const c of chunk) {
      if (this.#carriageReturn) {
        this.#carriageReturn = false;
        if (c === 10) {
          this.#blank = false;
          this.#lineEnds++;
          continue;
        }
        emit(13);
      }
      if (c === 13) this.#carriageReturn = true;
      else if (c === 0x20 || c === 9) this.#blank = true;
      else emit(c);
    }
    if (length > 0) this.#hash.update(out.subarray(0, length));
  }

  /** Hashes the line ends and the blank that were held back, because content follows. */
  #flush(): void {
    for (; this.#lineEnds > 0; this.#lineEnds--) this.#hash.update(crlf);
    if (this.#blank) this.#hash.update(' ');
    this.#blank = false;
    this.#isEmpty = false;
  }

  digest(): Buffer {
    if (this.#carriageReturn) {
      this.#flush();
      this.#hash.update('\r');
    }
    if (!this.#isEmpty) this.#hash.update(crlf);
    return this.#hash.digest();
  }
}

/** SHA-256 of a body in its relaxed form. */
export async function relaxedBodyHash(body: ByteSource): Promise<Buffer> {
  const hash = new RelaxedBodyHash();
  if (isBytes(body)) hash.update(body);
  else for await (const chunk of body) hash.update(chunk);
  return hash.digest();
}

/**
 * CMS as the base64 body of an entity. Each line, including the last, ends in CRLF.
 * @module
 */
import { Base64Encoder, base64Size } from '../../mime/base64.js';
import { encoderRoom } from '../../mime/encoder.js';
import { noBytes } from '../../util/bytes.js';
import { sizeOfParts } from './transfer.js';

/** Length of `size` octets in such lines. */
export function base64LinesSize(size: number): number {
  return size === 0 ? 0 : base64Size(size) + 2;
}

/**
 * Lines of a content that comes in parts and whose total size is known. They are written once, directly into the
 * resulting Buffer, after `lead`.
 */
export class Base64Body {
  readonly #encoder = new Base64Encoder();
  readonly #out: Buffer;
  #at: number;

  constructor(size: number, lead: Uint8Array) {
    this.#out = Buffer.allocUnsafe(lead.length + base64LinesSize(size) + encoderRoom);
    this.#out.set(lead);
    this.#at = lead.length;
  }

  write(part: Uint8Array): void {
    this.#at = encodeAll(this.#encoder, part, this.#out, this.#at);
  }

  finish(): Buffer {
    return endLines(this.#encoder, this.#out, this.#at);
  }
}

/** Lines of a stream, chunk by chunk. */
export class Base64Lines {
  readonly #encoder = new Base64Encoder();

  update(chunk: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(base64Size(chunk.length) + encoderRoom);
    return out.subarray(0, encodeAll(this.#encoder, chunk, out, 0));
  }

  end(): Buffer {
    return endLines(this.#encoder, Buffer.allocUnsafe(encoderRoom), 0);
  }
}

function encodeAll(encoder: Base64Encoder, part: Uint8Array, out: Buffer, start: number): number {
  let at = start;
  for (let from = 0; from < part.length;) {
    encoder.encode(part, from, out, at);
    from += encoder.read;
    at += encoder.written;
  }
  return at;
}

function endLines(encoder: Base64Encoder, out: Buffer, at: number): Buffer {
  const end = at + encoder.finish(out, at);
  return out.subarray(0, out.writeUInt16LE(0x0a0d, end));
}

/** Lines of parts in memory, after `lead`. */
export function base64Lines(parts: readonly Uint8Array[], lead: Uint8Array = noBytes): Buffer {
  const body = new Base64Body(sizeOfParts(parts), lead);
  for (const part of parts) body.write(part);
  return body.finish();
}

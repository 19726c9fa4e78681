/**
 * Output of one turn, collected and passed to the stream in one write.
 * @module
 */
import type { Duplex } from 'node:stream';
import { asBuffer } from '../../util/bytes.js';

/** Parts that are sent together. */
export class Output {
  readonly #parts: (string | Uint8Array)[] = [];
  readonly #sent: (() => void)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /** Calls `listener` once all parts so far have been passed to the stream. */
  then(listener: () => void): void {
    this.#sent.push(listener);
  }

  /** Passes everything to the stream. */
  flush(stream: Duplex, onWritten: () => void): void {
    const parts = this.#parts.splice(0);
    const listeners = this.#sent.splice(0);
    const small = this.#length <= copyLimit;
    this.#length = 0;
    try {
      writeParts(stream, parts, small, onWritten);
    } finally {
      // Called even if the stream throws, because part of the output may have been sent.
      for (const listener of listeners) listener();
    }
  }
}

/** Octets up to which one copy costs less than several writes. */
const copyLimit = 32 * 1024;

function writeParts(
  stream: Duplex,
  parts: readonly (string | Uint8Array)[],
  small: boolean,
  onWritten: () => void,
): void {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) writePart(stream, first, onWritten);
  else if (small) stream.write(join(parts), onWritten);
  else {
    stream.cork();
    const last = parts.length - 1;
    for (const [index, part] of parts.entries()) writePart(stream, part, index === last ? onWritten : undefined);
    stream.uncork();
  }
}

function writePart(stream: Duplex, part: string | Uint8Array, callback: (() => void) | undefined): void {
  if (typeof part === 'string') stream.write(part, 'utf8', callback);
  else stream.write(part, callback);
}

function join(parts: readonly (string | Uint8Array)[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
  const joined = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) at += typeof part === 'string' ? joined.write(part, at) : asBuffer(part).copy(joined, at);
  return joined;
}

/**
 * Content as blocks to send: slices of bytes in memory, or the chunks of a stream, merged if they are small.
 * @module
 */
import { createEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { OutgoingContent } from '../../model/transport.js';
import { asBuffer, isBytes, noBytes } from '../../util/bytes.js';
import { nextBlock, type Dialogue } from '../dialogue.js';
import { LineEnds, refuseNul } from './line-ends.js';

/** Octets of a block: large enough to make each write cheap, small enough to show progress. */
export const blockBytes = 64 * 1024;
/**
 * Smaller chunks of a stream are merged to this size. The connection waits for the socket only after writes of this
 * size, so smaller ones would apply no back-pressure to the source.
 */
export const flushBytes = 48 * 1024;

/** Whole content in canonical form; the same bytes if they already are. */
export function canonicalBytes(bytes: Uint8Array, content: OutgoingContent): Uint8Array {
  if (content.body === 'binarymime') return bytes;
  refuseNul(bytes, 0);
  if (content.canonical === true) return bytes;
  const lineEnds = new LineEnds();
  const converted = lineEnds.convert(bytes);
  const rest = lineEnds.end();
  return rest.length === 0 ? converted : Buffer.concat([converted, rest]);
}

/** Returns blocks, then undefined. Both kinds are dialogues, although only streams have to wait. */
export interface Blocks {
  next(): Dialogue<Uint8Array | undefined>;
}

/** Slices of bytes in memory. */
class SlicedBlocks implements Blocks {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  *next(): Dialogue<Uint8Array | undefined> {
    if (this.#at >= this.#bytes.length) return undefined;
    const block = this.#bytes.subarray(this.#at, this.#at + blockBytes);
    this.#at += blockBytes;
    return block;
  }
}

/**
 * The chunks of a stream as blocks that are neither empty nor too long. They are made canonical, unless the stream is
 * known to be. Canonical streams come from src/mime, which fills two blocks in turn, so one block may be held while the
 * previous one is written.
 */
class StreamedBlocks implements Blocks {
  readonly #lineEnds: LineEnds | undefined;
  readonly #text: boolean;
  #offset = 0;
  #ended = false;
  /** The rest of a chunk that is longer than a block. */
  #rest: Uint8Array = noBytes;

  constructor(content: OutgoingContent) {
    this.#text = content.body !== 'binarymime';
    this.#lineEnds = this.#text && content.canonical !== true ? new LineEnds() : undefined;
  }

  *next(): Dialogue<Uint8Array | undefined> {
    if (this.#rest.length === 0) this.#rest = yield* this.#gather();
    if (this.#rest.length === 0) return undefined;
    const block = this.#rest.subarray(0, blockBytes);
    this.#rest = this.#rest.subarray(blockBytes);
    return block;
  }

  *#gather(): Dialogue<Uint8Array> {
    const gathered: Uint8Array[] = [];
    let length = 0;
    while (!this.#ended && length < flushBytes) {
      const block = this.#check(yield* nextBlock());
      if (block.length === 0) continue;
      length += block.length;
      // A chunk that is held here is copied, because its source may reuse the memory at the next request.
      gathered.push(length < flushBytes ? Uint8Array.prototype.slice.call(block) : block);
    }
    const [first = noBytes] = gathered;
    return gathered.length < 2 ? first : Buffer.concat(gathered, length);
  }

  #check(block: Uint8Array | undefined): Uint8Array {
    if (block === undefined) {
      this.#ended = true;
      return this.#lineEnds?.end() ?? noBytes;
    }
    if (this.#text) refuseNul(block, this.#offset);
    this.#offset += block.length;
    if (this.#lineEnds === undefined) return block;
    const converted = this.#lineEnds.convert(block);
    // A source of the caller may reuse its memory for the next block while this one is still being written.
    return converted.buffer === block.buffer ? Uint8Array.prototype.slice.call(converted) : converted;
  }
}

/** The blocks of any content. */
export function blocksOf(content: OutgoingContent): Blocks {
  return isBytes(content.bytes) ? new SlicedBlocks(asBuffer(content.bytes)) : new StreamedBlocks(content);
}

/** The error of a stream that returned another number of octets than it announced. */
export function sizeMismatch(promised: number, given: string): EmailError {
  return createEmailError(
    'ERR_CONTENT',
    `The content was announced with ${promised} octets and has ${given}; it was not sent.`,
    {
      phase: 'content',
      remedy: 'Check whether a file changed while it was read; its size must be that of its content.',
    },
  );
}

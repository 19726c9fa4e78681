/**
 * The content of an exchange: a stream of the caller, read block by block.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import { isBytes } from '../../util/bytes.js';
import { showText } from '../../util/show.js';

/** Reads a stream as blocks, and closes it if it is not read to its end. */
export class ContentSource {
  readonly #stream: AsyncIterable<Uint8Array>;
  #iterator: AsyncIterator<Uint8Array> | undefined;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream;
  }

  /** The next block; undefined at the end. ERR_CONTENT if the stream fails or returns a value that is not bytes. */
  async next(): Promise<Uint8Array | undefined> {
    const block = await this.#read();
    // Waits a turn so that a reply already received is read before this block is written: writing to a reset socket
    // would destroy it and lose the reply.
    await nextTurn();
    return block;
  }

  /** Ends a stream that was begun and not read to its end. The result of its `return()` is ignored. */
  close(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    Promise.resolve(iterator.return()).catch(() => {});
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      this.#iterator ??= this.#stream[Symbol.asyncIterator]();
      const result = await this.#iterator.next();
      if (result.done === true) {
        this.#iterator = undefined;
        return undefined;
      }
      if (isBytes(result.value)) return result.value;
      throw new TypeError(`its stream returned ${typeof result.value} instead of bytes`);
    } catch (cause) {
      if (isEmailError(cause)) throw cause;
      const message = `The content of the message could not be read: ${showText(reasonOf(cause))}`;
      throw createEmailError('ERR_CONTENT', message, { cause, phase: 'content' });
    }
  }
}

/**
 * Reads a source of the caller, which may never deliver. An abort or the end of the message ends the wait for it.
 * @module
 */
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';
import { asError } from '../../errors/email-error.js';

/** A stream of unknown chunks: each chunk is checked. */
export type Stream = AsyncIterable<unknown>;

/** Is it an iterable object, rather than bytes, a Blob or a function? */
export function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** The methods that identify the kind of a stream: Node's, the web's, or a generator. */
interface StreamMethods {
  readonly on?: unknown;
  readonly destroy?: unknown;
  readonly cancel?: unknown;
  readonly return?: unknown;
}

export class SourceReader implements AsyncIterableIterator<unknown> {
  readonly #source: Stream;
  #stopListening = (): void => {};
  #iterator: AsyncIterator<unknown> | undefined;
  /** Rejects the wait for a chunk. */
  #reject: ((reason: unknown) => void) | undefined;
  #ended: { readonly reason: unknown } | undefined;

  constructor(source: Stream, signal?: AbortSignal) {
    this.#source = source;
    const { on }: StreamMethods = Object(source);
    // The source may fail before it is read. Reading it then fails, so this listener ignores the error; without a
    // listener, an 'error' event ends the process.
    if (typeof on === 'function') on.call(source, 'error', () => undefined);
    if (signal !== undefined) this.#stopListening = onAbort(signal, () => this.cancel(abortError(signal)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended.reason);
      this.#reject = reject;
      const fail = (error: unknown): void => {
        this.#finish(error);
        reject(asError(error));
      };
      this.#iterator ??= this.#source[Symbol.asyncIterator]();
      this.#iterator.next().then((result) => {
        try {
          if (result.done) this.#finish(undefined);
          resolve(result);
        } catch (error) {
          // A result that is no object, or one that throws when it is read.
          fail(error);
        }
      }, fail);
    });
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#finish(undefined);
    await this.#iterator?.return?.();
    return { done: true, value: undefined };
  }

  /**
   * Rejects the pending `next()` with `reason` and closes the source: `destroy()` for Node streams, `return()` for
   * iterators, `cancel()` for web streams. Errors while closing are ignored.
   */
  cancel(reason: unknown): void {
    if (this.#ended) return;
    this.#finish(reason);
    this.#reject?.(reason);
    const { destroy, cancel, return: end }: StreamMethods = Object(this.#source);
    try {
      if (typeof destroy === 'function') destroy.call(this.#source);
      else if (this.#iterator) quietly(this.#iterator.return?.());
      else if (typeof cancel === 'function') quietly(cancel.call(this.#source));
      else if (typeof end === 'function') quietly(end.call(this.#source));
    } catch {
      // The source failed while it was closed: ignored, as described above.
    }
  }

  #finish(reason: unknown): void {
    this.#ended = { reason };
    this.#stopListening();
  }
}

function quietly(ending: unknown): void {
  Promise.resolve(ending).catch(() => undefined);
}

/**
 * Reads a source of somebody else's, which may never answer: an abort, or the end of the message, ends the wait for it.
 * @module
 */
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';
import { asError } from '../../errors/email-error.js';

/** A stream of whatever: it is looked at chunk by chunk. */
export type Stream = AsyncIterable<unknown>;

/** Is it to be iterated, and no bytes, no Blob and no function? */
export function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** The methods by which streams are known: Node's, the web's, generators. */
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
    // It may fail before it is read. Then reading it fails, which is soon enough; an 'error' that nobody hears ends the process.
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
      this.#iterator ??= this.#source[Symbol.asyncIterator]();
      this.#iterator.next().then(
        (result) => {
          if (result.done) this.#finish(undefined);
          resolve(result);
        },
        (error: unknown) => {
          this.#finish(error);
          reject(asError(error));
        },
      );
    });
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#finish(undefined);
    await this.#iterator?.return?.();
    return { done: true, value: undefined };
  }

  /** Ends the wait for the next chunk, and the source in the way of its kind. What it says to that concerns nobody. */
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
      // As above.
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

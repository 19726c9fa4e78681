import { onAbort } from '../async/on-abort.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { Broken, type Dialogue, type ReplyDeadline } from '../smtp/dialogue.js';
import type { Reply } from '../smtp/reply.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';

/** What a dialogue is given besides the connection. */
export interface ExchangeOptions {
  /** Where its content comes from. */
  readonly source?: AsyncIterable<Uint8Array> | undefined;
  /** Runs its mechanism. */
  readonly sasl?:
    ((challenge: Buffer | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** The error of a 4yz or 5yz that the dialogue did not ask for. Default: that the server closed the connection. */
  readonly refuse?: ((reply: Reply) => EmailError) | undefined;
  /** Adds to an error what is known of the state, where the dialogue itself cannot any more. */
  readonly explain?: ((error: EmailError) => EmailError) | undefined;
  /** May the same be tried on another connection, now that this one was lost? */
  readonly mayRetry?: ((begun: boolean) => boolean) | undefined;
}

/** A dialogue under way on a connection, and for what it waits. */
export class Exchange {
  readonly dialogue: Dialogue<unknown>;
  readonly options: ExchangeOptions;
  /** 'turn': to begin; 'reply'; 'room' in the stream; 'outside': for content or a mechanism; 'doomed': to take the connection with it. */
  waiting: 'turn' | 'reply' | 'room' | 'outside' | 'doomed' = 'turn';
  within: ReplyDeadline = 'replyMs';
  /** Everything is written: the next may begin. */
  released = false;
  /** Replies that came before they were asked for. */
  readonly replies: Reply[] = [];
  /** Why the connection ends with it, once it is doomed. */
  doom: Error | undefined;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #settle: { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void } | undefined;
  #stopListening = (): void => {};

  constructor(
    dialogue: Dialogue<unknown>,
    options: ExchangeOptions,
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
  ) {
    this.dialogue = dialogue;
    this.options = options;
    this.#settle = { resolve, reject };
  }

  get begun(): boolean {
    return this.waiting !== 'turn';
  }

  listen(act: () => void): void {
    this.#stopListening = onAbort(this.options.signal, act);
  }

  resolve(value: unknown): void {
    this.#finish()?.resolve(value as never);
  }

  reject(error: unknown): void {
    this.#finish()?.reject(error);
  }

  /** The next block of content. ERR_CONTENT where its source fails, or gives what are not bytes. */
  async nextBlock(): Promise<Uint8Array | undefined> {
    const block = await this.#readBlock();
    // What has arrived meanwhile is read first: to write to a connection that the server has reset would destroy the stream, and with it a
    // refusal that waits there.
    await new Promise((resolve) => setImmediate(resolve));
    return block;
  }

  async #readBlock(): Promise<Uint8Array | undefined> {
    try {
      this.#iterator ??= this.options.source?.[Symbol.asyncIterator]();
      const result = await this.#iterator?.next();
      if (result === undefined || result.done === true) {
        this.#iterator = undefined;
        return undefined;
      }
      if (isBytes(result.value)) return result.value;
      throw new TypeError(`its stream gave ${typeof result.value} where bytes are to come`);
    } catch (cause) {
      if (isEmailError(cause)) throw cause;
      throw createEmailError(
        'ERR_CONTENT',
        `The content of the message could not be read: ${showText(reasonOf(cause))}`,
        { cause, phase: 'content' },
      );
    }
  }

  /**
   * Runs the dialogue to its end without a connection, on the replies that it has: all of them may have come before the stream took what it
   * wrote. Gives its value, or throws its error, which is a Broken one with `reason` where no reply says more.
   */
  finish(reason: Error): unknown {
    const lost = new Broken(reason);
    const isWritten = this.waiting === 'room' && this.replies.length > 0;
    let result = isWritten ? this.dialogue.next() : this.dialogue.throw(lost);
    while (result.done !== true) {
      const { do: what } = result.value;
      const reply = what === 'read' || what === 'poll' ? this.replies.shift() : undefined;
      const canGoOn = reply !== undefined || what === 'poll' || what === 'release';
      result = canGoOn ? this.dialogue.next(reply) : this.dialogue.throw(lost);
    }
    return result.value;
  }

  /** Settled once, whatever comes after; a source that was not read to its end is told. */
  #finish(): { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void } | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#stopListening();
    this.#closeSource();
    return settle;
  }

  #closeSource(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    // What it has to say to that concerns nobody.
    Promise.resolve(iterator.return()).catch(() => {});
  }
}

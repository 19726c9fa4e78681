/**
 * One dialogue on a connection, from the moment it stands in the queue to the moment its caller is told.
 *
 * @module
 */
import { CallerContext } from '../../async/caller-context.js';
import { onAbort } from '../../async/on-abort.js';
import { isEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { Broken, type Dialogue, type ReplyDeadline } from '../../smtp/dialogue.js';
import type { Reply } from '../../smtp/reply.js';
import { ContentSource } from './content-source.js';
import { markStale } from '../stale.js';

/** What a dialogue is given besides the connection. No field may be left out: a polluted Object.prototype would give it a value. */
export interface ExchangeOptions {
  /** Its content. */
  readonly source: AsyncIterable<Uint8Array> | undefined;
  /** Runs its mechanism. */
  readonly sasl:
    ((challenge: Buffer | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
  /** The error of a 4yz or 5yz that the dialogue did not ask for. Default: that the server closed the connection. */
  readonly refuse: ((reply: Reply) => EmailError) | undefined;
  /** Adds the state of the dialogue to an error that does not pass through the dialogue itself. */
  readonly explain: ((error: EmailError) => EmailError) | undefined;
  /** May the same be tried on another connection, after this one was lost? */
  readonly mayRetry: ((begun: boolean) => boolean) | undefined;
}

/** For a dialogue that needs nothing besides the connection. */
export const connectionAlone: ExchangeOptions = {
  source: undefined,
  sasl: undefined,
  signal: undefined,
  refuse: undefined,
  explain: undefined,
  mayRetry: undefined,
};

/** A dialogue, and what it waits for. */
export class Exchange {
  readonly dialogue: Dialogue<unknown>;
  readonly options: ExchangeOptions;
  /** 'turn': to begin; 'reply'; 'room' in the stream; 'outside': content or a mechanism; 'doomed': its end, which closes the connection. */
  waiting: 'turn' | 'reply' | 'room' | 'outside' | 'doomed' = 'turn';
  within: ReplyDeadline = 'replyMs';
  /** Everything is written: the next may begin. */
  released = false;
  /** Replies that came while the dialogue was at another step. */
  readonly replies: Reply[] = [];
  /** Why the connection is closed once it is doomed. */
  doom: Error | undefined;
  /** The asynchronous context of its caller, where it is traced. */
  context: CallerContext | undefined;
  readonly #source: ContentSource | undefined;
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
    const { source } = options;
    if (source !== undefined) this.#source = new ContentSource(source);
    this.#settle = { resolve, reject };
  }

  /** From now on the dialogue runs as if its caller ran it. */
  keepContext(): void {
    this.context = new CallerContext();
  }

  get begun(): boolean {
    return this.waiting !== 'turn';
  }

  listen(act: () => void): void {
    this.#stopListening = onAbort(this.options.signal, act);
  }

  /** The next block of content. */
  nextBlock(): Promise<Uint8Array | undefined> {
    return this.#source?.next() ?? Promise.resolve(undefined);
  }

  /** The mechanism's answer to a challenge; without one, its initial response. */
  async respond(challenge: Buffer | undefined): Promise<Uint8Array | undefined> {
    return await this.options.sasl?.(challenge);
  }

  /** The dialogue ended with a value. */
  resolve(value: unknown): void {
    this.#finish()?.resolve(value as never);
  }

  /** The dialogue ended with an error. */
  reject(error: unknown): void {
    this.#finish()?.reject(error);
  }

  /** The caller ended it. */
  abort(error: EmailError): void {
    this.reject(this.#explained(error));
  }

  /** The dialogue ended with an error after which the connection is of no more use. */
  break(error: Error): void {
    this.reject(this.#marked(error, false));
  }

  /** The connection is gone. `lost` says that another one may do better: this exchange is not the reason. */
  lose(reason: Error, lost: boolean): void {
    try {
      if (!this.begun) throw isEmailError(reason) ? this.#explained(reason) : reason;
      if (this.waiting === 'doomed') throw reason;
      this.resolve(this.#runOut(reason));
    } catch (error) {
      this.reject(this.#marked(error instanceof Broken ? error.error : error, lost));
    }
  }

  /**
   * Runs the dialogue to its end without a connection, on the replies that it has: all of them may have come before the stream took what it
   * wrote. Gives its value, or throws its error.
   */
  #runOut(reason: Error): unknown {
    const loss = new Broken(reason);
    const isWritten = this.waiting === 'room' && this.replies.length > 0;
    let result = isWritten ? this.dialogue.next() : this.dialogue.throw(loss);
    while (result.done !== true) {
      const { do: what } = result.value;
      const reply = what === 'read' || what === 'poll' ? this.replies.shift() : undefined;
      const canGoOn = reply !== undefined || what === 'poll' || what === 'release';
      result = canGoOn ? this.dialogue.next(reply) : this.dialogue.throw(loss);
    }
    return result.value;
  }

  #explained(error: EmailError): EmailError {
    return this.options.explain?.(error) ?? error;
  }

  /** Marks an error after which another connection may do better: the server was gone before it began, or said so (421). */
  #marked(error: unknown, lost: boolean): unknown {
    if (!isEmailError(error) || (!lost && error.reply?.code !== 421)) return error;
    return this.options.mayRetry?.(this.begun) === true ? markStale(error) : error;
  }

  /** Settles once, whatever comes after, and closes a source that was not read to its end. */
  #finish(): { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void } | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#stopListening();
    this.#source?.close();
    return settle;
  }
}

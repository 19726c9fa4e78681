/**
 * One dialogue on a connection, from entering the queue to settling its caller's promise.
 * @module
 */
import { CallerContext } from '../../async/caller-context.js';
import { onAbort } from '../../async/on-abort.js';
import { isEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { Command } from '../../smtp/command.js';
import { Broken, type Dialogue, type ReplyDeadline } from '../../smtp/dialogue.js';
import type { Reply } from '../../smtp/reply.js';
import { ContentSource } from './content-source.js';
import { markStale } from '../stale.js';

/**
 * Input of a dialogue besides the connection. Every field must be given, because a polluted Object.prototype would
 * supply a missing one.
 */
export interface ExchangeOptions {
  /** The stream of its content. */
  readonly source: AsyncIterable<Uint8Array> | undefined;
  /** Runs the mechanism of an authentication. */
  readonly sasl:
    ((challenge: Buffer | undefined) => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined;
  /** Ends the dialogue. */
  readonly signal: AbortSignal | undefined;
  /** Makes the error of an unsolicited 4yz or 5yz. Default: the server closed the connection. */
  readonly refuse: ((reply: Reply) => EmailError) | undefined;
  /** Adds the state of the dialogue to an error that does not pass through the dialogue. */
  readonly explain: ((error: EmailError) => EmailError) | undefined;
  /** After the connection was lost: may the dialogue be tried on another one? */
  readonly mayRetry: ((begun: boolean) => boolean) | undefined;
}

/** Options of a dialogue that needs only the connection. */
export const connectionAlone: ExchangeOptions = {
  source: undefined,
  sasl: undefined,
  signal: undefined,
  refuse: undefined,
  explain: undefined,
  mayRetry: undefined,
};

/** The most answered commands that are kept. */
const maxAnswered = 1_000;

/** A dialogue and its state. */
export class Exchange {
  readonly dialogue: Dialogue<unknown>;
  readonly options: ExchangeOptions;
  /**
   * The event for which the exchange waits. 'turn': its turn to begin; 'reply'; 'room' in the stream; 'outside':
   * content or a mechanism; 'doomed': its end, which closes the connection.
   */
  waiting: 'turn' | 'reply' | 'room' | 'outside' | 'doomed' = 'turn';
  within: ReplyDeadline = 'replyMs';
  /** True once everything is written and the next dialogue may begin. */
  released = false;
  /** Replies that arrived while the dialogue was at another step. */
  readonly replies: Reply[] = [];
  /** The reason for closing the connection, once it is doomed. */
  doom: Error | undefined;
  /** The asynchronous context of its caller, if it is traced. */
  context: CallerContext | undefined;
  /** Commands that were written. Those that have a reply, `#answered` of them, are dropped from time to time. */
  readonly #commands: Command[] = [];
  #answered = 0;
  readonly #source: ContentSource | undefined;
  #settle: { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void } | undefined;
  #stopListening: (() => void) | undefined;

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

  /** From now on the dialogue runs in the caller's context. */
  keepContext(): void {
    this.context = new CallerContext();
  }

  get begun(): boolean {
    return this.waiting !== 'turn';
  }

  listen(act: () => void): void {
    this.#stopListening = onAbort(this.options.signal, act);
  }

  /** The first command that was written and has no reply yet. */
  get unanswered(): Command | undefined {
    return this.#commands[this.#answered];
  }

  wrote(command: Command): void {
    this.#commands.push(command);
  }

  /** A reply arrived. The end of content has a reply and no command. */
  answered(): void {
    if (this.#answered < this.#commands.length) this.#answered++;
    if (this.#answered < maxAnswered) return;
    this.#commands.splice(0, this.#answered);
    this.#answered = 0;
  }

  /** The next block of content. */
  nextBlock(): Promise<Uint8Array | undefined> {
    return this.#source?.next() ?? Promise.resolve(undefined);
  }

  /** The mechanism's answer to a challenge; without a challenge, its initial response. */
  async respond(challenge: Buffer | undefined): Promise<Uint8Array | undefined> {
    return await this.options.sasl?.(challenge);
  }

  /** Settles with the value of the dialogue. */
  resolve(value: unknown): void {
    this.#finish()?.resolve(value as never);
  }

  /** Settles with the error of the dialogue. */
  reject(error: unknown): void {
    this.#finish()?.reject(error);
  }

  /** Settles with the error of the caller's abort. */
  abort(error: EmailError): void {
    this.reject(this.#explained(error));
  }

  /** Settles with an error after which the connection cannot be used. */
  break(error: Error): void {
    this.reject(this.#marked(error, false));
  }

  /**
   * Settles after the connection was lost. `lost` is true if another exchange or the server caused it, so that another
   * connection may succeed.
   */
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
   * Runs the dialogue to its end without a connection, on the replies that arrived. All of them may have arrived before
   * the stream accepted the output. Returns its value or throws its error.
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

  /**
   * Marks an error after which another connection may succeed: the server was gone before the dialogue began, or said
   * so (421).
   */
  #marked(error: unknown, lost: boolean): unknown {
    if (!isEmailError(error) || (!lost && error.reply?.code !== 421)) return error;
    return this.options.mayRetry?.(this.begun) === true ? markStale(error) : error;
  }

  /** Settles once and ignores later calls. Closes a source that was not read to its end. */
  #finish(): { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void } | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#stopListening?.();
    this.#source?.close();
    return settle;
  }
}

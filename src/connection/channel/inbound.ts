/**
 * Parses the bytes from a server and decides which may be trusted: only a reply to a command that was sent. Anything
 * else arrived before its command and would be mistaken for the answer to it.
 * @module
 */
import type { Duplex } from 'node:stream';
import { isEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { ReplyParser } from '../../smtp/reply-parser.js';
import type { Reply } from '../../smtp/reply.js';
import { Secrets } from '../../util/secrets.js';
import { unsolicitedBytes } from '../failures.js';

/**
 * A reply that is owed; 'early' for one that is not, complete or not; 'not-a-reply' for other bytes (see `failure`).
 */
export type Arrival = Reply | 'early' | 'not-a-reply';

/** The code of a 4yz or 5yz, as far as it has arrived, and the character after it. */
const beginsRefusal = /^[45](?:\d(?:\d[ \r-]?)?)?$/;

/** Turns bytes into arrivals. */
export class Inbound {
  /**
   * The secrets that were sent. Replies that repeat one lose their text, and bytes that are not a reply are not quoted.
   */
  readonly secrets: Secrets;
  /**
   * Set once a secret has been sent. From then on, bytes that do not parse as a reply are not quoted in errors: they
   * might echo the secret.
   */
  #sentSecret = false;
  readonly #parser = new ReplyParser();
  /** Number of replies that the server still owes. Starts at 1 for the greeting. */
  #owed = 1;
  #early: Reply | undefined;
  #failure: EmailError | undefined;

  /** `known` are the secrets that were sent on other connections to the same server. */
  constructor(known: Iterable<string> = []) {
    this.secrets = new Secrets(known);
  }

  /** Records a secret that is sent or may be sent. `encoded`: see `Secrets`. */
  hide(secret: string, encoded = false): void {
    this.#sentSecret = true;
    this.secrets.add(secret, encoded);
  }

  /** After 'early': the reply, or undefined if it is incomplete. */
  get early(): Reply | undefined {
    return this.#early;
  }

  /** After 'not-a-reply', and for an incomplete reply: an error that describes the bytes. */
  get failure(): EmailError {
    const { rest } = this.#parser;
    return this.#failure ?? unsolicitedBytes(this.#mustNotQuote(Buffer.from(rest).toString('utf8')) ? undefined : rest);
  }

  /** Number of bytes that belong to no complete reply. */
  get pending(): number {
    return this.#parser.pending;
  }

  /** Counts commands that were sent, by the number of replies that they require. */
  promise(replies: number): void {
    this.#owed += replies;
  }

  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  /** The next arrival; undefined if there is none, or if the line of an owed reply is incomplete. */
  next(): Arrival | undefined {
    try {
      const reply = this.#parser.next(this.#mustNotQuote);
      return reply === undefined ? this.#suspect() : this.#judge(reply);
    } catch (error) {
      return this.#misunderstood(error);
    }
  }

  /** Handles the end of the stream: a refusal that lacks only its line end is complete. */
  end(): Arrival | undefined {
    try {
      const reply = this.#parser.end(this.#mustNotQuote);
      return reply === undefined ? undefined : this.#judge(reply);
    } catch (error) {
      return this.#misunderstood(error);
    }
  }

  readonly #mustNotQuote = (text: string): boolean => this.#sentSecret || this.secrets.isIn(text);

  #judge(reply: Reply): Arrival {
    if (!this.secrets.isEmpty) reply.hide(this.secrets);
    if (this.#owed > 0) {
      this.#owed--;
      return reply;
    }
    this.#early = reply;
    return 'early';
  }

  #misunderstood(error: unknown): Arrival {
    if (!isEmailError(error)) throw error;
    this.#failure = error;
    return 'not-a-reply';
  }

  /** Checks an incomplete line although no reply is owed. Only for the start of a refusal is the rest awaited. */
  #suspect(): Arrival | undefined {
    if (this.#owed > 0 || this.#parser.pending === 0) return undefined;
    const begun = Buffer.from(this.#parser.rest.subarray(0, 4)).toString('latin1');
    this.#early = undefined;
    return beginsRefusal.test(begun) ? 'early' : 'not-a-reply';
  }
}

/** Listens to a stream. `onEnd` is called when it ends or fails. Returns a function that stops listening. */
export function listenTo(
  stream: Duplex,
  onData: (chunk: Uint8Array) => void,
  onEnd: (error?: Error) => void,
): () => void {
  const onClose = (): void => onEnd();
  stream.on('data', onData).on('end', onClose).on('close', onClose).on('error', onEnd);
  return () => {
    stream.removeListener('data', onData).removeListener('end', onClose);
    stream.removeListener('close', onClose).removeListener('error', onEnd);
  };
}

/**
 * What a server sends, and which of it may be believed: a reply to a command that it has. Anything else was there before the command, and
 * would be taken for its answer.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import { isEmailError } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { ReplyParser } from '../../smtp/reply-parser.js';
import type { Reply } from '../../smtp/reply.js';
import { Secrets } from '../../util/secrets.js';
import { unsolicitedBytes } from '../failures.js';

/** A reply that is owed; one that is not, whole or begun (`early`); or bytes that are none (`failure`). */
export type Arrival = Reply | 'early' | 'not-a-reply';

/** The code of a 4yz or 5yz as far as it has come, and what follows it. */
const beginsRefusal = /^[45](?:\d(?:\d[ \r-]?)?)?$/;

/** Turns bytes into arrivals. */
export class Inbound {
  /** What was sent and is not to be shown: replies that repeat it have no text, and bytes that are no reply are not quoted. */
  readonly secrets: Secrets;
  /** Set once a secret has left: from then on bytes that are no reply may be its echo, cut anywhere. */
  #sentSecret = false;
  readonly #parser = new ReplyParser();
  /** Replies that the server owes. It begins with its greeting. */
  #owed = 1;
  #early: Reply | undefined;
  #failure: EmailError | undefined;

  /** `known` are the secrets that left on other connections to the same server. */
  constructor(known: Iterable<string> = []) {
    this.secrets = new Secrets(known);
  }

  /** A secret leaves, or may leave. `encoded`: see `Secrets`. */
  hide(secret: string, encoded = false): void {
    this.#sentSecret = true;
    this.secrets.add(secret, encoded);
  }

  /** With 'early': the reply, or undefined where the rest of it is still to come. */
  get early(): Reply | undefined {
    return this.#early;
  }

  /** With 'not-a-reply', and of a reply that is only begun: what to say of the bytes. */
  get failure(): EmailError {
    const { rest } = this.#parser;
    return this.#failure ?? unsolicitedBytes(this.#mustNotQuote(Buffer.from(rest).toString('utf8')) ? undefined : rest);
  }

  /** Bytes that belong to no reply that was given. */
  get pending(): number {
    return this.#parser.pending;
  }

  /** Commands left for the server that call for so many replies. */
  promise(replies: number): void {
    this.#owed += replies;
  }

  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  /** What has arrived next; undefined where nothing more has, or the line of a reply that is owed has only begun. */
  next(): Arrival | undefined {
    try {
      const reply = this.#parser.next(this.#mustNotQuote);
      return reply === undefined ? this.#suspect() : this.#judge(reply);
    } catch (error) {
      return this.#misunderstood(error);
    }
  }

  /** The stream has ended: a refusal that lacks only its line end is complete. */
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

  /** A line that has begun though no reply is owed. A refusal may come in pieces; anything else is none, whatever follows. */
  #suspect(): Arrival | undefined {
    if (this.#owed > 0 || this.#parser.pending === 0) return undefined;
    const begun = Buffer.from(this.#parser.rest.subarray(0, 4)).toString('latin1');
    this.#early = undefined;
    return beginsRefusal.test(begun) ? 'early' : 'not-a-reply';
  }
}

/** Listens to a stream. `onEnd` is called when it ends or fails. Gives a function that stops it. */
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

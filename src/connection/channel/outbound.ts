/**
 * What leaves, and when: gathered over one turn and written as one, unless there is so much of it that it leaves at once.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import { asError } from '../../errors/email-error.js';
import { flushBytes } from '../../smtp/transaction/content.js';
import { Deadline } from './deadline.js';
import { Output } from './output.js';

/** What becomes of it. */
export interface OutboundListener {
  /** All that was gathered leaves now, and calls for so many replies. */
  readonly onFlush: (replies: number) => void;
  /** The stream took something. */
  readonly onWritten: () => void;
  /** The stream took nothing for `stallMs`. */
  readonly onStall: () => void;
  /** The stream threw as it was written to. */
  readonly onFailure: (error: Error) => void;
}

/** The writing end of a channel. */
export class Outbound {
  readonly #listener: OutboundListener;
  readonly #stallMs: number;
  readonly #stall: Deadline;
  readonly #output = new Output();
  #stream: Duplex;
  #replies = 0;
  #isScheduled = false;
  #isHeld = false;

  constructor(stream: Duplex, stallMs: number, listener: OutboundListener) {
    this.#stream = stream;
    this.#stallMs = stallMs;
    this.#listener = listener;
    this.#stall = new Deadline(listener.onStall);
  }

  /** Is so much gathered that it leaves at once? */
  get isFull(): boolean {
    return this.#output.length >= flushBytes;
  }

  /** Did the stream take all that was written? */
  get hasRoom(): boolean {
    return this.#stream.writableLength === 0;
  }

  /** Goes on with another stream. */
  use(stream: Duplex): void {
    this.#stream = stream;
  }

  /** Gathers text, then bytes, which call for so many replies. `onSent` is called when they are handed to the stream. */
  gather(text: string, content: readonly Uint8Array[] | undefined, replies: number, onSent?: () => void): void {
    if (text !== '') this.#output.text(text);
    if (content !== undefined) for (const part of content) this.#output.bytes(part);
    if (onSent !== undefined) this.#output.then(onSent);
    this.#replies += replies;
  }

  /** Until `release` nothing leaves. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  /** What is gathered leaves now; is there room for more? */
  flush(): boolean {
    if (this.#isHeld) return false;
    if (this.#output.length === 0) return true;
    const replies = this.#replies;
    this.#replies = 0;
    this.#listener.onFlush(replies);
    try {
      this.#output.flush(this.#stream, this.#written);
    } catch (error) {
      this.#listener.onFailure(asError(error));
      return false;
    }
    this.#watch();
    return this.hasRoom;
  }

  /** What is gathered leaves at the end of this turn, with whatever joins it until then. */
  flushSoon(): void {
    if (this.#isScheduled || this.#output.length === 0) return;
    this.#isScheduled = true;
    process.nextTick(this.#flushLater);
  }

  /** A stall is awaited no longer. */
  forgetStall(): void {
    this.#stall.clear();
  }

  unref(): void {
    this.#stall.unref();
  }

  /** For good. */
  stop(): void {
    this.#isHeld = true;
    this.#stall.stop();
  }

  readonly #flushLater = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  readonly #written = (): void => {
    this.#watch();
    this.#listener.onWritten();
  };

  #watch(): void {
    if (this.hasRoom || this.#isHeld) this.#stall.clear();
    else this.#stall.set('stallMs', this.#stallMs);
  }
}

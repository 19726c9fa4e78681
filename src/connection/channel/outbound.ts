/**
 * Collects output during one turn of the event loop and sends it in one write; larger output is sent at once. Detects
 * a stall of the stream.
 * @module
 */
import type { Duplex } from 'node:stream';
import { asError } from '../../errors/email-error.js';
import { flushBytes } from '../../smtp/transaction/content.js';
import { Deadline } from './deadline.js';
import { Output } from './output.js';

/** Callbacks of the output. */
export interface OutboundListener {
  /** All collected output is being sent, and requires this many replies. */
  readonly onFlush: (replies: number) => void;
  /** The stream has accepted data. */
  readonly onWritten: () => void;
  /** The stream has accepted nothing for `stallMs`. */
  readonly onStall: () => void;
  /** The stream threw during a write. */
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

  /** Is there so much output that it must be sent at once? */
  get isFull(): boolean {
    return this.#output.length >= flushBytes;
  }

  /** Has the stream accepted everything? */
  get hasRoom(): boolean {
    return this.#stream.writableLength === 0;
  }

  /** Continues with another stream. */
  use(stream: Duplex): void {
    this.#stream = stream;
  }

  /**
   * Collects text and then bytes, which together require this many replies. `onSent` is called when they are passed to
   * the stream.
   */
  gather(text: string, content: readonly Uint8Array[] | undefined, replies: number, onSent?: () => void): void {
    if (text !== '') this.#output.text(text);
    if (content !== undefined) for (const part of content) this.#output.bytes(part);
    if (onSent !== undefined) this.#output.then(onSent);
    this.#replies += replies;
  }

  /** Sends nothing until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  /** Sends the collected output. Returns whether there is room for more. */
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

  /** Sends the collected output at the end of this turn, with anything added until then. */
  flushSoon(): void {
    if (this.#isScheduled || this.#output.length === 0) return;
    this.#isScheduled = true;
    process.nextTick(this.#flushLater);
  }

  /** Stops waiting for a stall. */
  forgetStall(): void {
    this.#stall.clear();
  }

  unref(): void {
    this.#stall.unref();
  }

  /** Stops the output for good. */
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

/**
 * What is certain of a message while its transaction runs.
 *
 * @module
 */
import type { EmailError, EmailErrorPhase } from '../../model/error.js';

/** How far a transaction is. At any moment it says what is certain about the message. */
export class TransactionState {
  phase: EmailErrorPhase = 'transaction';
  /** The server answered MAIL: it was there when the transaction began. */
  begun = false;
  /** Content has begun to leave and is not at its end: only content can follow. */
  midContent = false;
  /** The refusal after which nothing can be delivered: of MAIL, of every recipient, or of a chunk. It outlives what comes after it. */
  refusal: EmailError | undefined;
  /** Octets of the content were handed to the stream. */
  contentSent = false;
  #endSent = false;
  readonly #onEndSent: (() => void) | undefined;

  /** `onEndSent` is called once all of the message was handed over. */
  constructor(onEndSent?: () => void) {
    this.#onEndSent = onEndSent;
  }

  /** The end of data was handed to the stream: the server may have the message. */
  get endSent(): boolean {
    return this.#endSent;
  }

  sendEnd(): void {
    this.contentSent = true;
    this.#endSent = true;
    this.#onEndSent?.();
  }

  get delivery(): 'not-delivered' | 'unknown' {
    return this.endSent && this.refusal === undefined ? 'unknown' : 'not-delivered';
  }
}

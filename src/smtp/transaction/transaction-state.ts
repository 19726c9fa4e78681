/**
 * The facts about a message that are certain while its transaction runs.
 * @module
 */
import type { EmailError, EmailErrorPhase } from '../../model/error.js';

/** The progress of a transaction. At any moment it says what is certain about the delivery of the message. */
export class TransactionState {
  phase: EmailErrorPhase = 'transaction';
  /** The server answered MAIL, so it was there when the transaction began. */
  begun = false;
  /** The server accepted MAIL. */
  mailTaken = false;
  /** Content has begun and is not at its end: nothing else can be sent. */
  midContent = false;
  /**
   * The refusal after which nothing can be delivered: of MAIL, of every recipient, or of a chunk. Later failures do not
   * replace it.
   */
  refusal: EmailError | undefined;
  /** Octets of the content have been passed to the stream. */
  contentSent = false;
  #endSent = false;
  readonly #onEndSent: (() => void) | undefined;

  /** `onEndSent` is called once the whole message has been passed on. */
  constructor(onEndSent?: () => void) {
    this.#onEndSent = onEndSent;
  }

  /** Has the end of data been passed to the stream? Then the server may have the message. */
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

/**
 * Closing a transport, whichever of several close() calls of its mailer comes first.
 *
 * @module
 */
import type { Transport } from '../model/transport.js';
import { transportFailure } from './transport-failure.js';

/** Closes a transport once; a second time only to force a close that is still under way without force. */
export class TransportClosing {
  readonly #transport: Transport;
  #closing: Promise<void> | undefined;
  #hasForce = false;
  #isOver = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Rejects with an EmailError, whatever the transport throws. */
  close(force: boolean): Promise<void> {
    if (this.#closing === undefined || (force && !this.#hasForce && !this.#isOver)) {
      this.#hasForce = force;
      this.#closing = this.#run(force);
      // Rejections reach those who called; one of them may still be waiting for messages.
      this.#closing.catch(() => {});
    }
    return this.#closing;
  }

  async #run(force: boolean): Promise<void> {
    try {
      await this.#transport.close(force ? { force } : undefined);
    } catch (cause) {
      throw transportFailure(cause);
    } finally {
      this.#isOver = true;
    }
  }
}

/**
 * Closes the transport of a mailer, for any number of close() calls.
 * @module
 */
import type { Transport } from '../model/transport.js';
import { transportFailure } from '../transport/transport-failure.js';

/** Closes a transport once. A second time only to force a close that is still running unforced. */
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
      // Every caller gets the rejection. This handler keeps it from being unhandled while one of them still waits for
      // messages.
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

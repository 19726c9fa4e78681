/**
 * Connections of a pool that are being opened.
 * @module
 */
import { createAbortController } from '../../async/abort-controller.js';
import type { SmtpConnection } from '../../connection/contract.js';
import { closedBeforeSent } from './pool-errors.js';

/** Opens the pool's connections. */
export interface PoolSource {
  /** Rejects when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<SmtpConnection>;
}

/** One of these is called once for each opening. */
export interface OpeningListeners {
  readonly opened: (connection: SmtpConnection) => void;
  readonly failed: (cause: unknown) => void;
  readonly givenUp: () => void;
}

export class Openings {
  readonly #source: PoolSource;
  readonly #listeners: OpeningListeners;
  /** None is shared, because Node 20 keeps a record of everything that ever listened to a signal. */
  readonly #controllers = new Set<AbortController>();

  constructor(source: PoolSource, listeners: OpeningListeners) {
    this.#source = source;
    this.#listeners = listeners;
  }

  get size(): number {
    return this.#controllers.size;
  }

  /** Opens one connection. `run` runs the call of the source at once. */
  start(run: (work: () => void) => void): void {
    const controller = createAbortController();
    let opened: Promise<SmtpConnection> | undefined;
    run(() => (opened = this.#source.open(controller.signal)));
    this.#controllers.add(controller);
    opened?.then(
      (connection) => {
        this.#controllers.delete(controller);
        this.#listeners.opened(connection);
      },
      (cause: unknown) => {
        this.#controllers.delete(controller);
        if (controller.signal.aborted) this.#listeners.givenUp();
        else this.#listeners.failed(cause);
      },
    );
  }

  /** Aborts all of them. */
  giveUp(): void {
    for (const controller of this.#controllers) controller.abort(closedBeforeSent());
  }
}

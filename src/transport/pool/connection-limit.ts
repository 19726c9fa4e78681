/**
 * The most connections of the pool: the number in the options, or temporarily fewer after the server refused one. The
 * cause of a refusal may pass, so the limit is raised again after a while.
 * @module
 */
import { unrefTimer } from '../../util/timer.js';

/** How long the limit stays low after the last refusal. */
const lowMs = 60_000;

export class ConnectionLimit {
  readonly #most: number;
  readonly #onRaised: () => void;
  #current: number;
  #timer: NodeJS.Timeout | undefined;

  /** `onRaised` is called when the limit is back at `most`. */
  constructor(most: number, onRaised: () => void) {
    this.#most = most;
    this.#current = most;
    this.#onRaised = onRaised;
  }

  get current(): number {
    return this.#current;
  }

  /** Lowers the limit to `connections` (at least 1) for a minute from now. Never raises it. */
  lower(connections: number): void {
    this.#current = Math.max(1, Math.min(this.#current, connections));
    this.stop();
    const raise = (): void => {
      this.#current = this.#most;
      this.#onRaised();
    };
    this.#timer = unrefTimer(setTimeout(raise, lowMs));
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * How many connections the pool may have: what the options allow, or less for a while after the server refused one. What kept the
 * server from another connection may pass, so the limit goes back by itself.
 *
 * @module
 */

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

  /** Holds the limit at `connections` (at least 1), never above what it is now, for a minute from now. */
  lower(connections: number): void {
    this.#current = Math.max(1, Math.min(this.#current, connections));
    this.stop();
    this.#timer = setTimeout(() => {
      this.#current = this.#most;
      this.#onRaised();
    }, lowMs).unref();
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

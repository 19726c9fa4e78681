/**
 * Limits the number of messages per period.
 * @module
 */
/** Allows at most `messages` starts in any window of `perMs` milliseconds. */
export class RateLimiter {
  readonly #perMs: number;
  /** Start times of the last `messages` messages, as a ring. */
  readonly #starts: number[];
  #next = 0;

  constructor(messages: number, perMs: number) {
    this.#perMs = perMs;
    this.#starts = new Array<number>(messages).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until the next start is allowed; 0 now. */
  waitMs(now: number): number {
    return Math.max(0, (this.#starts[this.#next] ?? Number.NEGATIVE_INFINITY) + this.#perMs - now);
  }

  /** Counts a start. */
  take(now: number): void {
    this.#starts[this.#next] = now;
    this.#next = (this.#next + 1) % this.#starts.length;
  }
}

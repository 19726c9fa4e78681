/**
 * Slows down the opening of connections after some were opened in vain: the server refused them, or ended them before
 * it started a single message. Each further one makes the pause longer. A connection that served a message resets it.
 * @module
 */

const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** After this many in a row, waiting messages are rejected. */
const mostInVain = 5;

export class OpeningPace {
  #inVain = 0;
  #notBefore = 0;

  /** Counts a connection that was opened in vain. True if waiting messages should be rejected. */
  countVain(now: number): boolean {
    this.#inVain++;
    this.#notBefore = now + Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#inVain - 1));
    return this.#inVain >= mostInVain;
  }

  /**
   * Called when the server served a message, or waiting messages were rejected: the next connection is opened at once.
   */
  reset(): void {
    this.#inVain = 0;
    this.#notBefore = 0;
  }

  /** Milliseconds until the next connection may be opened; 0 now. */
  waitMs(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }
}

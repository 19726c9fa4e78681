/**
 * How fast connections may be opened after some that were opened in vain: the server refused them, or ended them before it began with a
 * single message. Each one in a row makes the pause before the next longer. A connection that served ends the row.
 *
 * @module
 */

const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** After so many in a row there is no hope for those who wait. */
const mostInVain = 5;

export class OpeningPace {
  #inVain = 0;
  #notBefore = 0;

  /** Counts a connection that was opened in vain. True if those who wait should be told so. */
  countVain(now: number): boolean {
    this.#inVain++;
    this.#notBefore = now + Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#inVain - 1));
    return this.#inVain >= mostInVain;
  }

  /** The server served, or those who waited were told that it does not: the next connection is opened at once. */
  reset(): void {
    this.#inVain = 0;
    this.#notBefore = 0;
  }

  /** Milliseconds until the next connection may be opened; 0 now. */
  waitMs(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }
}

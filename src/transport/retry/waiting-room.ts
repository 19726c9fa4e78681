/**
 * Messages that wait for a time or for a change of a circuit.
 * @module
 */
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';

/** The longest delay of a Node timer. */
const longestMs = 2 ** 31 - 1;

export class WaitingRoom {
  readonly #ended: AbortSignal;
  #wakers = new Set<() => void>();

  /** All waits end when `ended` aborts. */
  constructor(ended: AbortSignal) {
    this.#ended = ended;
  }

  /** Lets every waiting message look again. */
  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = new Set();
    for (const wake of wakers) wake();
  }

  /**
   * Resolves after this number of milliseconds, or at the next `wake()`. Rejects when a signal aborts. The timer holds the
   * process, because a message is waiting.
   */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        stopSignal();
        stopEnded();
        act();
      };
      const wake = (): void => end(resolve);
      const giveUp = (by: AbortSignal): void => end(() => reject(abortError(by)));
      this.#wakers.add(wake);
      const timer = ms === Infinity ? undefined : setTimeout(wake, Math.min(Math.ceil(ms), longestMs));
      let stopSignal = (): void => {};
      let stopEnded = (): void => {};
      stopEnded = onAbort(this.#ended, () => giveUp(this.#ended));
      if (signal !== undefined) stopSignal = onAbort(signal, () => giveUp(signal));
    });
  }
}

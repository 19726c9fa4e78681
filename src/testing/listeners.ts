/**
 * Functions that are called after each message of a transport.
 * @module
 */
import { notify } from '../util/notify.js';

export class Listeners {
  readonly #all = new Set<() => void>();

  /** Returns a function that ends the calls. */
  add(listener: () => void): () => void {
    // A function of its own, so that one listener may be added twice.
    const call = (): void => listener();
    this.#all.add(call);
    return () => void this.#all.delete(call);
  }

  /** An error that a listener throws has no effect. */
  call(): void {
    for (const listener of [...this.#all]) notify(listener, undefined);
  }
}

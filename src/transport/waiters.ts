/**
 * The line of those who wait for something: who asked first comes first. Those who need a fresh one stand in front of all others, since
 * they have had their turn once, on a connection that turned out to be dead.
 *
 * @module
 */
import { onAbort } from '../async/on-abort.js';
import { abortError } from '../errors/abort.js';
import type { EmailErrorDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';

interface Waiter<T> {
  readonly fresh: boolean;
  readonly resolve: (value: T) => void;
  readonly reject: (error: EmailError) => void;
  /** Called when the turn is near; undefined once the wait is over. */
  soon: (() => void) | undefined;
  /** `soon` was called, or is about to be. */
  near: boolean;
}

export class Waiters<T> {
  readonly #line: Waiter<T>[] = [];
  readonly #details: EmailErrorDetails;
  readonly #onLeft: () => void;

  /** `details` go into the errors of those whose signal aborts; `onLeft` is called after each of them left the line. */
  constructor(details: EmailErrorDetails, onLeft: () => void) {
    this.#details = details;
    this.#onLeft = onLeft;
  }

  get length(): number {
    return this.#line.length;
  }

  /** Joins the line. `soon` is called at most once, while waiting. */
  wait(signal: AbortSignal | undefined, fresh: boolean, soon: (() => void) | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let stop = (): void => {};
      const over = (): void => {
        waiter.soon = undefined;
        stop();
      };
      const waiter: Waiter<T> = {
        fresh,
        soon,
        near: false,
        resolve: (value) => {
          over();
          resolve(value);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      stop = onAbort(signal, () => {
        const at = this.#line.indexOf(waiter);
        if (at >= 0) this.#line.splice(at, 1);
        waiter.reject(abortError(signal as AbortSignal, this.#details));
        this.#onLeft();
      });
      if (fresh) this.#line.unshift(waiter);
      else this.#line.push(waiter);
    });
  }

  /** Does the one at this place need a fresh one? False where nobody stands. */
  needsFresh(at: number): boolean {
    return this.#line[at]?.fresh === true;
  }

  /** Gives the one at this place what was waited for. */
  give(at: number, value: T): void {
    const waiter = at === 0 ? this.#line.shift() : this.#line.splice(at, 1)[0];
    waiter?.resolve(value);
  }

  /** Tells the first `count` that their turn is near, each of them once and not before the code that is running has ended. */
  tellNear(count: number): void {
    const end = Math.min(this.#line.length, count);
    for (let at = 0; at < end; at++) {
      const waiter = this.#line[at] as Waiter<T>;
      if (waiter.near) continue;
      waiter.near = true;
      void resolved.then(() => waiter.soon?.());
    }
  }

  /** Ends the wait of all, or of those that need a fresh one. Each gets an error of its own. */
  refuse(who: 'all' | 'fresh', makeError: () => EmailError): void {
    const line = this.#line.splice(0);
    if (who === 'fresh') this.#line.push(...line.filter(({ fresh }) => !fresh));
    for (const waiter of line) if (who === 'all' || waiter.fresh) waiter.reject(makeError());
  }
}

const resolved = Promise.resolve();

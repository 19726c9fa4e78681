/**
 * The line of those who wait for a connection: who asked first comes first. Those who need a fresh one stand in front of all others,
 * since they have had their turn once, on a connection that turned out to be dead.
 *
 * @module
 */
import { CallerContext } from '../async/caller-context.js';
import { onAbort } from '../async/on-abort.js';
import { abortError } from '../errors/abort.js';
import type { EmailErrorDetails } from '../errors/email-error.js';
import { connections } from '../logging/diagnostics.js';
import type { EmailError } from '../model/error.js';

interface Waiter<T> {
  /** Only a connection with a higher number will do. */
  readonly after: number | undefined;
  readonly resolve: (value: T) => void;
  readonly reject: (error: EmailError) => void;
  /** Called when the turn is near; undefined once the wait is over. */
  soon: (() => void) | undefined;
  /** `soon` was called, or is about to be. */
  near: boolean;
  /** The asynchronous context (`AsyncLocalStorage`) of the one who waits; undefined where nobody traces. */
  readonly context: CallerContext | undefined;
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

  /** Joins the line; in front, if only a connection with a number above `after` will do. `soon` is called at most once, while waiting. */
  wait(signal: AbortSignal | undefined, after: number | undefined, soon: (() => void) | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let stop = (): void => {};
      const over = (): void => {
        waiter.soon = undefined;
        stop();
      };
      const waiter: Waiter<T> = {
        after,
        soon,
        near: false,
        context: connections.hasSubscribers ? new CallerContext() : undefined,
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
      const next = after === undefined ? -1 : this.#line.findIndex((other) => other.after === undefined);
      if (next === -1) this.#line.push(waiter);
      else this.#line.splice(next, 0, waiter);
    });
  }

  /** The number above which the one at this place needs a connection; undefined if any will do. */
  after(at: number): number | undefined {
    return this.#line[at]?.after;
  }

  /** Runs work in the asynchronous context of the one at this place: what is begun for it belongs to its trace. */
  inContextOf(at: number, work: () => void): void {
    run(this.#line[at], work);
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
      void resolved.then(() => run(waiter, () => waiter.soon?.()));
    }
  }

  /** Ends the wait of all, or of those that need a fresh one. Each gets an error of its own. */
  refuse(who: 'all' | 'fresh', makeError: () => EmailError): void {
    const line = this.#line.splice(0);
    if (who === 'fresh') this.#line.push(...line.filter(({ after }) => after === undefined));
    for (const waiter of line) if (who === 'all' || waiter.after !== undefined) waiter.reject(makeError());
  }
}

const resolved = Promise.resolve();

function run(waiter: { readonly context: CallerContext | undefined } | undefined, work: () => void): void {
  if (waiter?.context === undefined) work();
  else waiter.context.run(work);
}

/**
 * The queue of messages that wait for a connection, in the order of requests. Those that need a fresh connection come
 * first, because they have already had their turn, on a connection that turned out to be dead.
 * @module
 */
import { CallerContext } from '../../async/caller-context.js';
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';
import type { EmailErrorDetails } from '../../errors/email-error.js';
import { connections } from '../../logging/diagnostics.js';
import type { EmailError } from '../../model/error.js';

/** A caller that waits for a connection. */
class Waiter<T> {
  /** Only a connection with a higher number will do. */
  readonly after: number | undefined;
  /** Called when the turn is near; undefined after the wait. */
  soon: (() => void) | undefined;
  /** True if `soon` was called or is about to be. */
  near = false;
  /** The asynchronous context (`AsyncLocalStorage`) of the waiting caller; undefined without tracing. */
  readonly context: CallerContext | undefined = connections.hasSubscribers ? new CallerContext() : undefined;
  /** Stops listening for an abort. */
  stopListening: (() => void) | undefined;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: EmailError) => void;

  constructor(
    after: number | undefined,
    soon: (() => void) | undefined,
    resolve: (value: T) => void,
    reject: (error: EmailError) => void,
  ) {
    this.after = after;
    this.soon = soon;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(value: T): void {
    this.#end();
    this.#resolve(value);
  }

  reject(error: EmailError): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.soon = undefined;
    this.stopListening?.();
  }
}

export class Waiters<T> {
  readonly #line: Waiter<T>[] = [];
  readonly #details: EmailErrorDetails;
  readonly #onLeft: () => void;

  /**
   * `details` are added to the errors of waiters whose signal aborts; `onLeft` is called after each of them has left.
   */
  constructor(details: EmailErrorDetails, onLeft: () => void) {
    this.#details = details;
    this.#onLeft = onLeft;
  }

  get length(): number {
    return this.#line.length;
  }

  /**
   * Joins the queue; at the front if only a connection with a number above `after` will do. `soon` is called at most
   * once, while waiting.
   */
  wait(signal: AbortSignal | undefined, after: number | undefined, soon: (() => void) | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiter = new Waiter(after, soon, resolve, reject);
      if (signal !== undefined) waiter.stopListening = onAbort(signal, () => this.#leave(waiter, signal));
      const next = after === undefined ? -1 : this.#line.findIndex((other) => other.after === undefined);
      if (next === -1) this.#line.push(waiter);
      else this.#line.splice(next, 0, waiter);
    });
  }

  #leave(waiter: Waiter<T>, signal: AbortSignal): void {
    const at = this.#line.indexOf(waiter);
    if (at >= 0) this.#line.splice(at, 1);
    waiter.reject(abortError(signal, this.#details));
    this.#onLeft();
  }

  /** The number that the connection for this waiter must exceed; undefined if any will do. */
  after(at: number): number | undefined {
    return this.#line[at]?.after;
  }

  /** Runs work in the asynchronous context of this waiter, so that it belongs to its trace. */
  inContextOf(at: number, work: () => void): void {
    run(this.#line[at], work);
  }

  /** Ends the wait of this waiter with the value. */
  give(at: number, value: T): void {
    const waiter = at === 0 ? this.#line.shift() : this.#line.splice(at, 1)[0];
    waiter?.resolve(value);
  }

  /** Calls `soon` of the first `count` waiters, once each, after the running code has ended. */
  tellNear(count: number): void {
    const end = Math.min(this.#line.length, count);
    for (let at = 0; at < end; at++) {
      const waiter = this.#line[at] as Waiter<T>;
      if (waiter.near) continue;
      waiter.near = true;
      void resolved.then(() => run(waiter, () => waiter.soon?.()));
    }
  }

  /** Rejects all waiters, or those that need a fresh connection. Each gets an error of its own. */
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

/**
 * Work that several callers need at once is done once. It lives while any caller waits for it: a caller's abort ends
 * that caller's waiting and fails no other, and the work is aborted when the last caller has gone. A failure reaches
 * every caller that waits and is not kept: the next call starts again.
 * @module
 */
import { abortError, throwIfAborted } from '../errors/abort.js';
import { createAbortController } from './abort-controller.js';
import { untilAborted } from './until-aborted.js';

interface Task {
  readonly promise: Promise<unknown>;
  readonly controller: AbortController;
  waiting: number;
  settled: boolean;
}

/** Work under way, by key. Results are not kept. */
export class SharedWork<K = string> {
  readonly #tasks = new Map<K, Task>();

  /**
   * Joins the work under way for `key`, or starts it. The signal passed to `work` belongs to the work, not to one
   * caller.
   */
  async run<T>(key: K, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const task = this.#tasks.get(key) ?? this.#start(key, work);
    task.waiting++;
    try {
      return (await untilAborted(task.promise, signal)) as T;
    } finally {
      if (--task.waiting === 0 && !task.settled) {
        this.#forget(key, task);
        task.controller.abort(signal === undefined ? undefined : abortError(signal));
      }
    }
  }

  #start(key: K, work: (signal: AbortSignal) => Promise<unknown>): Task {
    const controller = createAbortController();
    const promise = (async () => await work(controller.signal))();
    const task: Task = { promise, controller, waiting: 0, settled: false };
    this.#tasks.set(key, task);
    const settle = (): void => {
      task.settled = true;
      this.#forget(key, task);
    };
    promise.then(settle, settle);
    return task;
  }

  #forget(key: K, task: Task): void {
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
  }
}

/** A value that is made once, by shared work, and kept. */
export class SharedValue<T> {
  #work = new SharedWork<'value'>();
  #made: { readonly value: T } | undefined;

  /** The value, made by `make` if there is none yet. */
  async get(signal: AbortSignal | undefined, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#made !== undefined) return this.#made.value;
    const work = this.#work;
    return await work.run('value', signal, async (shared) => {
      const value = await make(shared);
      // After forget(), this work only serves the callers that already wait for it.
      if (this.#work === work) this.#made = { value };
      return value;
    });
  }

  /** The next `get` makes the value again. */
  forget(): void {
    this.#made = undefined;
    this.#work = new SharedWork();
  }
}

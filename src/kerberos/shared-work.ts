import { abortError } from '../errors/abort.js';

interface Task {
  readonly promise: Promise<unknown>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Work that several callers need at once is done once. A caller's signal ends that caller's waiting; when the last one has gone, the
 * work is aborted. A failure is every waiting caller's, and the next call starts anew.
 */
export class SharedWork {
  readonly #tasks = new Map<string, Task>();

  async run<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) throw abortError(signal);
    const task = this.#tasks.get(key) ?? this.#start(key, work);
    task.waiting++;
    let onAbort = (): void => {};
    try {
      return await Promise.race([
        task.promise as Promise<T>,
        new Promise<never>((_, reject) => {
          onAbort = () => reject(abortError(signal));
          signal.addEventListener('abort', onAbort, { once: true });
        }),
      ]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (--task.waiting === 0) {
        this.#forget(key, task);
        task.controller.abort();
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<unknown>): Task {
    const controller = new AbortController();
    const promise = work(controller.signal);
    const task: Task = { promise, controller, waiting: 0 };
    this.#tasks.set(key, task);
    // Settled work is forgotten; its failure is reported to those who wait.
    const forget = (): void => this.#forget(key, task);
    promise.then(forget, forget);
    return task;
  }

  #forget(key: string, task: Task): void {
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
  }
}

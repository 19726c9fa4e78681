/**
 * Calls functions of the caller that observe something: loggers, progress functions, observers.
 * @module
 */

/**
 * Calls `listener` with a value. A failing listener changes nothing: its exception is dropped, and so is the rejection
 * of a promise that it returns, which would otherwise end the process as an unhandled rejection.
 */
export function notify<T>(listener: (value: T) => unknown, value: T): void {
  try {
    dropPromise(listener(value));
  } catch {
    // Dropped, as described above.
  }
}

/** True for a promise. It is dropped, and so is its rejection. */
export function dropPromise(value: unknown): boolean {
  if (!isThenable(value)) return false;
  value.then(undefined, () => undefined);
  return true;
}

/** Is it a promise, of any library? */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

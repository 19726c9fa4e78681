/**
 * Calls of functions that the caller gave to be told of something: loggers, progress functions, observers.
 * @module
 */

/**
 * Tells `listener` a value. The failure of a listener changes nothing: an exception is dropped, and so is the rejection of a promise that
 * an async function gives back, which would otherwise end the process as an unhandled rejection.
 */
export function notify<T>(listener: (value: T) => unknown, value: T): void {
  try {
    const outcome = listener(value);
    if (isThenable(outcome)) outcome.then(undefined, () => undefined);
  } catch {
    // Dropped, as said above.
  }
}

/** Whether a value is a promise, of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/**
 * Node's callbacks beside promises.
 * @module
 */

/** A callback: an error, or null and the result. */
export type Callback<T, E extends Error = Error> = (error: E | null, result: T) => void;

/** A callback as it is called: with an error there is no result. */
export type AnyCallback<T, E extends Error> = (error: E | null, result?: T) => void;

/**
 * Passes the outcome to the callback, or returns the promise if there is none. An error that the callback throws is an
 * uncaught exception, as with nodemailer, and not a rejection of this promise.
 */
export function settle<T, E extends Error>(
  outcome: Promise<T>,
  callback: Callback<T, E> | undefined,
  errorOf: (failure: unknown) => E,
): Promise<T> | undefined {
  const told = outcome.catch((failure: unknown) => {
    throw errorOf(failure);
  });
  if (callback === undefined) return told;
  told.then(
    (result) => process.nextTick(callback, null, result),
    (error: unknown) => process.nextTick(callback, error),
  );
  return undefined;
}

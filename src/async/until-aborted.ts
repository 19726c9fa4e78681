/**
 * Waits for a promise or an abort, whichever comes first.
 * @module
 */
import { abortError } from '../errors/abort.js';
import { notify } from '../util/notify.js';
import { onAbort } from './on-abort.js';

/**
 * Settles like `promise`, or rejects with the signal's reason (`abortError`) when the signal aborts first. A promise
 * that honours the signal itself gets `graceMs` to reject with a better error. A value that arrives after the abort is
 * passed to `late`, to be closed; it may be anything, so that a failure of `late` is dropped.
 */
export function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  graceMs = 0,
  late: (value: T) => void = () => {},
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = (): void => reject(abortError(signal));
    const stop = onAbort(signal, () => {
      if (graceMs === 0) giveUp();
      else timer = setTimeout(giveUp, graceMs);
    });
    const settled = (): void => {
      stop();
      clearTimeout(timer);
    };
    promise.then(
      (value) => {
        settled();
        if (!signal.aborted) return resolve(value);
        notify(late, value);
        giveUp();
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
}

import { abortError } from '../errors/abort.js';

/**
 * What a promise gives, unless the signal aborts before. What heeds the signal itself has `graceMs` to say so in its own words; what
 * comes later is handed to `late`, and concerns nobody else.
 */
export function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  graceMs = 0,
  late: (value: T) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(abortError(signal));
    const onAbort = (): void => void (graceMs === 0 ? giveUp() : setTimeout(giveUp, graceMs));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) late(value);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}

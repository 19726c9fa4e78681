/**
 * Signals made of others: one that aborts with the first of several, and one that also aborts after a time. Listeners
 * and timer go with `dispose()`; `AbortSignal.any` and `AbortSignal.timeout` leave theirs to the garbage collector and
 * take signals of Node's class only.
 * @module
 */
import type { EmailError } from '../model/error.js';
import { allowManyListeners, createAbortController } from './abort-controller.js';
import { onAbort } from './on-abort.js';

/** The longest delay of a Node timer; a longer one would fire at once. */
const longestDelayMs = 0x7fffffff;

/** A signal to dispose of when the work for which it was made is over. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** A time limit. */
export interface Deadline {
  /** Milliseconds from now; 0 is no limit. */
  readonly ms: number;
  /** Makes the error that the signal aborts with when the time is over. */
  readonly passed: () => EmailError;
}

/**
 * Aborts with the first of the signals and with that signal's reason, or when the deadline has passed. A single signal
 * without a deadline is returned unchanged.
 */
export function joinSignals(given: readonly (AbortSignal | undefined)[], deadline?: Deadline): JoinedSignal {
  const signals = given.filter((signal) => signal !== undefined);
  const [first] = signals;
  if (first !== undefined && signals.length === 1 && (deadline === undefined || deadline.ms === 0))
    return { signal: first, dispose: () => {} };
  const controller = createAbortController();
  allowManyListeners(controller.signal);
  const stops = signals.map((signal) => {
    // Programs share one signal among many sends, which is not a leak.
    allowManyListeners(signal);
    return onAbort(signal, () => controller.abort(signal.reason));
  });
  const timer = deadline && startTimer(deadline, controller);
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    },
  };
}

function startTimer({ ms, passed }: Deadline, controller: AbortController): NodeJS.Timeout | undefined {
  if (ms === 0 || controller.signal.aborted) return undefined;
  return setTimeout(() => controller.abort(passed()), Math.min(ms, longestDelayMs));
}

/** Runs work with a signal that aborts with `signal` or at the deadline. The work must honour it. */
export async function withDeadline<T>(
  signal: AbortSignal | undefined,
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const joined = joinSignals([signal], deadline);
  try {
    return await work(joined.signal);
  } finally {
    joined.dispose();
  }
}

/**
 * Listens for an abort, for owners of a resource that the abort must close.
 * @module
 */
import { withoutPrototype } from '../util/without-prototype.js';

/** Without a prototype: Node reads an inherited `signal` too. */
const onceOnly = withoutPrototype({ once: true });

/**
 * Calls `act` when the signal aborts, at once if it has aborted already; never without a signal. Returns a function
 * that stops the listening: call it when the work is over, or a signal that lives long gathers listeners.
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    act();
    return () => {};
  }
  // Signals of other libraries may ignore `once`, but they abort only once anyway.
  signal.addEventListener('abort', act, onceOnly);
  return () => signal.removeEventListener('abort', act);
}

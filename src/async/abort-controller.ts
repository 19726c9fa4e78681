/**
 * Node's own AbortController, whatever `globalThis.AbortController` is. jsdom, happy-dom and polyfills put classes of
 * theirs there; some take no reason in `abort()`, and none passes for Node's at Node's own functions. A caller's signal
 * may be of any class: only its `aborted`, `reason`, `addEventListener` and `removeEventListener` are used.
 * @module
 */
import { setMaxListeners } from 'node:events';
import * as util from 'node:util';

interface Classes {
  readonly Controller: typeof AbortController;
  readonly Signal: typeof AbortSignal;
}

let found: Classes | undefined;

/** A controller of Node's class. */
export function createAbortController(): AbortController {
  const { Controller } = (found ??= findClasses());
  return new Controller();
}

/**
 * Lets any number of listeners wait for a signal: Node 20 warns of the eleventh. Signals of other classes are left
 * alone.
 */
export function allowManyListeners(signal: AbortSignal | undefined): void {
  const { Signal } = (found ??= findClasses());
  // Node's function throws for event targets that are not Node's.
  if (signal instanceof Signal) setMaxListeners(0, signal);
}

/**
 * `transferableAbortController` is the one function of Node that makes a controller without looking at `globalThis`.
 */
function findClasses(): Classes {
  const { transferableAbortController: create } = util as { transferableAbortController?: () => AbortController };
  const controller = create === undefined ? new AbortController() : create();
  return {
    Controller: controller.constructor as typeof AbortController,
    Signal: controller.signal.constructor as typeof AbortSignal,
  };
}

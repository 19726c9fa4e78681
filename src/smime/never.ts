/**
 * The signal of the functions of `sealpost/smime`, which cannot be aborted. Any number of external keys may listen to
 * it at once.
 * @module
 */
import { allowManyListeners, createAbortController } from '../async/abort-controller.js';

/** A signal that never aborts. */
export const never: AbortSignal = createAbortController().signal;
allowManyListeners(never);

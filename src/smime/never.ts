/**
 * The signal of the functions of `sealpost/smime`, which cannot be aborted. External keys listen to it, any number of them at once.
 *
 * @module
 */
import { allowManyListeners, createAbortController } from '../async/abort-controller.js';

/** A signal that never aborts. */
export const never: AbortSignal = createAbortController().signal;
allowManyListeners(never);

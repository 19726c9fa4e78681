/**
 * Timers that do or do not hold the process. In a browser's environment, such as Jest's jsdom, `setTimeout` returns a
 * number, which has none of these methods.
 * @module
 */

/** Lets the process end although the timer is running. Returns the timer. */
export function unrefTimer(timer: NodeJS.Timeout): NodeJS.Timeout {
  timer.unref?.();
  return timer;
}

/** Makes the timer hold the process again. */
export function refTimer(timer: NodeJS.Timeout): void {
  timer.ref?.();
}

/** Does the timer hold the process? */
export function timerIsRef(timer: NodeJS.Timeout): boolean {
  return timer.hasRef?.() ?? true;
}

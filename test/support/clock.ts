/**
 * Waiting in tests without a clock of the machine: timers that the test moves on, and waits for what happens.
 *
 * @module
 */
import { onTestFinished, vi } from 'vitest';

/** A clock that stands still until the test moves it. */
export interface StoppedClock {
  /** Moves on by so many milliseconds. Timers that end meanwhile are run in their order. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  timers(): number;
}

/**
 * Stops the timers of this process, and `performance.now()`, until the test ends; sockets, files and child processes go on. Not for
 * concurrent tests, which would share it.
 */
export function stopClock(): StoppedClock {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return {
    async advance(ms) {
      await vi.advanceTimersByTimeAsync(ms);
    },
    timers: () => vi.getTimerCount(),
  };
}

const immediate = setImmediate;
const turn = (): Promise<void> => new Promise((resolve) => immediate(resolve));

/** Resolves once `condition` holds: looked at in each turn of the event loop, as long as the test may run. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** So many turns of the event loop: in each of them sockets are served. To see that something does not happen. */
export async function turns(count = 20): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

/**
 * Waiting in tests without the machine's clock: timers that the test advances, and waits for events.
 * @module
 */
import { onTestFinished, vi } from 'vitest';

/** A clock that stands still until the test moves it. */
export interface StoppedClock {
  /** Advances by this many milliseconds and runs the timers that end meanwhile, in their order. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  timers(): number;
}

/**
 * Stops the timers of this process, and `performance.now()`, until the test ends. Sockets, files and child processes go
 * on. Not for concurrent tests, which would share it.
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

/**
 * Sets the time of the machine ahead or back, as `Date` tells it, until the test ends. Each call counts from the real
 * time. Timers and `performance.now()` go on as they do where a system's time is set.
 */
export function setTime(byMs: number): void {
  const now = (): number => RealDate.now() + byMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (date, given, target) => Reflect.construct(date, given.length === 0 ? [now()] : given, target) as Date,
    get: (date, name) => (name === 'now' ? now : (Reflect.get(date, name) as unknown)),
  });
  onTestFinished(() => {
    globalThis.Date = RealDate;
  });
}

const RealDate = Date;
const immediate = setImmediate;
const turn = (): Promise<void> => new Promise((resolve) => immediate(resolve));

/** Resolves once `condition` holds. It is checked in each turn of the event loop until the test's timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/**
 * Runs `work` while the clock moves on by 50 ms after every ten turns of the event loop, so that its pauses take no
 * time. Only for work in this process and thread, which makes as much headway in these turns on every machine.
 */
export async function hurry<T>(work: () => Promise<T>): Promise<T> {
  const clock = stopClock();
  let isOver = false;
  const result = work().finally(() => (isOver = true));
  while (!isOver) {
    await turns(10);
    await clock.advance(50);
  }
  return await result;
}

/**
 * Waits for this many turns of the event loop. Sockets are served in each, so a test can see that something does not
 * happen.
 */
export async function turns(count = 20): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

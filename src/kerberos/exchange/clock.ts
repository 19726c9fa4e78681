/**
 * The clocks of this machine and of the KDC.
 * @module
 */
import { randomInt } from 'node:crypto';
import type { Moment } from '../protocol/messages.js';

/** This machine's clock, corrected by the KDC's. */
export interface Clock {
  /** How far the KDC's clock is ahead, in milliseconds. */
  offsetMs: number;
  /** This machine's time, in milliseconds since 1970. */
  readonly systemTime: () => number;
}

/** The KDC's time, as far as it is known. */
export function kdcTime(clock: Clock): number {
  return clock.systemTime() + clock.offsetMs;
}

/**
 * Runs an exchange that may correct the clock. If it fails the correction is undone, because the time in an error is
 * not authenticated.
 */
export async function correcting<T>(clock: Clock, exchange: () => Promise<T>): Promise<T> {
  const before = clock.offsetMs;
  try {
    return await exchange();
  } catch (error) {
    clock.offsetMs = before;
    throw error;
  }
}

/** The current time for Kerberos. The last three digits are random, so that two requests in one millisecond differ. */
export function momentOf(clock: Clock): Moment {
  const now = Math.round(kdcTime(clock));
  const milliseconds = ((now % 1000) + 1000) % 1000;
  return { seconds: now - milliseconds, microseconds: milliseconds * 1000 + randomInt(1000) };
}

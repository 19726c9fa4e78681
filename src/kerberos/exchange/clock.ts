/**
 * This machine's clock and the KDC's.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import type { Moment } from '../protocol/messages.js';

/** This machine's clock, set right by what the KDC said of its own. */
export interface Clock {
  /** How far the KDC is ahead, in milliseconds. */
  offsetMs: number;
  /** This machine's time, in milliseconds since 1970. */
  readonly systemTime: () => number;
}

/** The KDC's time, as far as we know. */
export function kdcTime(clock: Clock): number {
  return clock.systemTime() + clock.offsetMs;
}

/** Runs an exchange that may set the clock right. Where it fails the clock is set back: the time in an error is not authenticated. */
export async function correcting<T>(clock: Clock, exchange: () => Promise<T>): Promise<T> {
  const before = clock.offsetMs;
  try {
    return await exchange();
  } catch (error) {
    clock.offsetMs = before;
    throw error;
  }
}

/** Now, as Kerberos has it. The last three digits are random, so that two requests in one millisecond differ. */
export function momentOf(clock: Clock): Moment {
  const now = Math.round(kdcTime(clock));
  const milliseconds = ((now % 1000) + 1000) % 1000;
  return { seconds: now - milliseconds, microseconds: milliseconds * 1000 + randomInt(1000) };
}

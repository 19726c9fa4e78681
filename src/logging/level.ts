import type { LogLevel } from '../model/log.js';

/** The order of levels. */

const order: Readonly<Record<LogLevel, number>> = { error: 0, warning: 1, info: 2, debug: 3 };

/** Is an event of this level shown where `threshold` is the least grave that is? `isAtLeast('error', 'info')` holds. */
export function isAtLeast(level: LogLevel, threshold: LogLevel): boolean {
  return order[level] <= order[threshold];
}

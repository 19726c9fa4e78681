/**
 * Events for the tests of sinks.
 * @module
 */
import type { LogEvent, LogLevel } from '../../../src/model/log.js';

/** An event with a number in it. */
export function numbered(number: number, level: LogLevel = 'info'): LogEvent {
  return { time: new Date(1e12 + number), level, connection: 1, type: 'command', display: `event ${number}` };
}

/** The numbers in the lines of a text, in order. */
export function numbersIn(text: string): readonly number[] {
  return [...text.matchAll(/event (\d+)$/gm)].map(([, number]) => Number(number));
}

/** The numbers 0 to `count` - 1. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

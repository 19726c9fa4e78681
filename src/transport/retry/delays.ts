/**
 * The time between attempts.
 * @module
 */
import type { SmtpReply } from '../../model/reply.js';
import type { ResolvedRetry } from '../../profile/resolve.js';

/** Gives numbers from 0 up to 1, as Math.random does. */
export type Chance = () => number;

/** Milliseconds to wait after this number of failures: exponential up to `maxMs`, shortened at random by up to a half. */
export function delayAfter(failures: number, { delayMs, maxMs }: ResolvedRetry, chance: Chance): number {
  return Math.min(maxMs, delayMs * 2 ** (failures - 1)) * (1 - chance() / 2);
}

const aboutLater = /again|retry|later|gr[ae]y|wait|come back|defer/i;
const amount =
  /\b(?:in|for|after|within|wait|of)\s+(?:about\s+|at\s+least\s+)?(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b/i;
const clock = /\b(\d{1,2}):(\d{2}):(\d{2})\b/;
const header = /\bretry[- ]after:?\s+(\d{1,6})\b/i;

/** The time that a 4yz reply asks to wait, as greylisting does; undefined if it names none. */
export function namedDelayMs({ code, lines }: SmtpReply): number | undefined {
  const text = lines.join(' ').slice(0, 1000);
  if (code < 400 || code >= 500 || !aboutLater.test(text)) return undefined;
  const [, count, unit = ''] = amount.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (/^h/i.test(unit) ? 3_600_000 : /^m/i.test(unit) ? 60_000 : 1000);
  const [, hours, minutes, seconds] = clock.exec(text) ?? [];
  if (hours !== undefined) return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  const after = header.exec(text)?.[1];
  return after === undefined ? undefined : Number(after) * 1000;
}

/**
 * Rounds with a seed, and octets that are almost valid.
 * @module
 */
import { isEmailError } from '../../src/errors/email-error.js';
import { fuzzSeconds, random, seedOfRun } from '../support/random.js';

/** `next(n)` is a number from 0 to n - 1. */
export type Next = (limit: number) => number;

/** The seeds of a fixed number of rounds, or of more while `npm run fuzz` has time left. */
export function* rounds(count: number): Generator<number> {
  const end = performance.now() + fuzzSeconds * 1000;
  for (let round = 0; round < count || performance.now() < end; round++) yield round;
}

/** The seed of a test that has one of its own; `npm run fuzz` replaces it. */
export const seedOr = (own: number): number => (fuzzSeconds > 0 ? seedOfRun : own);

/** Runs at least this many rounds. An error names the seed that repeats its round as the first one. */
export async function fuzz(count: number, work: (next: Next) => unknown): Promise<void> {
  for (const round of rounds(count)) {
    try {
      await work(random(seedOfRun + round));
    } catch (error) {
      throw new Error(`SEED=${seedOfRun + round}: ${String(error)}`, { cause: error });
    }
  }
}

/**
 * The result, or undefined if the input is refused with an EmailError or one of these errors. Other errors are thrown.
 */
export async function refusedOr<T>(
  work: () => T | Promise<T>,
  isRefusal: (error: unknown) => boolean = () => false,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isEmailError(error) && !isRefusal(error)) throw error;
    return undefined;
  }
}

export const pick = <T>(list: readonly T[], next: Next): T => list[next(list.length)] as T;

/** Octets that parsers trip over: ends, invalid lengths, and counts that are too large. */
const sharp = [
  '00',
  'ff',
  '80',
  '7f',
  '0a',
  '0d',
  '20',
  '22',
  '30',
  '3080',
  '30840fffffff',
  '7fffffff',
  'ffffffff',
  '0000',
];

/** A sample with some of its octets changed, removed, inserted, repeated or replaced by those of another sample. */
export function mutated(samples: readonly Buffer[], next: Next, words: readonly string[] = []): Buffer {
  let bytes = Buffer.from(pick(samples, next));
  for (let changes = next(4); changes >= 0; changes--) {
    const at = next(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const length = next(next(4) === 0 ? bytes.length + 1 : 8);
    switch (next(words.length > 0 ? 8 : 7)) {
      case 0:
        bytes = Buffer.concat([before, Buffer.from([next(256)]), after.subarray(1)]);
        break;
      case 1: {
        const copy = Buffer.from(bytes);
        if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << next(8));
        bytes = copy;
        break;
      }
      case 2:
        bytes = Buffer.concat([before, after.subarray(length)]);
        break;
      case 3:
        bytes = Buffer.concat([before, Buffer.from(pick(sharp, next), 'hex'), after.subarray(next(2) * length)]);
        break;
      case 4:
        bytes = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 5: {
        const other = pick(samples, next);
        bytes = Buffer.concat([before, other.subarray(Math.min(at, other.length))]);
        break;
      }
      case 6:
        bytes = Buffer.from(before);
        break;
      default:
        bytes = Buffer.concat([before, Buffer.from(pick(words, next)), after.subarray(next(2) * length)]);
    }
  }
  return bytes;
}

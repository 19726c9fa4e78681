import { cpuTimer } from './cpu-time.js';

/**
 * A slow small round would hide growth, so the shortest of several counts. A slow large round only costs an attempt.
 */
const rounds = 3;
/**
 * A garbage collection in the larger rounds only makes a ratio too large; noise does not make it smaller in every
 * round.
 */
const attempts = 12;
const clearlyLinear = 6;
/** Shorter times are noise and count as this long. */
const leastMs = 4;

/**
 * The ratio of processor times of `work` for four times the input: at most 4 if time is linear, 16 if it is quadratic.
 */
export async function growth<T>(
  make: (size: number) => T,
  work: (input: T) => Promise<unknown>,
  size: number,
  enough = clearlyLinear,
): Promise<number> {
  const [small, large] = [make(size), make(4 * size)];
  let least = Infinity;
  for (let attempt = 0; attempt < attempts && least > enough; attempt++) {
    const times = [await shortest(small, work, rounds), await shortest(large, work, 1)] as const;
    least = Math.min(least, Math.max(times[1], leastMs) / Math.max(times[0], leastMs));
  }
  return least;
}

async function shortest<T>(input: T, work: (input: T) => Promise<unknown>, count: number): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < count; round++) {
    const elapsed = cpuTimer();
    await work(input);
    best = Math.min(best, elapsed());
  }
  return best;
}

import { cpuTimer } from './cpu-time.js';

const rounds = 3;
/** Shorter than this is noise: it counts as this long. */
const leastMs = 4;

/**
 * How many times as much processor time `work` takes for four times the input: at most 4 where time is linear, 16 where it is quadratic.
 * The shortest of several rounds counts, because other programs can only make a round longer.
 */
export async function growth<T>(
  make: (size: number) => T,
  work: (input: T) => Promise<unknown>,
  size: number,
): Promise<number> {
  const [small, large] = [await shortest(make(size), work), await shortest(make(4 * size), work)];
  return Math.max(large, leastMs) / Math.max(small, leastMs);
}

async function shortest<T>(input: T, work: (input: T) => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const elapsed = cpuTimer();
    await work(input);
    best = Math.min(best, elapsed());
  }
  return best;
}

import { cpuTimer } from './cpu-time.js';

const rounds = 3;
/** A garbage collection in the larger rounds alone makes a ratio larger than it is; no noise makes it smaller every time. */
const attempts = 4;
const clearlyLinear = 6;
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
  const [small, large] = [make(size), make(4 * size)];
  let least = Infinity;
  for (let attempt = 0; attempt < attempts && least > clearlyLinear; attempt++) {
    const times = [await shortest(small, work), await shortest(large, work)] as const;
    least = Math.min(least, Math.max(times[1], leastMs) / Math.max(times[0], leastMs));
  }
  return least;
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

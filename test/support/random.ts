/**
 * Random numbers that are the same at each run of a seed (mulberry32): `next(n)` is 0 to n - 1.
 * @module
 */
export function random(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * limit);
  };
}

/** Another seed at each run, unless `SEED` gives it. Tests name it in their failures. */
export const seedOfRun = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** `npm run fuzz` sets it: the duration of each fuzz test. Tables are then played completely. */
export const fuzzSeconds = Number(process.env['FUZZ_SECONDS'] ?? 0);

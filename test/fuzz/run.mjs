/**
 * `npm run fuzz` runs each fuzz test for 5 seconds, and the complete tables of misbehaving servers.
 * `-- --seconds 600 --seed 7`, or SECONDS and SEED in the environment, set the time and repeat a run.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: process.env.SECONDS ?? '5' },
    seed: { type: 'string', default: process.env.SEED ?? String(Date.now() % 1_000_000) },
  },
  allowPositionals: true,
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const tests = positionals.length > 0 ? positionals : ['test/fuzz', 'test/integration/misbehaving'];
const args = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'test/vitest.config.ts',
  '--testTimeout=0',
  ...tests,
];
console.log(`seconds ${values.seconds}, seed ${values.seed}`);
const env = { ...process.env, FUZZ_SECONDS: values.seconds, SEED: values.seed };
process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;

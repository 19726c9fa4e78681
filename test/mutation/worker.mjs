/**
 * Runs the tests of one room against each mutant in turn, in one Vitest. Prints the number of each mutant and its
 * outcome.
 * @module
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createVitest } from 'vitest/node';
import { applied } from './mutants.mjs';

const { root, tests, mutants } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let current;
const mutate = {
  name: 'mutate',
  enforce: 'pre',
  transform(code, id) {
    return current !== undefined && id.split('?')[0] === resolve(root, current.path)
      ? applied(code, current)
      : undefined;
  },
};
const quiet = { onInit() {} };
const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    bail: 1,
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    testTimeout: 20_000,
    include: ['test/**/*.test.ts'],
    reporters: [quiet],
  },
  { plugins: [mutate], server: { watch: null } },
);
await vitest.standalone();
const specifications = await vitest.globTestSpecifications(tests);

async function passes(path) {
  if (path !== undefined) vitest.invalidateFile(resolve(root, path));
  vitest.state.clearErrors?.();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  return testModules.length > 0 && testModules.every((module) => module.ok()) && unhandledErrors.length === 0;
}

if (!(await passes())) throw new Error(`the tests fail without a change: ${tests.join(' ')}`);
console.log('ready');
for (const mutant of mutants) {
  current = mutant;
  console.log(`${mutant.number} ${(await passes(mutant.path)) ? 'survived' : 'killed'}`);
  current = undefined;
  vitest.invalidateFile(resolve(root, mutant.path));
}
process.exit(0);

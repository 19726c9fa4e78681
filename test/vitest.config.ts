import { defineConfig } from 'vitest/config';
import { filesBelow, read, root } from './project/sources.js';

const include = ['test/{unit,advisories,wire,integration,fuzz,types,project}/**/*.test.ts'];

/**
 * Test files that replace modules or globals have a process each. The others share three processes, which saves half of
 * the time. They put back the variables of the environment, the clock, and WebAssembly, which is looked up at each use.
 */
const isolated = filesBelow('test', '.test.ts').filter(
  (path) =>
    !/^test\/(?:interop|bench|oauth)\//.test(path) &&
    /\bvi\.(mock|doMock|hoisted|resetModules|stubGlobal\('(?!WebAssembly))|process\.chdir/.test(read(path)),
);

/** The thresholds of `npm run coverage`: for all files together, and for each of these folders. */
const thresholds = {
  lines: 97,
  branches: 90,
  ...Object.fromEntries(
    ['smtp', 'mime', 'address', 'sasl', 'schema', 'profile'].map((folder) => [
      `src/${folder}/**/*.ts`,
      { lines: 95, branches: 90 },
    ]),
  ),
};

/** Only a test that hangs takes so long. Beside twenty busy processes on two cores the slowest one ends in a minute. */
const testTimeout = 300_000;
/** A hook, and what is polled for, are waited for as long as a test may run. */
const shared = {
  root,
  testTimeout,
  hookTimeout: testTimeout,
  pool: 'forks' as const,
  expect: { poll: { timeout: testTimeout, interval: 5 } },
};

export default defineConfig({
  test: {
    root,
    maxWorkers: 3,
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'json-summary', 'text'], thresholds },
    projects: [
      { test: { ...shared, name: 'isolated', include: [...isolated, 'test/project/package.test.ts'] } },
      {
        test: {
          ...shared,
          name: 'shared',
          include,
          exclude: [...isolated, 'test/project/package.test.ts', '**/node_modules/**'],
          isolate: false,
          setupFiles: ['test/support/preload.ts'],
        },
      },
    ],
  },
});

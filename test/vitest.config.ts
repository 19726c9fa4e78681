import { defineConfig } from 'vitest/config';
import { filesBelow, read, root } from './project/sources.js';

const include = ['test/{unit,advisories,wire,integration,fuzz,types,project}/**/*.test.ts'];

/** Tests that replace modules or clocks get a process each; the others share one, which saves a third of the time. */
const isolated = filesBelow('test', '.test.ts').filter(
  (path) =>
    !/^test\/(?:interop|bench|oauth)\//.test(path) &&
    /\bvi\.(mock|doMock|hoisted|stubEnv|stubGlobal|useFakeTimers)\b|process\.(chdir|env\[)/.test(read(path)),
);

/** What `npm run coverage` holds these folders to. */
const thresholds = Object.fromEntries(
  ['smtp', 'mime', 'address', 'sasl', 'schema', 'profile'].map((folder) => [
    `src/${folder}/**/*.ts`,
    { lines: 95, branches: 90 },
  ]),
);

const shared = { root, testTimeout: 20_000, pool: 'forks' as const };

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
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

/** Tests with real servers and tools; `TESTBED_JSON` names the file that testbed.sh wrote. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/interop/**/*.test.ts'],
    setupFiles: ['test/interop/record-logs.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});

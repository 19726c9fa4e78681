import { defineConfig } from 'vitest/config';

/** Tests with a real authorization server, browser, mail server and proxies; `run.sh` installs and starts them. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/oauth/**/*.test.ts'],
    setupFiles: ['test/interop/record-logs.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});

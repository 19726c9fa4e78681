import { defineConfig } from 'vitest/config';

/** Tests against an authorization server, a browser, a mail server and proxies that are not ours; `run.sh` installs and starts them. */
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

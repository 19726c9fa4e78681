import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/{unit,wire,integration,fuzz,types,project}/**/*.test.ts'],
    testTimeout: 20_000,
    coverage: { include: ['src/**'], reporter: ['text-summary', 'json-summary', 'text'] },
  },
});

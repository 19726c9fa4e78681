/**
 * The TypeScript compiler, for tests that read the sources or check programs against them.
 * @module
 */
import { createRequire } from 'node:module';
import type typescript from 'typescript';

/** Loaded by `require`: an `import` makes Node parse the file of 9 MB three times, half a second in each worker. */
export const compiler = createRequire(import.meta.url)('typescript') as typeof typescript;

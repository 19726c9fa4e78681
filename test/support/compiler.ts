/**
 * The TypeScript compiler, for tests that read the sources or check programs against them.
 *
 * @module
 */
import { createRequire } from 'node:module';
import type typescript from 'typescript';

/** Loaded by `require`: Node parses a file of 9 MB three times on `import`, which takes half a second of each worker. */
export const compiler = createRequire(import.meta.url)('typescript') as typeof typescript;

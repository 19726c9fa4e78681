/** The directory of the project, and esbuild, on which tsup depends. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const require = createRequire(createRequire(join(root, 'package.json')).resolve('tsup'));
export const esbuild = require('esbuild');

/**
 * The second half of the build, which tsup runs after its own. esbuild makes a file for each set of entries and dynamic
 * imports that share code: 64 files, 30 of which the main entry loads. Node spends more time on opening so many files
 * than on their code. Rollup, a dependency of tsup, knows which code is loaded before a dynamic import runs, and makes
 * fewer and larger files.
 * @module
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const { rollup } = createRequire(createRequire(path.join(root, 'package.json')).resolve('tsup'))('rollup');
const { tsup } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

const entries = Object.values(tsup.entry).map((entry) => path.basename(entry, '.ts'));
const bundle = await rollup({
  input: Object.fromEntries(entries.map((name) => [name, path.join(dist, `${name}.js`)])),
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  // esbuild has dropped the code that is not used.
  treeshake: false,
  preserveEntrySignatures: 'strict',
  onwarn: (warning) => {
    throw new Error(warning.message);
  },
});

const common = { hoistTransitiveImports: false, minifyInternalExports: false };
const chunkName = (chunk) => chunk.name.replace(/-[A-Z0-9]{8}$/, '');
const formats = {
  js: { format: 'es' },
  // Jest and older tools run no import() in CommonJS.
  cjs: { format: 'cjs', exports: 'named', interop: 'auto', dynamicImportInCjs: false },
};

// Rollup holds all files of esbuild in memory from here on.
for (const name of await readdir(dist)) if (/\.c?js$/.test(name)) await rm(path.join(dist, name));
for (const [extension, format] of Object.entries(formats))
  await bundle.write({
    ...common,
    ...format,
    dir: dist,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: (chunk) => `${chunkName(chunk)}-[hash].${extension}`,
  });
await bundle.close();

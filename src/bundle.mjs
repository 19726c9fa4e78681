/**
 * The second half of the build, which tsup runs after its own. esbuild makes a file for each set of entries and dynamic
 * imports that share code: 70 files, 30 of which the main entry would load. Node spends more time on opening so many
 * files than on their code. Rollup, which tsup brings along, makes fewer and larger files of them.
 * @module
 */
import { chmod, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const { rollup } = createRequire(createRequire(path.join(root, 'package.json')).resolve('tsup'))('rollup');
const { tsup } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

const entries = Object.values(tsup.entry).map((entry) => path.basename(entry, '.ts'));
const nameOf = (file) => path.basename(file, '.js').replace(/-[A-Z0-9]{8}$/, '');

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

/** The file and all that it imports statically. */
function closure(id, getModuleInfo, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of getModuleInfo(id)?.importedIds ?? []) closure(imported, getModuleInfo, found);
  return found;
}

/**
 * Five files hold the code that most programs load: `main` with the main entry, `send` with the way to a server,
 * `compose` with the first message that is not plain, and `base` and `mime` with the parts of these that S/MIME needs.
 * Rollup divides the rest.
 */
function manualChunks(id, { getModuleInfo, getModuleIds }) {
  const loadedWith = (name) => {
    const file = [...getModuleIds()].find((one) => nameOf(one) === name);
    if (file === undefined) throw new Error(`esbuild made no file for ${name}`);
    return closure(file, getModuleInfo).has(id);
  };
  const isOfSmime = loadedWith('smime');
  if (loadedWith('index')) return isOfSmime ? 'base' : 'main';
  if (loadedWith('create-transport')) return isOfSmime ? 'base' : 'send';
  if (loadedWith('composer')) return isOfSmime ? 'mime' : 'compose';
  return undefined;
}

const common = { hoistTransitiveImports: false, minifyInternalExports: false, manualChunks };
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
    chunkFileNames: (chunk) => `${nameOf(chunk.name)}-[hash].${extension}`,
  });
await bundle.close();

// The command line is a file of its own, which loads the library beside it.
const { build } = createRequire(createRequire(path.join(root, 'package.json')).resolve('tsup'))('esbuild');
await build({
  entryPoints: [path.join(root, 'src/cli/start.ts')],
  outfile: path.join(dist, 'cli.js'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: tsup.target,
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
  plugins: [
    {
      name: 'library',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^(?:\.\.\/)+(?:index|smime|testing)\.js$/ }, ({ path: given }) => ({
          path: `./${path.basename(given)}`,
          external: true,
        })),
    },
  ],
});
await chmod(path.join(dist, 'cli.js'), 0o755);

/**
 * Bundles the sources into modules that Node.js runs, so that documents can show the library's behaviour without a build.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { esbuild, root } from './root.mjs';

/** Imports entries (name to path below src), and removes the files when the process ends. */
export async function bundled(entries) {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-documents-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await esbuild.build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, 'src', path)])),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  const modules = {};
  for (const name of Object.keys(entries))
    modules[name] = await import(pathToFileURL(join(folder, `${name}.mjs`)).href);
  return modules;
}

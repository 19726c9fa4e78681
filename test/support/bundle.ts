/**
 * A module of the sources as one JavaScript file, for tests that run it in processes of their own.
 * @module
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { root } from '../project/sources.js';

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>;
}
/** The esbuild of tsup. Loading tsup takes longer than esbuild takes to build. */
const esbuild = createRequire(createRequire(import.meta.url).resolve('tsup'))('esbuild') as Esbuild;

/**
 * Bundles `entries` (name to path below the project) and returns the directory of `name.mjs` files, which is removed
 * after the tests of the file.
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-bundle-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  await esbuild.build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    outdir: directory,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    target: 'node20',
    platform: 'node',
    packages: 'external',
    bundle: true,
    splitting: true,
    logLevel: 'silent',
  });
  return directory;
}

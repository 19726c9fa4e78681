/**
 * The project's own files, for the tests of its rules.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folders that are made by a command: installed packages, and the site that `npm run docs` builds. */
const isMade = (path: string): boolean => path === 'docs/api' || path.endsWith('/node_modules');

/**
 * Files below a folder of the project, as paths from its root with forward slashes; without links and folders that a
 * command made.
 */
export function filesBelow(folder: string, ending: string): string[] {
  const files: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of readdirSync(join(root, next), { withFileTypes: true })) {
      const path = `${next}/${entry.name}`;
      if (entry.isDirectory() && !isMade(path)) folders.push(path);
      if (entry.isFile() && entry.name.endsWith(ending)) files.push(path);
    }
  }
  return files.sort();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export interface ImportOf {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

/** Imports and re-exports of a file, static and dynamic; comments do not count. */
export function importsOf(source: string): ImportOf[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found: ImportOf[] = [];
  for (const match of code.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'/gm)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined, dynamic: false });
  }
  for (const match of code.matchAll(/^\s*import\s+'([^']+)'/gm))
    found.push({ specifier: match[1] ?? '', typeOnly: false, dynamic: false });
  for (const match of code.matchAll(/(typeof\s+)?\bimport\(\s*'([^']+)'\s*\)/g)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined, dynamic: true });
  }
  return found;
}

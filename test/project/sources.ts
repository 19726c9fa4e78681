/**
 * The project's own files, for the tests of its rules.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Files below a folder of the project, as paths from its root with forward slashes; without installed packages and
 * links.
 */
export function filesBelow(folder: string, ending: string): string[] {
  const files: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of readdirSync(join(root, next), { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== 'node_modules') folders.push(`${next}/${entry.name}`);
      if (entry.isFile() && entry.name.endsWith(ending)) files.push(`${next}/${entry.name}`);
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

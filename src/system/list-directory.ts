/**
 * Lists directories.
 * @module
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { withoutPrototype } from '../util/without-prototype.js';

// Node reads inherited options too, such as `withFileTypes`.
const namesOnly = withoutPrototype({ encoding: 'utf8', recursive: false, withFileTypes: false } as const);
const withTypes = withoutPrototype({ encoding: 'utf8', recursive: false, withFileTypes: true } as const);

/** The names in a directory. Rejects with Node's error. */
export async function listDirectory(path: string): Promise<readonly string[]> {
  return await readdir(path, namesOnly);
}

/** The entries of a directory. Rejects with Node's error. */
export async function listEntries(path: string): Promise<readonly Dirent[]> {
  return await readdir(path, withTypes);
}

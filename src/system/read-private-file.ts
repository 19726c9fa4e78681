/**
 * Reads files and makes directories that no other user can have changed.
 * @module
 */
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../util/error-code.js';
import { flushDirectory } from './write-file.js';

/** Why a file or directory is not private. */
export type PrivacyFault =
  | { readonly fault: 'missing' | 'symbolic-link' | 'not-a-file' | 'not-a-directory' | 'too-long' }
  | { readonly fault: 'of-another-user'; readonly owner: number }
  | { readonly fault: 'open-to-others'; readonly mode: string };

/** No bit for group or others. */
const othersAnything = 0o077;
/** The bits that let group or others write. */
const othersWrite = 0o022;

/**
 * The bytes of a regular file that belongs to this user, with mode 0600 or less, at most `maxBytes`. A symbolic link at
 * `path` is not followed, and a pipe does not block. Owner and mode are those of the open file, so they cannot change
 * in between; Windows has neither.
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<Buffer | PrivacyFault> {
  let handle;
  try {
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return { fault: 'missing' };
    if (code === 'ELOOP' || code === 'EMLINK') return { fault: 'symbolic-link' };
    throw error;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return { fault: 'not-a-file' };
    const fault = faultOf(stats, othersAnything);
    if (fault !== undefined) return fault;
    if (stats.size > maxBytes) return { fault: 'too-long' };
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a missing directory with mode 0700, and missing ones above it, and flushes them to the disk. Returns the fault
 * of an existing one to which others can write. `path` is absolute.
 */
export async function makePrivateDirectory(path: string): Promise<PrivacyFault | undefined> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  for (let next = path; made !== undefined && next.length >= made.length; next = dirname(next))
    await flushDirectory(dirname(next));
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return { fault: 'symbolic-link' };
  if (!stats.isDirectory()) return { fault: 'not-a-directory' };
  return faultOf(stats, othersWrite);
}

function faultOf(stats: Stats, forbidden: number): PrivacyFault | undefined {
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  if (stats.uid !== user) return { fault: 'of-another-user', owner: stats.uid };
  if ((stats.mode & forbidden) === 0) return undefined;
  return { fault: 'open-to-others', mode: (stats.mode & 0o777).toString(8).padStart(4, '0') };
}

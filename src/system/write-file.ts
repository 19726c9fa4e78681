/**
 * Writing a file that must never be half there: configuration, keys, tokens.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Random part of a temporary file's name, in bytes. */
const nameBytes = 6;

/**
 * Replaces `path` as a whole, or leaves it as it was. The bytes go to a temporary file beside it that only this user can read from its
 * first byte (mode 0600), are flushed to the disk, and take the place of `path` by a rename; the directory is flushed too, so that the
 * rename outlives a loss of power. A symbolic link at `path` is replaced, not followed.
 *
 * Rejects with Node's own error. The temporary file is then removed; a process that is killed leaves it (`removeLeftovers`).
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(nameBytes).toString('hex')}.tmp`;
  try {
    // 'wx' creates the file or fails: no link and no file of somebody else's is written to.
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // The first error says more than a second one from the removal.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Removes temporary files that killed processes left beside `path`. Only for the holder of the lock under which `path` is written: without
 * it, the file of a writer at work would go.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const directory = dirname(path);
  const start = `${basename(path)}.`;
  const names = await readdir(directory);
  for (const name of names) {
    if (!name.startsWith(start) || !temporaryEnd.test(name.slice(start.length))) continue;
    await rm(join(directory, name), { force: true });
  }
}

const temporaryEnd = new RegExp(`^[0-9a-f]{${2 * nameBytes}}\\.tmp$`);

/** Windows has no way to flush a directory, and does not need one: NTFS logs the rename. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

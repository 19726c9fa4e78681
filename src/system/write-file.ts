/**
 * Writing a file that must never be half there: configuration, keys, tokens.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../util/error-code.js';

/** Random part of a temporary file's name, in bytes. */
const nameBytes = 6;

/** A file that is on the disk beside its path. One of the two is called. */
export interface StagedFile {
  /** Takes the place of the path by a rename, and flushes the directory, so that the rename outlives a loss of power. */
  commit(): Promise<void>;
  /** Removes it. Never rejects. */
  discard(): Promise<void>;
}

/**
 * Writes a temporary file beside `path` that only this user can read from its first byte (mode 0600), and flushes it to the disk. Room on
 * the disk is needed here, and not by `commit`. Rejects with Node's own error, and then leaves no file.
 */
export async function stageFile(path: string, bytes: Uint8Array): Promise<StagedFile> {
  const temporary = `${path}.${randomBytes(nameBytes).toString('hex')}.tmp`;
  // What went wrong before says more than a failure of the removal.
  const discard = (): Promise<void> => rm(temporary, { force: true }).catch(() => undefined);
  const orDiscard = async (error: unknown): Promise<never> => {
    await discard();
    throw error;
  };
  await writeNewFile(temporary, bytes).catch(orDiscard);
  return {
    discard,
    async commit() {
      await rename(temporary, path).catch(orDiscard);
      await flushDirectory(dirname(path));
    },
  };
}

async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  // 'wx' creates the file or fails: no link and no file of somebody else's is written to.
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces `path` as a whole, or leaves it as it was. A symbolic link at `path` is replaced, not followed. Rejects with Node's own error;
 * a process that is killed leaves its temporary file (`removeLeftovers`).
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await (await stageFile(path, bytes)).commit();
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

/** What file systems say that cannot flush a directory, and of one that this user may write to and not read. */
const unflushable: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES']);

/** Flushes names that were made or changed in a directory. Windows has no way to do so, and does not need one: NTFS logs the change. */
export async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!unflushable.has(errorCode(error))) throw error;
  }
}

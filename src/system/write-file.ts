/**
 * Writes files that must never be incomplete: configuration, keys, tokens.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../util/error-code.js';
import { listDirectory } from './list-directory.js';

/** Random part of a temporary file's name, in bytes. */
const nameBytes = 6;

/** The file is in its place, but its directory could not be flushed: a power failure may bring the old file back. */
export class NotFlushed extends Error {
  constructor(cause: unknown) {
    super('the file was written, but its directory could not be flushed to the disk', { cause });
  }
}

/** A file that is on the disk beside its path. Call either `commit` or `discard`. */
export interface StagedFile {
  /**
   * Renames it to the path and flushes the directory, so that the rename survives a power failure. Rejects with
   * NotFlushed after the rename, with Node's error if there was none.
   */
  commit(): Promise<void>;
  /** Removes it. Never rejects. */
  discard(): Promise<void>;
}

/**
 * Writes a temporary file beside `path`, readable by this user only from its first byte (mode 0600), and flushes it to
 * the disk. Disk space is needed here, not by `commit`. Rejects with Node's error, and then leaves no file.
 */
export async function stageFile(path: string, bytes: Uint8Array): Promise<StagedFile> {
  const temporary = `${path}.${randomBytes(nameBytes).toString('hex')}.tmp`;
  // The earlier error is more useful than a failure of the removal.
  const discard = (): Promise<void> => rm(temporary, { force: true }).catch(() => undefined);
  const orDiscard = async (error: unknown): Promise<never> => {
    await discard();
    throw error;
  };
  await writeNewFile(temporary, bytes).catch(orDiscard);
  return {
    discard,
    async commit() {
      await renameOver(temporary, path).catch(orDiscard);
      await flushDirectory(dirname(path)).catch((cause: unknown) => {
        throw new NotFlushed(cause);
      });
    },
  };
}

/**
 * Windows refuses to replace a file that another program has open, such as a scanner for viruses, or a reader: it has
 * it for moments.
 */
const busyOnWindows: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY']);
const busyMs = 20;
const busyAttempts = 50;

async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (process.platform !== 'win32' || attempt === busyAttempts || !busyOnWindows.has(errorCode(error))) throw error;
      await pause(busyMs);
    }
  }
}

async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  // 'wx' creates the file or fails, so it never writes to a link or to a file of another user.
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces `path` completely, or leaves it unchanged. A symbolic link at `path` is replaced, not followed. Rejects with
 * Node's error if `path` is unchanged, and with NotFlushed if it was replaced. A process that is killed leaves its
 * temporary file (see `removeLeftovers`).
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await (await stageFile(path, bytes)).commit();
}

/**
 * Removes temporary files that killed processes left beside `path`. Call it only while holding the lock for `path`:
 * otherwise it would remove the file of an active writer.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const directory = dirname(path);
  const start = `${basename(path)}.`;
  const names = await listDirectory(directory);
  for (const name of names) {
    if (!name.startsWith(start) || !temporaryEnd.test(name.slice(start.length))) continue;
    await rm(join(directory, name), { force: true });
  }
}

const temporaryEnd = new RegExp(`^[0-9a-f]{${2 * nameBytes}}\\.tmp$`);

/**
 * Error codes of file systems that cannot flush a directory, and of a directory that this user may write but not read.
 */
const unflushable: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES']);

/**
 * Flushes names that were created or changed in a directory. Windows cannot do that and does not need it: NTFS logs the
 * change.
 */
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

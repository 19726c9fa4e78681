/**
 * Directories that only this user can enter.
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary directory, with files of mode 0600. */
export interface PrivateDirectory {
  /** The path of a name in it. */
  path(name: string): string;
  /** Writes a new file and returns its path. */
  write(name: string, text: string): Promise<string>;
}

/**
 * Makes a temporary directory (mode 0700) for one-time passwords, exported keys and the like. It is removed with its
 * contents when `work` ends, even with an error.
 */
export async function withPrivateDirectory<T>(work: (directory: PrivateDirectory) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'sealpost-'));
  try {
    return await work({
      path: (name) => join(root, name),
      async write(name, text) {
        const path = join(root, name);
        await writeFile(path, text, { mode: 0o600, flag: 'wx' });
        return path;
      },
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

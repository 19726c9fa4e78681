/** Which files a message may name (`MailerOptions.fileAccess`), and reading them in two reused blocks. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmailError, messageInvalid, reasonOf } from '../../errors/email-error.js';
import { showText } from '../../util/show.js';

export type FileAccess = boolean | { readonly root: string };

/** A file that may be read: its path with links resolved, and its size now. */
export interface ReadableFile {
  readonly path: string;
  readonly size: number;
  /** Where it must lie whenever it is opened, with links resolved; absent: anywhere. */
  readonly root?: string | undefined;
}

const blockBytes = 128 * 1024;
/** A FIFO that nobody writes to is opened at once, and found to be none of ours; files do not mind. Windows has neither. */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Checks that `file` may be read, is a regular file and opens; `field` is its place in the message. */
export async function admitFile(file: string | URL, field: string, access: FileAccess): Promise<ReadableFile> {
  if (access === false) throw messageInvalid(field, 'files are switched off by fileAccess: false');
  const given = toPath(file, field);
  const outside = (): Error =>
    messageInvalid(field, `the file ${showText(given)} is outside the root that fileAccess allows`);
  let handle: FileHandle | undefined;
  try {
    const root = typeof access === 'object' ? await realpath(access.root) : undefined;
    const path = await realpath(given).catch((cause: unknown) => {
      // What lies elsewhere is not told of, not even that it is not there.
      if (typeof access === 'object' && ![root, resolve(access.root)].some((top) => isBelow(resolve(given), top)))
        throw outside();
      throw cause;
    });
    if (!isBelow(path, root)) throw outside();
    handle = await open(path, toRead);
    if (root !== undefined && !isBelow(await placeOf(handle, path), root)) throw outside();
    const status = await handle.stat();
    if (!status.isFile()) throw messageInvalid(field, `${showText(given)} is not a regular file`);
    return { path, size: status.size, root };
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_MESSAGE_INVALID') throw cause;
    throw createEmailError('ERR_CONTENT', `${field}: the file ${showText(given)} cannot be read: ${reasonOf(cause)}`, {
      phase: 'content',
      cause,
      remedy: 'Check the path and the permissions of the file; relative paths are from the working directory.',
    });
  } finally {
    await handle?.close();
  }
}

function toPath(file: string | URL, field: string): string {
  try {
    const path = typeof file === 'string' ? file : fileURLToPath(file);
    if (path === '' || path.includes('\0')) throw new Error('a path is not empty and holds no NUL');
    return path;
  } catch (cause) {
    throw messageInvalid(`${field}.file`, reasonOf(cause));
  }
}

/** No root: anywhere. */
function isBelow(path: string, root: string | undefined): boolean {
  return root === undefined || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Where an open file lies: a link that was put in its way after its path was looked at does not hide that. Linux tells, others tell again. */
function placeOf(handle: FileHandle, path: string): Promise<string> {
  return realpath(`/proc/self/fd/${handle.fd}`).catch(() => realpath(path));
}

/**
 * The file's bytes. A block is valid until the next is asked for; while one is used the next is read. A file that is not as long
 * as it was when it was admitted is an error: a part of announced size must not come out shorter or longer.
 */
export async function* readBlocks(file: ReadableFile): AsyncGenerator<Uint8Array> {
  const handle = await open(file.path, toRead);
  const blocks = [Buffer.allocUnsafeSlow(blockBytes), Buffer.allocUnsafeSlow(blockBytes)] as const;
  const fill = (index: number, at: number): Promise<{ bytesRead: number }> =>
    handle.read(blocks[index & 1] as Buffer, 0, blockBytes, at);
  let pending: Promise<{ bytesRead: number }> | undefined;
  try {
    if (file.root !== undefined && !isBelow(await placeOf(handle, file.path), file.root)) {
      throw new Error('the file was moved out of the root that fileAccess allows');
    }
    let at = 0;
    pending = fill(0, 0);
    for (let index = 0; ; index++) {
      const { bytesRead } = await pending;
      pending = undefined;
      if (bytesRead === 0) break;
      at += bytesRead;
      if (at > file.size) break;
      pending = fill(index + 1, at);
      yield (blocks[index & 1] as Buffer).subarray(0, bytesRead);
    }
    if (at !== file.size)
      throw new Error(
        `the file changed its size while it was sent: ${file.size} bytes before, now ${at > file.size ? 'more' : at}`,
      );
  } finally {
    await pending?.catch(() => undefined);
    await handle.close();
  }
}

/**
 * Decides which files and variables a message may use (`MailerOptions.fileAccess`). Every reference in a message, as
 * content or as a key, is checked here. A refusal does not reveal whether the file exists. Files are read through two
 * reused blocks.
 * @module
 */
import { constants } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmailError, messageInvalid, reasonOf } from '../../errors/email-error.js';
import type { Secret } from '../../model/settings/secret.js';
import { resolveSecret } from '../../system/secret.js';
import { showText } from '../../util/show.js';
import { hasOwn } from '../../util/own.js';

export type FileAccess = boolean | { readonly root: string };

/** A file that may be read: its path with links resolved, and its current size. */
export interface ReadableFile {
  readonly path: string;
  readonly size: number;
  /** The directory that must contain it whenever it is opened, with links resolved. Absent: any. */
  readonly root?: string | undefined;
}

const blockBytes = 128 * 1024;
/** The longest secret that a file may contain; keys and tokens are shorter. */
const maxSecretBytes = 64 * 1024;
/**
 * O_NONBLOCK makes opening a FIFO return at once, so that it can be refused as "not a regular file". Regular files
 * ignore the flag; Windows does not have it.
 */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Checks that `file` may be read, is a regular file and can be opened. `field` is its path in the message. */
export async function admitFile(file: string | URL, field: string, access: FileAccess): Promise<ReadableFile> {
  if (access === false) throw messageInvalid(field, 'files are not allowed, because of fileAccess: false');
  const given = toPath(file, field);
  const outside = (): Error =>
    messageInvalid(field, `the file ${showText(given)} is outside the root that fileAccess allows`);
  let handle: FileHandle | undefined;
  try {
    const root = typeof access === 'object' ? await rootOf(access.root, field) : undefined;
    const path = await realpath(given).catch(async (cause: unknown) => {
      // A path that leads out of the root is refused with the same error, whether or not a file exists there.
      throw root === undefined || (await leadsBelow(given, root)) ? cause : outside();
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

/**
 * The root with links resolved. If the root is missing, no file is below it; existing and missing files elsewhere get
 * the same error.
 */
async function rootOf(root: string, field: string): Promise<string> {
  return await realpath(root).catch(() => {
    throw messageInvalid(field, 'the directory fileAccess.root cannot be opened, so no file can be read');
  });
}

function toPath(file: string | URL, field: string): string {
  try {
    const path = typeof file === 'string' ? file : fileURLToPath(file);
    if (path === '' || path.includes('\0')) throw new Error('a path may not be empty or contain NUL');
    return path;
  } catch (cause) {
    throw messageInvalid(`${field}.file`, reasonOf(cause));
  }
}

/** Without a root, every path is allowed. */
function isBelow(path: string, root: string | undefined): boolean {
  return root === undefined || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/**
 * Would a path without a file be below the root? Its nearest existing ancestor decides. A link to a missing target does
 * not count as below, so that nothing about the target is revealed.
 */
async function leadsBelow(given: string, root: string): Promise<boolean> {
  for (let path = resolve(given); ; path = dirname(path)) {
    const status = await lstat(path).catch(() => undefined);
    if (status === undefined && path !== dirname(path)) continue;
    const real = await realpath(path).catch(() => undefined);
    return real !== undefined && (real === root || isBelow(real, root));
  }
}

/**
 * The value of a secret in a message. `field` is its path there. A literal and a function come from the program itself.
 * A file must be allowed by `fileAccess`. An environment variable needs `fileAccess: true`.
 */
export async function resolveMessageSecret(
  secret: Secret,
  field: string,
  access: FileAccess,
  signal: AbortSignal,
): Promise<string> {
  if (access === true || typeof secret === 'string' || typeof secret === 'function')
    return resolveSecret(secret, field, signal);
  if (hasOwn(secret, 'env'))
    throw messageInvalid(field, 'a message may name an environment variable only with fileAccess: true');
  const file = await admitFile(secret.file, field, access);
  if (file.size > maxSecretBytes)
    throw messageInvalid(field, `the file is longer than ${maxSecretBytes} bytes, too long for a secret`);
  try {
    const chunks: Buffer[] = [];
    for await (const block of readBlocks(file)) chunks.push(Buffer.from(block));
    return Buffer.concat(chunks)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  } catch (cause) {
    throw createEmailError('ERR_SECRET', `The secret ${field} could not be read from its file: ${reasonOf(cause)}`, {
      cause,
      remedy: 'Check that this process may read the file, and that no other program changes it at the same time.',
    });
  }
}

/**
 * The real path of an open file, to detect a link swapped in after the check. Linux reports it through /proc; elsewhere
 * the path is resolved a second time, which narrows the race without closing it.
 */
function placeOf(handle: FileHandle, path: string): Promise<string> {
  return realpath(`/proc/self/fd/${handle.fd}`).catch(() => realpath(path));
}

/**
 * The bytes of the file. A block is valid until the next one is requested; meanwhile the next one is read. If the
 * file's length has changed since it was admitted, that is an error: a part whose size was announced must not be
 * shorter or longer.
 */
export async function* readBlocks(file: ReadableFile): AsyncGenerator<Uint8Array> {
  const handle = await open(file.path, toRead);
  const blocks = [Buffer.allocUnsafeSlow(blockBytes), Buffer.allocUnsafeSlow(blockBytes)] as const;
  const fill = (index: number, at: number): Promise<{ bytesRead: number }> => {
    const read = handle.read(blocks[index & 1] as Buffer, 0, blockBytes, at);
    // A read ahead may fail while its predecessor is still in use. Its error is that of the next request.
    read.catch(() => undefined);
    return read;
  };
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
        `the size of the file changed while it was sent: ${file.size} bytes before, now ${at > file.size ? 'more' : at}`,
      );
  } finally {
    await pending?.catch(() => undefined);
    await handle.close();
  }
}

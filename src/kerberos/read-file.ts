import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { showText } from '../util/show.js';
import { kerberosError } from './errors.js';

/** Why a file could not be read, and whether it is merely not there. */
export interface UnreadableFile {
  readonly missing: boolean;
  readonly reason: string;
}

/** All bytes of a regular file of at most `limit` bytes; opened so that a pipe does not block, and then refused. */
export async function tryReadFile(file: string, limit: number): Promise<Buffer | UnreadableFile> {
  try {
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return { missing: false, reason: 'it is not a regular file' };
      const buffer = Buffer.alloc(Math.min(stat.size, limit) + 1);
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      if (length > limit) return { missing: false, reason: `it is longer than ${limit} bytes` };
      if (length === buffer.length) return { missing: false, reason: 'it grew while it was read' };
      return buffer.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { missing: code === 'ENOENT' || code === 'ENOTDIR', reason: code };
  }
}

/** As `tryReadFile`; `what` names the file in ERR_KERBEROS. */
export async function readFile(file: string, limit: number, what: string, remedy: string): Promise<Buffer> {
  const bytes = await tryReadFile(file, limit);
  if (Buffer.isBuffer(bytes)) return bytes;
  throw kerberosError(`The ${what} ${showText(file, 200)} cannot be read: ${bytes.reason}`, { remedy });
}

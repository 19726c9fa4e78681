/**
 * The only reader of files that settings name. It reads a whole regular file within a limit, and never waits for a pipe
 * or a device.
 * @module
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { errorCode } from '../util/error-code.js';
import { showText } from '../util/show.js';

/** Why a file was not read. */
export interface UnreadFile {
  readonly problem: 'missing' | 'denied' | 'not-a-file' | 'too-long' | 'failed';
  /** A phrase that follows "the file …: ". */
  readonly reason: string;
  /** Node's error, if there is one. */
  readonly cause: unknown;
}

/**
 * O_NONBLOCK makes opening a FIFO return at once: one may replace the file between the two checks. Regular files ignore
 * the flag; Windows does not have it.
 */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The first block of a file whose size is not known, such as those of /proc. */
const blockBytes = 4096;

const words: ReadonlyMap<string, readonly [UnreadFile['problem'], string]> = new Map([
  ['ENOENT', ['missing', 'there is no such file']],
  ['ENOTDIR', ['missing', 'there is no such file']],
  ['EACCES', ['denied', 'this process may not read it']],
  ['EPERM', ['denied', 'this process may not read it']],
]);

/** All bytes of a regular file of at most `limit` bytes, or the reason why there are none. Never rejects. */
export async function readFile(path: string, limit: number): Promise<Buffer | UnreadFile> {
  try {
    // Checked before opening, because opening some devices has effects.
    if (!(await stat(path)).isFile()) return notAFile;
    const handle = await open(path, toRead);
    try {
      const status = await handle.stat();
      if (!status.isFile()) return notAFile;
      if (status.size > limit) return tooLong(limit);
      // One byte more than the size, so that the same read detects the end of the file.
      let buffer = Buffer.alloc(Math.max(status.size, blockBytes) + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
        length += bytesRead;
        if (length > limit) return tooLong(limit);
        if (bytesRead === 0) return buffer.subarray(0, length);
        if (length === buffer.length) buffer = Buffer.concat([buffer], 2 * length);
      }
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = errorCode(cause);
    const [problem, reason] = words.get(code) ?? ['failed' as const, `it cannot be read (${showText(code, 40)})`];
    return { problem, reason, cause };
  }
}

const notAFile: UnreadFile = { problem: 'not-a-file', reason: 'it is not a regular file', cause: undefined };

function tooLong(limit: number): UnreadFile {
  return { problem: 'too-long', reason: `it is longer than ${limit} bytes`, cause: undefined };
}

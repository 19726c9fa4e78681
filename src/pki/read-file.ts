/**
 * Files of certificates: read whole within the limit, or an error in words.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { showText } from '../util/show.js';
import { certificateError } from './certificate-error.js';
import { maxFileBytes, tooLarge } from './formats/read-contents.js';

/** The bytes of a file. ERR_CERTIFICATE where it is not there, not readable, no file or too large. */
export async function readCertificateFile(path: string): Promise<Buffer> {
  try {
    // Without O_NONBLOCK a named pipe would hold the caller for ever.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw certificateError('it is not a regular file', 'Name a file.');
      if (stat.size > maxFileBytes) throw tooLarge(stat.size);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('ERR_')) throw error;
    const reason = reasons.get(code) ?? `it cannot be read (${showText(code, 40)})`;
    throw certificateError(
      reason,
      'Check the path: relative ones are from the working directory; and that this process may read the file.',
      error,
    );
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'this process may not read it'],
  ['EISDIR', 'it is a directory'],
]);

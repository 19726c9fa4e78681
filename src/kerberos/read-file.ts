/**
 * Files of Kerberos: read by the one reader, with errors of their own.
 *
 * @module
 */
import { readFile } from '../system/read-file.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { kerberosError } from './errors.js';

/** A file that is read: where it is, how long it may be, and what errors say of it. */
export interface KerberosFile {
  readonly path: string;
  readonly limit: number;
  /** What the file is, as in "The ticket cache". */
  readonly what: string;
  readonly remedy: string;
}

/** The bytes of a file. ERR_KERBEROS if it cannot be read. */
export async function readKerberosFile(file: KerberosFile): Promise<Buffer> {
  return (await readIfThere(file)) ?? unreadable(file, 'there is no such file');
}

/** As `readKerberosFile`; undefined if there is no such file. */
export async function readIfThere(file: KerberosFile): Promise<Buffer | undefined> {
  const bytes = await readFile(file.path, file.limit);
  if (isBytes(bytes)) return bytes;
  if (bytes.problem === 'missing') return undefined;
  return unreadable(file, bytes.reason, bytes.cause);
}

function unreadable({ path, what, remedy }: KerberosFile, reason: string, cause?: unknown): never {
  throw kerberosError(`The ${what} ${showText(path, 200)} cannot be read: ${reason}`, { remedy, cause });
}

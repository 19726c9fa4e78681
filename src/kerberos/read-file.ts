/**
 * Reads files of Kerberos with the shared reader, and turns its results into errors.
 * @module
 */
import { readFile } from '../system/read-file.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { kerberosError } from './errors.js';

/** A file to read: its path, its length limit, and its description for errors. */
export interface KerberosFile {
  readonly path: string;
  readonly limit: number;
  /** The name of the file in errors, such as "The ticket cache". */
  readonly what: string;
  readonly remedy: string;
}

/** The bytes of a file. ERR_KERBEROS if it cannot be read. */
export async function readKerberosFile(file: KerberosFile): Promise<Buffer> {
  return (await readIfThere(file)) ?? unreadable(file, 'there is no such file');
}

/** Like `readKerberosFile`, but undefined if there is no such file. */
export async function readIfThere(file: KerberosFile): Promise<Buffer | undefined> {
  const bytes = await readFile(file.path, file.limit);
  if (isBytes(bytes)) return bytes;
  if (bytes.problem === 'missing') return undefined;
  return unreadable(file, bytes.reason, bytes.cause);
}

function unreadable({ path, what, remedy }: KerberosFile, reason: string, cause?: unknown): never {
  throw kerberosError(`The ${what} ${showText(path, 200)} cannot be read: ${reason}`, { remedy, cause });
}

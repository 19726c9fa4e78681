/**
 * Files that are named on the command line.
 * @module
 */
import { readFile } from '../system/read-file.js';
import { NotFlushed, writeFileAtomically } from '../system/write-file.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { readInput } from './terminal.js';
import { UsageError } from './usage.js';

const maxFileBytes = 256 * 1024 * 1024;

/** The bytes of a file; `-` is standard input. */
export async function readGiven(path: string): Promise<Buffer> {
  if (path === '-') return readInput();
  const bytes = await readFile(path, maxFileBytes);
  if (isBytes(bytes)) return bytes;
  throw new UsageError(`the file ${showText(path)} cannot be read: ${bytes.reason}`);
}

/** Writes a file that only this user can read, or standard output for `-`. */
export async function writeGiven(path: string, bytes: Uint8Array): Promise<void> {
  if (path === '-') return void process.stdout.write(bytes);
  try {
    await writeFileAtomically(path, bytes);
  } catch (error) {
    const { message }: { readonly message?: unknown } = Object(error);
    if (error instanceof NotFlushed) throw new UsageError(`${showText(path)}: ${error.message}`);
    throw new UsageError(`the file ${showText(path)} cannot be written: ${String(message)}`);
  }
}

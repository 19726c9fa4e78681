import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { abortError } from '../errors/abort.js';
import { createEmailError, kindOfError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Secret } from '../model/secret.js';
import { showText } from '../util/show.js';

/** The one place that reads secrets. What they hold is in no error. */

/** A secret's file may be this long; the longest things kept there are keys and tokens. */
const maxFileBytes = 64 * 1024;

/**
 * The value of a secret at the moment of use. `path` is its field, as `authentication.password`. ERR_SECRET says which field it is
 * and why it has no value; an aborted signal is ERR_ABORTED, or the signal's reason where that is an EmailError.
 */
export async function resolveSecret(secret: Secret, path: string, signal?: AbortSignal): Promise<string> {
  if (signal?.aborted) throw abortError(signal);
  if (typeof secret === 'string') return secret;
  const value =
    typeof secret === 'function'
      ? await raceAbort(callSecret(secret, path), signal)
      : 'env' in secret
        ? readVariable(secret.env, path)
        : await raceAbort(readSecretFile(secret.file, path), signal);
  if (value === '') throw secretError(path, 'is empty', 'Set it, or leave the field out.');
  if (value.includes('\0')) throw secretError(path, 'holds a NUL character', 'Store it as text.');
  return value;
}

async function callSecret(secret: () => string | Promise<string>, path: string): Promise<string> {
  let value: unknown;
  try {
    value = await secret();
  } catch (cause) {
    // The words of a foreign error may hold what was asked for: they stay in `cause`.
    throw secretError(
      path,
      `could not be had: its function threw ${kindOfError(cause)}`,
      'See the cause of this error.',
      {
        cause,
        retryable: true,
      },
    );
  }
  if (typeof value === 'string') return value;
  throw secretError(
    path,
    'could not be had: its function did not return a string',
    'Return a string, or a promise of one.',
  );
}

function readVariable(name: string, path: string): string {
  const value: unknown = process.env[name];
  if (typeof value === 'string') return value;
  const shown = showText(name, 100);
  throw secretError(
    path,
    `could not be had: the environment variable ${shown} is not set`,
    `Set ${shown} for this process.`,
  );
}

async function readSecretFile(file: string, path: string): Promise<string> {
  const shown = showText(file, 200);
  let bytes: Buffer;
  try {
    bytes = await readStart(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw secretError(
      path,
      `could not be read from the file ${shown}: ${showText(code, 100)}`,
      'Check that the file exists and that this process may read it.',
      { cause },
    );
  }
  if (bytes.length > maxFileBytes) {
    throw secretError(
      path,
      `could not be read from the file ${shown}: it is longer than ${maxFileBytes} bytes`,
      'Name the file that holds the secret alone.',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw secretError(path, `could not be read from the file ${shown}: it is not UTF-8 text`, 'Store it as UTF-8.');
  }
}

/** At most one byte more than may be there. Opened so that a pipe does not block, and then refused. */
async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file');
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function secretError(
  path: string,
  what: string,
  remedy: string,
  details: { cause?: unknown; retryable?: boolean } = {},
): EmailError {
  return createEmailError('ERR_SECRET', `The secret ${path} ${what}`, { remedy, ...details });
}

/** The promise's outcome, unless the signal aborts first; then its later outcome is of no interest. */
function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * The only reader of secrets. No error quotes their contents.
 * @module
 */
import { TextDecoder } from 'node:util';
import { untilAborted } from '../async/until-aborted.js';
import { throwIfAborted } from '../errors/abort.js';
import { createEmailError, kindOfError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Secret } from '../model/settings/secret.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { readFile } from './read-file.js';
import { hasOwn } from '../util/own.js';

/** The most bytes in a secret's file; keys and tokens are the longest secrets. */
const maxFileBytes = 64 * 1024;

/**
 * Resolves a secret when it is used. `path` is its field, such as `authentication.password`. ERR_SECRET names the field
 * and the reason; an aborted signal is ERR_ABORTED, or the signal's reason if that is an EmailError.
 */
export async function resolveSecret(secret: Secret, path: string, signal?: AbortSignal): Promise<string> {
  throwIfAborted(signal);
  if (typeof secret === 'string') return secret;
  const value =
    typeof secret === 'function'
      ? await untilAborted(callSecret(secret, path), signal)
      : hasOwn(secret, 'env')
        ? readVariable(secret.env, path)
        : await untilAborted(readSecretFile(secret.file, path), signal);
  if (value === '') throw secretError(path, 'is empty', 'Set it, or leave the field out.');
  if (value.includes('\0')) throw secretError(path, 'contains a NUL character', 'Store it as text.');
  return value;
}

async function callSecret(secret: () => string | Promise<string>, path: string): Promise<string> {
  let value: unknown;
  try {
    value = await secret();
  } catch (cause) {
    // The text of a foreign error may contain the secret, so it stays in `cause`.
    throw secretError(
      path,
      `cannot be read: its function threw ${kindOfError(cause)}`,
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
    'cannot be read: its function did not return a string',
    'Return a string, or a promise of one.',
  );
}

function readVariable(name: string, path: string): string {
  const value: unknown = process.env[name];
  if (typeof value === 'string') return value;
  const shown = showText(name, 100);
  throw secretError(
    path,
    `cannot be read: the environment variable ${shown} is not set`,
    `Set ${shown} for this process.`,
  );
}

async function readSecretFile(file: string, path: string): Promise<string> {
  const shown = showText(file, 200);
  const bytes = await readFile(file, maxFileBytes);
  if (!isBytes(bytes)) {
    const remedy =
      bytes.problem === 'too-long'
        ? 'Name a file that contains only the secret.'
        : 'Check that the file exists and that this process may read it.';
    throw secretError(path, `could not be read from the file ${shown}: ${bytes.reason}`, remedy, {
      cause: bytes.cause,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw secretError(path, `could not be read from the file ${shown}: it is not UTF-8 text`, 'Store it as UTF-8.');
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

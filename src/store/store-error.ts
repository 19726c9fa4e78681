/**
 * Errors of the profile store.
 * @module
 */
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { errorCode } from '../util/error-code.js';
import { showText } from '../util/show.js';

/** ERR_STORE: the fault of the store in `file`, and the remedy. */
export function storeError(
  file: string,
  what: string,
  remedy: string,
  details: { readonly cause?: unknown; readonly retryable?: boolean } = {},
): EmailError {
  return createEmailError('ERR_STORE', `The profile store ${showText(file, 200)} ${what}`, { remedy, ...details });
}

/** ERR_STORE for a failure of the file system. It is temporary, unless it is about permissions. */
export function storeFailure(file: string, what: string, cause: unknown): EmailError {
  if (isEmailError(cause)) return cause;
  const code = errorCode(cause);
  const reason = reasons.get(code);
  const shown = reason?.text ?? (code === '' ? 'for an unknown reason' : showText(code, 40));
  return storeError(file, `could not be ${what}: ${shown}`, reason?.remedy ?? 'See the cause of this error.', {
    cause,
    retryable: reason?.lasting !== true,
  });
}

/** ERR_STORE for a failure after the file was replaced. The change is in the file and must not be made again. */
export function writtenUnsafely(file: string, cause: unknown): EmailError {
  const code = errorCode(cause);
  const remedy = 'The change is in the file: do not make it again. Check the disk and the directory of the file.';
  return storeError(
    file,
    `was written, but a power failure may undo that, because a step after the write failed (${showText(code || 'unknown', 40)})`,
    remedy,
    { cause },
  );
}

interface Reason {
  readonly text: string;
  readonly remedy: string;
  /** Set if a retry does not help. */
  readonly lasting?: boolean;
}

const noRights = 'Give this process permission to read and write the file and its directory.';
const ownMount = 'Mount the directory of the file, not the file by itself.';
const noSockets = 'Keep the store on a local file system that supports sockets.';
const reasons: ReadonlyMap<string, Reason> = new Map([
  ['ENOSPC', { text: 'no space is left on the disk (ENOSPC)', remedy: 'Free space; nothing in the store was lost.' }],
  ['EDQUOT', { text: "this user's quota is used up (EDQUOT)", remedy: 'Free space; nothing in the store was lost.' }],
  ['EACCES', { text: 'this process has no permission (EACCES)', remedy: noRights, lasting: true }],
  ['EPERM', { text: 'this process has no permission (EPERM)', remedy: noRights, lasting: true }],
  [
    'EROFS',
    {
      text: 'the file system is read-only (EROFS)',
      remedy: 'Keep the store on a file system that can be written.',
      lasting: true,
    },
  ],
  ['EBUSY', { text: 'it is a mount point, or open in another program (EBUSY)', remedy: ownMount, lasting: true }],
  ['EXDEV', { text: 'it is on another file system than its directory (EXDEV)', remedy: ownMount, lasting: true }],
  ['ENOENT', { text: 'its directory is missing (ENOENT)', remedy: 'Restore the directory.' }],
  ['EOPNOTSUPP', { text: 'its file system does not support sockets (EOPNOTSUPP)', remedy: noSockets, lasting: true }],
  ['ENOTSUP', { text: 'its file system does not support sockets (ENOTSUP)', remedy: noSockets, lasting: true }],
]);

/**
 * Errors about the file of a store and its directory: other users can reach them, or they are something else.
 * @module
 */
import type { EmailError } from '../model/error.js';
import type { PrivacyFault } from '../system/read-private-file.js';
import { showText } from '../util/show.js';
import { storeError } from './store-error.js';

/** `maxBytes` is the limit that the file was read with. */
export function fileError(file: string, fault: PrivacyFault, maxBytes: number): EmailError {
  switch (fault.fault) {
    case 'symbolic-link':
      return storeError(file, 'is a symbolic link, which is not followed', 'Name the file itself.');
    case 'of-another-user':
      return storeError(
        file,
        `belongs to another user (uid ${fault.owner})`,
        'Run as the owner of the file, or change its owner to this user.',
      );
    case 'open-to-others':
      return storeError(
        file,
        `can be read or written by other users (mode ${fault.mode})`,
        'Set its mode to 0600. If others may have read it, change the secrets in it.',
      );
    case 'too-long':
      return storeError(file, `is longer than ${maxBytes} bytes`, 'Restore the file from a backup.');
    default:
      return storeError(file, 'is not a regular file', 'Name a file.');
  }
}

export function directoryError(file: string, directory: string, fault: PrivacyFault): EmailError {
  const shown = showText(directory, 200);
  switch (fault.fault) {
    case 'of-another-user':
      return storeError(
        file,
        `is in a directory of another user (uid ${fault.owner}): ${shown}`,
        'Keep it in a directory of the user that this process runs as.',
      );
    case 'open-to-others':
      return storeError(
        file,
        `is in a directory that other users can write to (mode ${fault.mode}): ${shown}`,
        'Keep it in a separate directory of mode 0700.',
      );
    default:
      return storeError(file, `is below a path that is not a directory: ${shown}`, 'Name a file in a directory.');
  }
}

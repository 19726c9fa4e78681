/**
 * `openProfileStore`. Cryptography and files are loaded with the first call.
 * @module
 */
import type { EmbeddedProfileStore, OpenProfileStoreOptions } from '../model/store.js';
import { checkOpenOptions } from './arguments.js';

/**
 * Opens the store in `file`, and makes it if there is none. Several processes of this machine may have it open at once.
 * Nothing stays open between calls, so there is nothing to close.
 *
 * ERR_PROFILE_INVALID if an option is wrong, ERR_SECRET if the key cannot be resolved, and ERR_STORE if the file cannot
 * be read or made, was changed by another program, is accessible to other users, or was written with another key.
 */
export async function openProfileStore(options: OpenProfileStoreOptions): Promise<EmbeddedProfileStore> {
  const checked = checkOpenOptions(options);
  const { openFileStore } = await import('./file-profile-store.js');
  return await openFileStore(checked);
}

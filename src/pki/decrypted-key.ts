/**
 * Opens a private key that is encrypted under a password, outside of a certificate file.
 * @module
 */
import { atPlace, certificateError } from './certificate-error.js';
import { readContents } from './formats/read-contents.js';

/** The password of a key, which may be unencrypted, and the places to name in errors. */
export interface KeyPassword {
  readonly password: string;
  /** The field of the key. */
  readonly place: string;
  /** The field of the password. */
  readonly field: string;
  readonly signal: AbortSignal;
}

/**
 * The PKCS#8 DER of the one key in PEM or base64 text. ERR_CERTIFICATE if there is no key or the password is wrong;
 * ERR_ABORTED.
 */
export async function decryptedKey(text: string, { password, place, field, signal }: KeyPassword): Promise<Buffer> {
  const read = (): Promise<string> => Promise.resolve(password);
  const passwords = { file: read, key: read, fileField: field, keyField: field, ownKeyField: field };
  // Environment variables often hold PEM with its line ends written as \n.
  const bytes = Buffer.from(text.includes('-----BEGIN') ? text.replaceAll('\\n', '\n') : text, 'utf8');
  try {
    const { keys } = await readContents(bytes, { passwords, wantKeys: true, signal });
    const [key, another] = keys;
    if (key === undefined || another !== undefined)
      throw certificateError(
        key === undefined ? 'it contains no private key' : 'it contains several private keys',
        'Give one private key, as PEM or as base64 of PKCS#8.',
      );
    return await key.open();
  } catch (error) {
    throw atPlace(error, place);
  }
}

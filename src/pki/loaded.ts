/**
 * What loading from files and loading from stores share.
 */
import type { LoadedCertificate } from '../model/certificate.js';
import type { Secret } from '../model/secret.js';
import { resolveSecret } from '../profile/secret.js';
import { showText } from '../util/show.js';
import { certificateError } from './certificate-error.js';
import type { FilePasswords } from './formats/contents.js';
import type { Identity } from './identities.js';
import type { Purpose } from './select.js';

/** The passwords of a source, each resolved at most once and only when it is needed. */
export function filePasswords(
  source: { readonly password?: Secret | undefined; readonly keyPassword?: Secret | undefined },
  slot: string | undefined,
  signal: AbortSignal | undefined,
): FilePasswords {
  const prefix = slot === undefined ? '' : `${slot}.`;
  const fileField = `${prefix}password`;
  const keyField = source.keyPassword === undefined ? fileField : `${prefix}keyPassword`;
  const once = (secret: Secret | undefined, field: string): (() => Promise<string | undefined>) => {
    let value: Promise<string | undefined> | undefined;
    return () => (value ??= secret === undefined ? Promise.resolve(undefined) : resolveSecret(secret, field, signal));
  };
  const file = once(source.password, fileField);
  return {
    file,
    key: source.keyPassword === undefined ? file : once(source.keyPassword, keyField),
    fileField,
    keyField,
  };
}

/** The public shape of an identity. Throws what keeps its key locked, unless no key is wanted. */
export function loadedFrom(
  { info, certificate, chain, privateKey, locked }: Identity,
  purpose: Purpose | undefined,
): LoadedCertificate {
  if (locked !== undefined && purpose !== 'encrypt') throw locked;
  return { info, certificate: certificate.der, chain: chain(), ...(privateKey === undefined ? {} : { privateKey }) };
}

/** ERR_CERTIFICATE for what should have a key and has none; `skipped` may be why. */
export function noKey(what: string, skipped: readonly Error[] = []): Error {
  const unread = skipped.slice(0, 3).map(({ message }) => `; ${showText(message, 300)}`);
  return certificateError(
    `${what} has a certificate, but no private key${unread.join('')}`,
    'Export the certificate with its private key (PKCS#12), or name the key in `keyFile`.',
  );
}

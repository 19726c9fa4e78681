/**
 * Shared by loading from files and from stores.
 * @module
 */
import { isEmailError } from '../errors/email-error.js';
import type { LoadedCertificate } from '../model/certificate.js';
import type { Secret } from '../model/settings/secret.js';
import { resolveSecret } from '../system/secret.js';
import { showText } from '../util/show.js';
import { certificateError } from './certificate-error.js';
import type { FilePasswords } from './formats/contents.js';
import { opensshRemedy, unusedText } from './formats/pem.js';
import type { Identity } from './identities.js';
import { ranked } from './select.js';
import type { Purpose } from './select.js';

/** The passwords of a source, each resolved at most once and only if needed. */
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
    ownKeyField: `${prefix}keyPassword`,
  };
}

/**
 * Loads the best of several identities, in the order of `ranked`: with its key, unless it is for encryption. If its key
 * cannot be opened, the next one is tried; if none can, the first error is thrown.
 */
export async function loadBest(
  candidates: readonly Identity[],
  purpose: Purpose | undefined,
): Promise<LoadedCertificate | undefined> {
  let failure: unknown;
  for (const identity of ranked(candidates, purpose)) {
    // An entry without a key does not replace one whose key is locked.
    if (failure !== undefined && identity.openKey === undefined) break;
    try {
      return await loadedFrom(identity, purpose);
    } catch (error) {
      if (!isEmailError(error) || error.code !== 'ERR_CERTIFICATE') throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

/**
 * An identity in its public form, with its key if it has one, unless it is for encryption. ERR_CERTIFICATE if the key
 * stays locked.
 */
export async function loadedFrom(
  { info, certificate, chain, openKey }: Identity,
  purpose: Purpose | undefined,
): Promise<LoadedCertificate> {
  const opened = purpose === 'encrypt' ? undefined : await openKey?.();
  return {
    info,
    certificate: certificate.der,
    chain: opened?.chain ?? chain(),
    ...(opened === undefined ? {} : { privateKey: opened.privateKey }),
  };
}

/** ERR_CERTIFICATE for something that should have a key and has none; `skipped` may contain the reason. */
export function noKey(what: string, skipped: readonly Error[] = [], unused: readonly string[] = []): Error {
  const unread = skipped.slice(0, 3).map(({ message }) => `; ${showText(message, 300)}`);
  return certificateError(
    `${what} has a certificate, but no private key${unread.join('')}${unusedText(unused)}`,
    unused.some((block) => block.startsWith('OPENSSH PRIVATE KEY'))
      ? opensshRemedy
      : 'Export the certificate with its private key (PKCS#12), or name the key in `keyFile`.',
  );
}

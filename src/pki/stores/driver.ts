/**
 * The interface of a kind of store, and the `CertificateStore` built on it.
 * @module
 */
import { throwIfAborted } from '../../errors/abort.js';
import type { CertificateSelector, CertificateStore, LoadedCertificate } from '../../model/certificate.js';
import type { Secret } from '../../model/settings/secret.js';
import { showText } from '../../util/show.js';
import { atPlace, certificateError } from '../certificate-error.js';
import type { FilePasswords } from '../formats/contents.js';
import type { Identities, IdentityCandidate } from '../identities.js';
import { filePasswords, loadBest, loadedFrom, noKey } from '../loaded.js';
import { matching, needsKey, selectorText } from '../select.js';
import type { Purpose } from '../select.js';
import type { CommandRunner } from './run-command.js';

/** Options of opening a store. */
export interface OpenStoreOptions {
  /** Password of the store; `load` may give another. */
  readonly password?: Secret | undefined;
  /** Password of the keys, if they have one of their own. */
  readonly keyPassword?: Secret | undefined;
  /** The profile's field, for messages. */
  readonly slot?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Runs programs of the system; default: without a shell. */
  readonly run?: CommandRunner | undefined;
  /** The platform; default: that of this process. */
  readonly platform?: NodeJS.Platform | undefined;
  /** The environment; default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Input of a driver at each call. */
export interface StoreAccess {
  readonly passwords: FilePasswords;
  readonly purpose: Purpose | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A kind of store. */
export interface StoreDriver {
  /** The name of the store in messages. */
  readonly place: string;
  /** All certificates. A key is opened by `openKey` of the chosen entry. */
  entries(access: StoreAccess): Promise<Identities>;
}

/** The store of a driver. */
export function storeOf(driver: StoreDriver, options: OpenStoreOptions): CertificateStore {
  return {
    list: () =>
      placed(driver, options, async () =>
        (await driver.entries(accessFor(options, undefined, undefined))).identities.map(({ info }) => info),
      ),
    load: (selector, { password, purpose } = {}) =>
      placed(driver, options, () => loadFrom(driver, selector, accessFor(options, password, purpose))),
  };
}

function accessFor(options: OpenStoreOptions, password: Secret | undefined, purpose: Purpose | undefined): StoreAccess {
  const secrets = { password: password ?? options.password, keyPassword: options.keyPassword };
  return { passwords: filePasswords(secrets, options.slot, options.signal), purpose, signal: options.signal };
}

async function placed<T>(driver: StoreDriver, options: OpenStoreOptions, work: () => Promise<T>): Promise<T> {
  try {
    throwIfAborted(options.signal);
    return await work();
  } catch (error) {
    throw atPlace(error, driver.place);
  }
}

/**
 * Every entry that matches the selector, each with its key on demand. ERR_CERTIFICATE if there is none, or the store
 * cannot be read.
 */
export function selectedFrom(
  driver: StoreDriver,
  selector: CertificateSelector,
  options: OpenStoreOptions,
): Promise<readonly IdentityCandidate[]> {
  return placed(driver, options, async () => {
    const access = accessFor(options, undefined, undefined);
    const found = await driver.entries(access);
    const entries = matching(found.identities, selector);
    if (entries.length === 0) throw noMatch(found, selector);
    return entries.map((entry) => ({
      info: entry.info,
      load: () => placed(driver, options, () => loadedFrom(entry, access.purpose)),
    }));
  });
}

async function loadFrom(
  driver: StoreDriver,
  selector: CertificateSelector,
  access: StoreAccess,
): Promise<LoadedCertificate> {
  const found = await driver.entries(access);
  const matches = matching(found.identities, selector);
  const loaded = await loadBest(matches, access.purpose);
  if (loaded === undefined) throw noMatch(found, selector);
  if (needsKey(access.purpose) && loaded.privateKey === undefined)
    throw noKey(`the entry ${JSON.stringify(showText(loaded.info.subject, 200))}`, [
      ...found.skipped,
      ...(found.lockedKeys ?? []),
    ]);
  return loaded;
}

function noMatch({ identities, skipped }: Identities, selector: CertificateSelector): Error {
  const names = identities.slice(0, 5).map(({ info }) => info.alias ?? info.subject);
  const held =
    identities.length === 0
      ? 'it contains none'
      : `it contains ${identities.length}: ${showText(names.join('; '), 400)}${identities.length > 5 ? '; …' : ''}`;
  const unread =
    skipped[0] === undefined ? '' : `; ${skipped.length} could not be read, the first because ${skipped[0].message}`;
  return certificateError(
    `there is no certificate with ${selectorText(selector)}: ${held}${unread}`,
    'Choose one that list() returns: subject is the whole DN or the CN.',
  );
}

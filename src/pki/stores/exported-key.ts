/**
 * Keys that a program of the system exports as PKCS#12, under a password that is used once.
 * @module
 */
import { readContents } from '../formats/read-contents.js';
import { identitiesOf } from '../identities.js';
import type { Identity, OpenedKey } from '../identities.js';
import type { StoreAccess } from './driver.js';

/** The entry with its key, which `open` exports from the store. */
export function withOpener(entry: Identity, open: (entry: Identity) => Promise<OpenedKey>): Identity {
  return { ...entry, info: { ...entry.info, hasPrivateKey: true }, openKey: () => open(entry) };
}

/** The entry's key in an exported PKCS#12, with the chain in it; undefined if the key is not in it. */
export async function openExported(
  entry: Identity,
  pkcs12: Uint8Array,
  password: string,
  { passwords, signal }: Pick<StoreAccess, 'passwords' | 'signal'>,
): Promise<OpenedKey | undefined> {
  const own = { ...passwords, file: () => Promise.resolve(password), key: () => Promise.resolve(password) };
  const contents = await readContents(pkcs12, { passwords: own, wantKeys: true, signal });
  const { identities } = await identitiesOf(contents, { signal });
  const found = identities.find(({ info }) => info.fingerprint === entry.info.fingerprint);
  if (found?.openKey === undefined) return undefined;
  const { privateKey } = await found.openKey();
  return { privateKey, chain: found.chain() };
}

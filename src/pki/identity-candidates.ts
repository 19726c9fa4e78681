/**
 * Lists every matching identity of a source, even expired ones: old mail was encrypted for certificates that have
 * expired since.
 * @module
 */
import { throwIfAborted } from '../errors/abort.js';
import type {
  CertificateInfo,
  CertificateSelector,
  CertificateSource,
  CertificateStore,
  LoadedCertificate,
} from '../model/certificate.js';
import { showText } from '../util/show.js';
import { atPlace } from './certificate-error.js';
import { identitiesOf } from './identities.js';
import type { Identity, IdentityCandidate } from './identities.js';
import { contentsOf, keyHolders } from './load-certificate.js';
import type { LoadContext } from './load-certificate.js';
import { filePasswords, loadedFrom } from './loaded.js';
import { foldAscii } from './select.js';
import { selectedFrom } from './stores/driver.js';
import { listOf, loadOf } from './stores/foreign-store.js';
import { driverOf, isStore } from './stores/open-store.js';
import { hasOwn } from '../util/own.js';

/**
 * All identities of the source, or all that the selector matches in a store, expired or not, with their keys if
 * present. Errors as in `loadCertificate`.
 */
export async function* identityCandidates(
  source: CertificateSource,
  context: Omit<LoadContext, 'purpose'> = {},
): AsyncGenerator<IdentityCandidate, undefined> {
  const slot = context.slot ?? 'certificate';
  const { signal } = context;
  const placed = (error: unknown): unknown =>
    atPlace(error, source.file === undefined ? slot : `${slot}: ${showText(source.file, 300)}`);
  try {
    throwIfAborted(signal);
    if (source.store !== undefined) {
      const { store, select, password, keyPassword } = source;
      const options = { slot, signal, password, keyPassword };
      if (isStore(store)) yield* selectedFromForeign(store, select, password);
      else yield* await selectedFrom(driverOf(store, options), select, options);
      return undefined;
    }
    const contents = await contentsOf(source, slot, filePasswords(source, slot, signal), context);
    const found = await identitiesOf(contents, { signal });
    const holders = keyHolders(found, contents);
    for (const identity of holders.length > 0 ? holders : found.identities)
      yield { info: identity.info, load: () => opened(identity, placed) };
    return undefined;
  } catch (error) {
    throw placed(error);
  }
}

async function opened(identity: Identity, placed: (error: unknown) => unknown): Promise<LoadedCertificate> {
  try {
    return await loadedFrom(identity, undefined);
  } catch (error) {
    throw placed(error);
  }
}

/** A store of the caller chooses one entry. Other entries that its list describes alike come after it, on demand. */
async function* selectedFromForeign(
  store: CertificateStore,
  selector: CertificateSelector,
  password: CertificateSource['password'],
): AsyncGenerator<IdentityCandidate, undefined> {
  const options = password === undefined ? {} : { password };
  const best = await loadOf(store, selector, options);
  yield { info: best.info, load: async () => best };
  for (const info of await listOf(store)) {
    if (info.fingerprint === best.info.fingerprint || !isMeantToo(info, selector, best.info)) continue;
    yield { info, load: () => loadOf(store, { fingerprint: info.fingerprint }, options) };
  }
  return undefined;
}

/** Does a selector that chose `best` match another entry as well? */
function isMeantToo(info: CertificateInfo, selector: CertificateSelector, best: CertificateInfo): boolean {
  if (hasOwn(selector, 'email')) return info.emails.some((email) => foldAscii(email) === foldAscii(selector.email));
  if (hasOwn(selector, 'alias')) return info.alias === selector.alias;
  return hasOwn(selector, 'subject') && info.subject === best.subject;
}

/**
 * The sources of recipients' certificates. Each is a function from an address to certificates.
 * @module
 */
import { throwIfAborted } from '../../errors/abort.js';
import { reasonOf } from '../../errors/email-error.js';
import type { CertificateSource, CertificateStore, CertificateStoreReference } from '../../model/certificate.js';
import type { Secret } from '../../model/settings/secret.js';
import type { RecipientCertificates } from '../../model/settings/smime.js';
import { isBytes } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import { noPasswords, readableCertificates } from '../certificate-data.js';
import { atPlace, certificateError } from '../certificate-error.js';
import type { Contents } from '../formats/contents.js';
import { readContents } from '../formats/read-contents.js';
import { certificatesMs, WorkBudget } from '../formats/work-budget.js';
import { contentsOf, loadCertificate } from '../load-certificate.js';
import { filePasswords } from '../loaded.js';
import { readDirectory } from '../stores/file-store.js';
import { listOf, loadOf } from '../stores/foreign-store.js';
import { driverOf, isStore } from '../stores/open-store.js';
import { parseCertificate } from '../x509/certificate.js';
import type { Certificate } from '../x509/certificate.js';
import { addressKey, isAuthority } from './candidates.js';
import type { Offer } from './candidates.js';
import { createLdapSource } from './ldap-source.js';
import { hasAny, vouchedOffer } from './offers.js';
import type { RecipientSource, SourceContext } from './offers.js';
import { hasOwn } from '../../util/own.js';

/** Opens a source. Nothing is read before the first `find`. */
export function openSource(source: RecipientCertificates, context: SourceContext): RecipientSource {
  if (typeof source === 'function') return functionSource(source, context);
  if (hasOwn(source, 'ldap')) return createLdapSource(source, context);
  if (hasOwn(source, 'directory')) return directorySource(source, context);
  if (hasOwn(source, 'store') && source.store !== undefined && !hasOwn(source, 'select'))
    return storeSource(source, context);
  return fileSource(source as CertificateSource, context);
}

/** A function of the caller, which assigns certificates to recipients itself. */
function functionSource(
  source: Extract<RecipientCertificates, (address: string) => unknown>,
  { cache, signal, slot }: SourceContext,
): RecipientSource {
  const load = async (address: string, shared: AbortSignal): Promise<Offer> => {
    const given: unknown = await callUser(source, address, slot);
    if (!Array.isArray(given))
      throw certificateError(
        'the function did not return a list',
        'Return an array of PEM text or DER bytes, empty for none.',
      );
    if (given.length > maxOffered)
      throw certificateError(
        `the function returned more than ${maxOffered} certificates`,
        'Return those of this recipient.',
      );
    const budget = new WorkBudget(shared, certificatesMs);
    const contents = await Promise.all(given.map((each) => readGiven(each, budget)));
    return vouchedOffer(contents);
  };
  return {
    name: 'the function',
    find: (address) => cache.remember(source, addressKey(address), signal, (shared) => load(address, shared), hasAny),
  };
}

/** More certificates than one recipient has. */
const maxOffered = 100;

async function callUser(source: (address: string) => unknown, address: string, slot: string): Promise<unknown> {
  try {
    return await source(address);
  } catch (error) {
    throw certificateError(
      `the function of ${slot} failed: ${showText(reasonOf(error), 200)}`,
      'See the cause of this error.',
      error,
    );
  }
}

function readGiven(each: unknown, budget: WorkBudget): Promise<Contents> {
  const bytes = typeof each === 'string' ? Buffer.from(each, 'utf8') : each;
  if (!isBytes(bytes))
    throw certificateError('the function returned a value that is not a certificate', 'Return PEM text or DER bytes.');
  return readContents(bytes, { passwords: noPasswords, wantKeys: false, budget });
}

/** Certificates by address, so that a look-up does not search a large bundle. */
interface Index {
  readonly byAddress: ReadonlyMap<string, readonly Certificate[]>;
  readonly others: readonly Certificate[];
  readonly crls: readonly Uint8Array[];
  /** The only certificate of the source, used for all recipients. */
  readonly single: Certificate | undefined;
  readonly skipped: readonly Error[];
}

function indexOf(all: readonly Certificate[], crls: readonly Uint8Array[], skipped: readonly Error[]): Index {
  const byAddress = new Map<string, Certificate[]>();
  for (const certificate of all) {
    for (const key of new Set(certificate.emails.map(addressKey))) {
      const known = byAddress.get(key);
      if (known === undefined) byAddress.set(key, [certificate]);
      else known.push(certificate);
    }
  }
  const others = all.filter(isAuthority);
  const people = all.filter((certificate) => !isAuthority(certificate));
  const fingerprints = new Set(people.map(({ info }) => info.fingerprint));
  // A bundle that only contains authorities counts too: a single one is the certificate for all.
  const pool = people.length > 0 ? people : others;
  return {
    byAddress,
    others,
    crls,
    single: fingerprints.size === 1 || (fingerprints.size === 0 && others.length === 1) ? pool[0] : undefined,
    skipped,
  };
}

function offerOf({ byAddress, others, crls, single, skipped }: Index, address: string): Offer {
  if (single !== undefined) return { certificates: [single], others, crls, vouched: true, skipped };
  return { certificates: byAddress.get(addressKey(address)) ?? [], others, crls, vouched: false, skipped };
}

/** A file, bytes, or one entry of a store: one certificate for all, or a bundle by address. */
function fileSource(source: CertificateSource, { cache, signal, slot }: SourceContext): RecipientSource {
  const name = source.file === undefined ? 'the certificate of the profile' : showText(source.file, 300);
  const load = async (shared: AbortSignal): Promise<Index> => {
    if (source.store !== undefined) {
      const { certificate, chain } = await loadCertificate(source, { slot, signal: shared, purpose: 'encrypt' });
      return {
        byAddress: new Map(),
        others: await Promise.all(chain.map(parseCertificate)),
        crls: [],
        single: await parseCertificate(certificate),
        skipped: [],
      };
    }
    const contents = await contentsOf(source, slot, filePasswords(source, slot, shared), {
      signal: shared,
      purpose: 'encrypt',
    });
    if (contents.certificates.length === 0)
      throw certificateError('it contains no certificate', 'Give a file with the certificates of recipients.');
    const read = await readableCertificates(contents, shared);
    return indexOf(read.certificates, contents.crls, read.skipped);
  };
  return {
    name,
    find: async (address) => offerOf(await placed(name, () => cache.remember(source, '', signal, load)), address),
  };
}

/** The suffixes that the directory source reads. */
const directoryPattern = /\.(?:cer|crt|pem|p7b)$/i;

function directorySource(
  source: { readonly directory: string },
  { cache, signal, slot }: SourceContext,
): RecipientSource {
  const name = `the directory ${showText(source.directory, 300)}`;
  const load = async (shared: AbortSignal): Promise<Index> => {
    const access = { passwords: noPasswords, signal: shared, purpose: 'encrypt' } as const;
    const budget = new WorkBudget(shared, certificatesMs);
    const { contents, skipped } = await readDirectory(
      source.directory,
      directoryPattern,
      access,
      budget,
      `${slot}.directory`,
    );
    // A directory with a single certificate still counts as a directory, because files may be added.
    const read = await readableCertificates(contents, shared);
    return { ...indexOf(read.certificates, contents.crls, [...skipped, ...read.skipped]), single: undefined };
  };
  return {
    name,
    find: async (address) => offerOf(await placed(name, () => cache.remember(source, '', signal, load)), address),
  };
}

interface StoreSource {
  readonly store: CertificateStoreReference;
  readonly password?: Secret | undefined;
}

/**
 * A store, matched by address. The library's own stores are read once; for a store of the caller, its list tells which
 * entries to load.
 */
function storeSource(source: StoreSource, context: SourceContext): RecipientSource {
  const { cache, signal, slot, run } = context;
  const { store, password } = source;
  if (isStore(store)) return foreignStoreSource(source, store, context);
  const driver = driverOf(store, { slot, run });
  const load = async (shared: AbortSignal): Promise<Index> => {
    const {
      identities,
      skipped,
      crls = [],
    } = await driver.entries({
      passwords: filePasswords({ password }, slot, shared),
      purpose: 'encrypt',
      signal: shared,
    });
    const certificates = identities.map(({ certificate }) => certificate);
    return { ...indexOf(certificates, crls, skipped), single: undefined };
  };
  return {
    name: driver.place,
    find: async (address) =>
      offerOf(await placed(driver.place, () => cache.remember(source, '', signal, load)), address),
  };
}

function foreignStoreSource(
  source: StoreSource,
  store: CertificateStore,
  { cache, signal }: SourceContext,
): RecipientSource {
  const options = source.password === undefined ? {} : { password: source.password };
  const load = async (key: string, shared: AbortSignal): Promise<Offer> => {
    const infos = await cache.remember(source, 'list', shared, () => listOf(store));
    throwIfAborted(shared);
    const wanted = infos.filter(({ emails }) => emails.some((email) => addressKey(email) === key)).slice(0, maxOffered);
    const loaded = await Promise.all(wanted.map(({ fingerprint }) => loadEntry(store, fingerprint, options)));
    return {
      certificates: loaded.map(({ certificate }) => certificate),
      others: loaded.flatMap(({ chain }) => chain),
      crls: [],
      vouched: false,
    };
  };
  return {
    name: 'the store',
    find: (address) =>
      cache.remember(source, `@${addressKey(address)}`, signal, (shared) => load(addressKey(address), shared), hasAny),
  };
}

async function loadEntry(
  store: CertificateStore,
  fingerprint: string,
  options: { password?: Secret },
): Promise<{ certificate: Certificate; chain: readonly Certificate[] }> {
  const { certificate, chain } = await loadOf(store, { fingerprint }, { ...options, purpose: 'encrypt' });
  return { certificate: await parseCertificate(certificate), chain: await Promise.all(chain.map(parseCertificate)) };
}

async function placed<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw atPlace(error, place);
  }
}

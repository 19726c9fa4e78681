/**
 * Loads a `CertificateSource` into a certificate that is ready for use.
 * @module
 */
import { throwIfAborted } from '../errors/abort.js';
import { asError } from '../errors/email-error.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import { resolveSecret } from '../system/secret.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { bytesOf } from './certificate-data.js';
import { atPlace, certificateError } from './certificate-error.js';
import type { Contents, FilePasswords } from './formats/contents.js';
import { isRequest, requestRemedy, unusedText } from './formats/pem.js';
import { readContents } from './formats/read-contents.js';
import { identitiesOf } from './identities.js';
import type { Identities, Identity } from './identities.js';
import { filePasswords, loadBest, noKey } from './loaded.js';
import { readCertificateFile } from './read-file.js';
import { needsKey } from './select.js';
import type { Purpose } from './select.js';
import { loadOf } from './stores/foreign-store.js';
import { openCertificateStore } from './stores/open-store.js';

/** Options of loading a certificate. */
export interface LoadContext {
  /** The profile's field, for messages: `smime.sign.certificate`. */
  readonly slot?: string | undefined;
  /** 'sign' and 'client-auth' need a private key. Absent: a key is loaded if there is one. */
  readonly purpose?: Purpose | undefined;
  /** Ends the work: ERR_ABORTED, or the signal's reason if that is an EmailError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads from a file, bytes or a store. ERR_CERTIFICATE states the fault and its place; ERR_SECRET names a password that
 * cannot be resolved. Dates, usages and the path are not checked here.
 */
export async function loadCertificate(
  source: CertificateSource,
  context: LoadContext = {},
): Promise<LoadedCertificate> {
  const slot = context.slot ?? 'certificate';
  try {
    throwIfAborted(context.signal);
    if (source.store !== undefined) return await loadFromStore(source, slot, context);
    const passwords = filePasswords(source, slot, context.signal);
    const contents = await contentsOf(source, slot, passwords, context);
    return await choose(contents, context);
  } catch (error) {
    throw atPlace(error, source.file === undefined ? slot : `${slot}: ${showText(source.file, 300)}`);
  }
}

/** Every certificate and key of a file or of bytes. */
export async function contentsOf(
  source: Exclude<CertificateSource, { readonly select: unknown }>,
  slot: string,
  passwords: FilePasswords,
  { purpose, signal }: LoadContext,
): Promise<Contents> {
  const options = { passwords, wantKeys: purpose !== 'encrypt', signal };
  if (source.file !== undefined) {
    const contents = await readContents(await readCertificateFile(source.file), options);
    if (source.keyFile === undefined || !options.wantKeys) return contents;
    const place = `the key file ${showText(source.keyFile, 300)}`;
    return withKey(
      contents,
      await at(place, async () => readContents(await readCertificateFile(source.keyFile ?? ''), options)),
      place,
    );
  }
  const { data, key } = source;
  const contents = await readContents(bytesOf(data), options);
  if (key === undefined || !options.wantKeys) return contents;
  const keyBytes = isBytes(key) ? key : Buffer.from(await resolveSecret(key, `${slot}.key`, signal), 'utf8');
  const other = await at('the key', () => readContents(keyBytes, options));
  return { ...withKey(contents, other, 'the key'), keyPlace: `${slot}.key` };
}

async function at<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw atPlace(error, place);
  }
}

function withKey(contents: Contents, other: Contents, place: string): Contents {
  if (other.keys.length > 0)
    return {
      ...contents,
      keyPlace: place,
      certificates: [...contents.certificates, ...other.certificates],
      keys: [...contents.keys, ...other.keys.map((key) => ({ ...key, open: () => at(place, key.open) }))],
    };
  throw certificateError(
    `${place} contains no private key`,
    'Give the file that contains PRIVATE KEY or ENCRYPTED PRIVATE KEY.',
  );
}

async function loadFromStore(
  source: Extract<CertificateSource, { readonly select: unknown }>,
  slot: string,
  { purpose, signal }: LoadContext,
): Promise<LoadedCertificate> {
  const store = await openCertificateStore(source.store, { slot, signal, keyPassword: source.keyPassword });
  const { password } = source;
  const loaded = await loadOf(store, source.select, {
    ...(password === undefined ? {} : { password }),
    ...(purpose === undefined ? {} : { purpose }),
  });
  throwIfAborted(signal);
  if (needsKey(purpose) && loaded.privateKey === undefined)
    throw noKey(`the store's entry ${JSON.stringify(showText(loaded.info.subject, 200))}`);
  return loaded;
}

async function choose(contents: Contents, { purpose, signal }: LoadContext): Promise<LoadedCertificate> {
  const found = await identitiesOf(contents, { signal });
  try {
    return await chooseAmong(found, contents, purpose);
  } catch (error) {
    if (!contents.keys.some(({ certificate }) => certificate !== undefined)) throw error;
    // The file may assign keys to the wrong certificates, so the keys themselves are compared.
    const proved = await identitiesOf(contents, { signal, believeFile: false });
    return await chooseAmong(proved, contents, purpose).catch(() => Promise.reject(asError(error)));
  }
}

/** The identities with a private key; none if only certificates were given. ERR_CERTIFICATE if nothing can be used. */
export function keyHolders(
  { identities, skipped, lockedKeys = [], strayKeys = 0 }: Identities,
  contents: Pick<Contents, 'keys' | 'format' | 'unused' | 'keyPlace'>,
): readonly Identity[] {
  if (identities.length === 0) {
    if (skipped[0] !== undefined) throw skipped[0];
    const holds = contents.keys.length > 0 ? 'a private key, but no certificate' : 'no certificate';
    throw certificateError(
      `the ${contents.format} file contains ${holds}${unusedText(contents.unused)}`,
      contents.unused?.some(isRequest) === true
        ? requestRemedy
        : 'Give the certificate too: in the same file, or as `file` with the key as `keyFile`.',
    );
  }
  const holders = identities.filter(({ openKey }) => openKey !== undefined);
  // One of several keys may be locked, as long as it is not the only one.
  if (holders.length === 0 && lockedKeys[0] !== undefined) throw lockedKeys[0];
  if (holders.length === 0 && strayKeys > 0) {
    const place = contents.keyPlace === undefined ? '' : `${contents.keyPlace}: `;
    const one = identities.length === 1;
    throw certificateError(
      `${place}the private key does not belong to ${one ? 'the certificate' : 'one of the certificates'} ` +
        `of ${described(leaves(identities))}`,
      one
        ? 'Give the key of this certificate, or the certificate of this key.'
        : 'Give the key of one of these certificates, or the certificate of this key.',
    );
  }
  return holders;
}

/** Subject and serial number of at most three certificates. */
function described(identities: readonly Identity[]): string {
  const shown = identities
    .slice(0, 3)
    .map(({ info: { subject, serialNumber } }) => `${showText(subject, 200)} (serial number ${serialNumber})`);
  return `${shown.join(', ')}${identities.length > 3 ? ` and ${identities.length - 3} more` : ''}`;
}

async function chooseAmong(
  found: Identities,
  contents: Contents,
  purpose: Purpose | undefined,
): Promise<LoadedCertificate> {
  const holders = keyHolders(found, contents);
  if (holders.length === 0 && needsKey(purpose))
    throw found.skipped[0] ?? noKey(`the ${contents.format} file`, [], contents.unused);
  const loaded = await loadBest(holders.length > 0 ? holders : leaves(found.identities), purpose);
  if (loaded === undefined) throw certificateError('it contains no certificate', 'Give a file with a certificate.');
  return loaded;
}

/**
 * The certificates that did not issue another one here; all if none is left. Old roots do not state that they are
 * authorities.
 */
function leaves(identities: readonly Identity[]): readonly Identity[] {
  const others = identities.filter(({ certificate: { issuer, subject } }) => Buffer.compare(issuer, subject) !== 0);
  const issuers = new Set(others.map(({ certificate }) => certificate.info.issuer));
  const ends = identities.filter(
    ({ certificate }) => certificate.basicConstraints?.ca !== true && !issuers.has(certificate.info.subject),
  );
  return ends.length > 0 ? ends : identities;
}

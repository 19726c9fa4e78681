/**
 * `cache: true`: a loaded certificate is kept in the profile store, and loaded from there when its file or store cannot
 * be reached.
 * @module
 */
import { createEmailError, isEmailError, profileInvalid, reasonOf } from '../errors/email-error.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { ProfileStore } from '../model/store.js';
import { isBytes } from '../util/bytes.js';
import { children, contentOf, element, octetString, readElement, sequence, tag, text } from '../util/der.js';
import { certificateError } from './certificate-error.js';
import { openPrivateKey, publicHalf } from './formats/private-key.js';
import { loadCertificate } from './load-certificate.js';
import type { LoadContext } from './load-certificate.js';
import { parseCertificate } from './x509/certificate.js';

/** The place of the copy, and whether to renew it. */
export interface CacheContext extends LoadContext {
  readonly profileName: string;
  /** The profile's field, which is also the key of the copy. */
  readonly slot: string;
  /** Absent: ERR_PROFILE_INVALID if the source asks for a copy. */
  readonly store: Pick<ProfileStore, 'loadCached' | 'saveCached'> | undefined;
  /** Load from the source and replace the copy, as the test functions do. */
  readonly refresh?: boolean | undefined;
}

/**
 * Returns the copy, if it can be used and no refresh is requested; else loads from the source and stores the result as
 * the copy. A source without `cache` is loaded as usual. ERR_STORE if the store fails.
 */
export async function loadCertificateCached(
  source: CertificateSource,
  context: CacheContext,
): Promise<LoadedCertificate> {
  const { profileName, slot, store, refresh } = context;
  if (source.cache !== true) return loadCertificate(source, context);
  if (store === undefined)
    throw profileInvalid(`${slot}.cache`, 'needs a profileStore, in which the certificate is kept');
  if (refresh !== true) {
    const copy = await copyIn(store, profileName, slot);
    const loaded = copy === undefined ? undefined : await deserialize(copy, slot);
    // A copy made for another purpose may lack the key.
    if (loaded !== undefined && (loaded.privateKey !== undefined || context.purpose === 'encrypt')) return loaded;
  }
  const loaded = await loadCertificate(source, context);
  const copy = serialize(loaded, slot);
  await inStore('written', slot, () => store.saveCached(profileName, slot, copy));
  return loaded;
}

/** The stored copy; undefined if there is none. */
export async function copyIn(
  store: NonNullable<CacheContext['store']>,
  profileName: string,
  slot: string,
): Promise<Uint8Array | undefined> {
  const copy: unknown = await inStore('read', slot, () => store.loadCached(profileName, slot));
  if (copy === undefined || isBytes(copy)) return copy;
  throw createEmailError(
    'ERR_STORE',
    `The profile store returned a value that is not bytes for the cached certificate of ${slot}`,
    {
      remedy: 'loadCached() must return a Uint8Array, or undefined if there is none.',
    },
  );
}

/** Calls the store. A failure is ERR_STORE. */
export async function inStore<T>(what: 'read' | 'written', slot: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isEmailError(cause) && cause.code === 'ERR_STORE') throw cause;
    throw createEmailError('ERR_STORE', `The cached certificate of ${slot} could not be ${what}: ${reasonOf(cause)}`, {
      cause,
      remedy: 'Check the profile store, or leave `cache` out of the certificate.',
    });
  }
}

/**
 * The format of a copy: SEQUENCE { INTEGER 1, certificate, SEQUENCE OF certificate, [alias UTF8String], [key OCTET
 * STRING] }.
 */
const formatVersion = 1;

function serialize({ info, certificate, chain, privateKey }: LoadedCertificate, slot: string): Uint8Array {
  if (privateKey !== undefined && !isBytes(privateKey)) {
    throw certificateError(
      `${slot}: the private key cannot be exported from its device or store, so no copy can be kept`,
      'Leave `cache` out of this certificate.',
    );
  }
  return sequence(
    element(tag.integer, Buffer.of(formatVersion)),
    octetString(certificate),
    sequence(...chain.map(octetString)),
    ...(info.alias === undefined ? [] : [text(tag.utf8String, info.alias)]),
    ...(privateKey === undefined ? [] : [octetString(privateKey)]),
  );
}

async function deserialize(copy: Uint8Array, slot: string): Promise<LoadedCertificate> {
  try {
    const [version, certificate, chain, ...rest] = [...children(copy, readElement(copy, 0))];
    if (
      version?.tag !== tag.integer ||
      copy[version.start] !== formatVersion ||
      certificate === undefined ||
      chain === undefined
    )
      throw new RangeError('unknown form');
    const alias = rest.find((part) => part.tag === tag.utf8String);
    const key = rest.find((part) => part.tag === tag.octetString);
    const parsed = await parseCertificate(Buffer.from(contentOf(copy, certificate)));
    const privateKey = key === undefined ? undefined : Buffer.from(contentOf(copy, key));
    if (privateKey !== undefined && !publicHalf(openPrivateKey(privateKey)).equals(parsed.publicKey))
      throw new RangeError('the key does not belong to the certificate');
    return {
      info: {
        ...parsed.info,
        hasPrivateKey: key !== undefined,
        ...(alias === undefined ? {} : { alias: contentOf(copy, alias).toString('utf8') }),
      },
      certificate: parsed.der,
      chain: [...children(copy, chain)].map((part) => Buffer.from(contentOf(copy, part))),
      ...(privateKey === undefined ? {} : { privateKey }),
    };
  } catch (cause) {
    throw createEmailError('ERR_STORE', `The cached certificate of ${slot} is damaged: ${reasonOf(cause)}`, {
      cause,
      remedy: 'Run testSigning() or testConnection(), which make a new copy.',
    });
  }
}

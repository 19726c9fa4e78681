/**
 * The certificate functions of the entry `sealpost/smime`: they check the arguments, then call the loaders that
 * profiles use too.
 * @module
 */
import type {
  CertificateSource,
  CertificateStore,
  CertificateStoreReference,
  LoadedCertificate,
  StorePasswords,
} from '../model/certificate.js';
import { certificateSource, filePassword, storeReference } from '../profile/shape/certificate.js';
import { argumentsSubject, checked } from '../schema/check.js';
import { variant } from '../schema/combine.js';
import { object, optional, required } from '../schema/object.js';
import { isPlainObject, own } from '../schema/schema.js';
import { showText } from '../util/show.js';
import { identitiesOf } from './identities.js';
import { contentsOf, loadCertificate as load } from './load-certificate.js';
import { storeOf } from './stores/driver.js';
import type { StoreDriver } from './stores/driver.js';
import { openCertificateStore as open } from './stores/open-store.js';
import { hasOwn } from '../util/own.js';

const sourceSchema = object<{ source: CertificateSource }>({ source: required(certificateSource) });
const placeSchema = variant<CertificateStoreReference | CertificateSource>(
  'a store, or a certificate source',
  (value) =>
    isPlainObject(value) && ['file', 'data', 'select'].some((key) => own(value, key) !== undefined)
      ? certificateSource
      : storeReference,
);
const storeSchema = object<{ reference: CertificateStoreReference | CertificateSource; options: StorePasswords }>({
  reference: required(placeSchema),
  options: required(object<StorePasswords>({ password: optional(filePassword), keyPassword: optional(filePassword) })),
});

/**
 * Loads a certificate with its chain, and its key if there is one. ERR_PROFILE_INVALID lists the problems of `source`;
 * ERR_CERTIFICATE says why it cannot be loaded; ERR_SECRET names a password that cannot be resolved. Dates, usages and
 * the path are not checked.
 */
export async function loadCertificate(source: CertificateSource): Promise<LoadedCertificate> {
  return load(checked(sourceSchema, { source }, argumentsSubject).source, { slot: 'certificate' });
}

/**
 * Opens the store of a reference, or all certificates of a certificate source, for listing and loading. A source that
 * selects from a store gives that store; a store of your own is returned unchanged. Nothing is read yet. Passwords in
 * `options` take precedence over those of a source. ERR_PROFILE_INVALID lists the problems of the arguments;
 * ERR_CERTIFICATE says that the platform has no such store.
 */
export async function openCertificateStore(
  reference: CertificateStoreReference | CertificateSource,
  options: StorePasswords = {},
): Promise<CertificateStore> {
  const { reference: place, options: passwords } = checked(storeSchema, { reference, options }, argumentsSubject);
  if (!isSource(place)) return open(place, passwords);
  const { password = place.password, keyPassword = place.keyPassword } = passwords;
  return place.store === undefined
    ? storeOf(sourceDriver(place), { password, keyPassword })
    : open(place.store, { password, keyPassword });
}

function isSource(place: CertificateStoreReference | CertificateSource): place is CertificateSource {
  return typeof place === 'object' && (hasOwn(place, 'file') || hasOwn(place, 'data') || hasOwn(place, 'select'));
}

/** Every identity of a file or of bytes, in any format. */
function sourceDriver(source: Exclude<CertificateSource, { readonly select: unknown }>): StoreDriver {
  const place = source.file === undefined ? 'the certificate source' : showText(source.file, 300);
  return {
    place,
    entries: async ({ passwords, purpose, signal }) =>
      identitiesOf(await contentsOf(source, 'reference', passwords, { purpose, signal }), { signal }),
  };
}

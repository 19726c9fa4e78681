/** The certificate functions of the entry `sealpost/smime`: checked arguments, then the loaders that profiles use too. */
import type {
  CertificateSource,
  CertificateStore,
  CertificateStoreReference,
  LoadedCertificate,
  StorePasswords,
} from '../model/certificate.js';
import { certificateSource, filePassword, storeReference } from '../profile/shape/certificate.js';
import { argumentsSubject, checked } from '../schema/check.js';
import { object, optional, required } from '../schema/object.js';
import { loadCertificate as load } from './load-certificate.js';
import { openCertificateStore as open } from './stores/open-store.js';

const sourceSchema = object<{ source: CertificateSource }>({ source: required(certificateSource) });
const storeSchema = object<{ reference: CertificateStoreReference; options: StorePasswords }>({
  reference: required(storeReference),
  options: required(object<StorePasswords>({ password: optional(filePassword), keyPassword: optional(filePassword) })),
});

/**
 * A certificate with its chain, and its key where there is one. ERR_PROFILE_INVALID names what is wrong with `source`,
 * ERR_CERTIFICATE says why it cannot be loaded, ERR_SECRET which password cannot be had. Dates, usages and the path are not checked.
 */
export async function loadCertificate(source: CertificateSource): Promise<LoadedCertificate> {
  return load(checked(sourceSchema, { source }, argumentsSubject).source, { slot: 'certificate' });
}

/**
 * The store behind a reference, to list and to load from; one of your own is given back as it is. Nothing is read yet.
 * ERR_CERTIFICATE where the platform has no such store.
 */
export async function openCertificateStore(
  reference: CertificateStoreReference,
  options: StorePasswords = {},
): Promise<CertificateStore> {
  const checkedArguments = checked(storeSchema, { reference, options }, argumentsSubject);
  return open(checkedArguments.reference, checkedArguments.options);
}

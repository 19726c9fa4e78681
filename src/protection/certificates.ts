/**
 * The certificates of one profile: from their sources, or from the copies that its store keeps.
 *
 * @module
 */
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { RecipientCertificates } from '../model/settings/smime.js';
import type { ProfileStore } from '../model/store.js';
import type { LoadClientIdentity } from '../net/tls-identity.js';
import { loadBundleCached } from '../pki/cached-bundle.js';
import { loadCertificateCached } from '../pki/cached.js';
import type { Purpose } from '../pki/select.js';
import { tlsIdentityOf } from '../pki/tls-identity.js';
import { hasOwn } from '../util/own.js';

/** Where copies are kept (`cache: true`). */
export interface CertificatePlace {
  readonly profileName: string;
  readonly store: ProfileStore | undefined;
}

/** Loads certificates by the profile's fields that name them. */
export class ProfileCertificates {
  readonly #place: CertificatePlace;
  readonly #refresh: boolean;

  /** With `refresh` every copy is made anew from its source, as the test functions of a mailer want it. */
  constructor(place: CertificatePlace, refresh = false) {
    this.#place = place;
    this.#refresh = refresh;
  }

  /** The certificate that stands in the field `slot`, with the key that `purpose` needs. */
  async load(
    source: CertificateSource,
    slot: string,
    purpose: Purpose,
    signal?: AbortSignal,
  ): Promise<LoadedCertificate> {
    return await loadCertificateCached(source, { ...this.#place, slot, purpose, refresh: this.#refresh, signal });
  }

  /** Recipients' certificates of a source: the copy in its place if it has `cache: true`. */
  async bundle(source: RecipientCertificates, slot: string, signal: AbortSignal): Promise<RecipientCertificates> {
    if (!isCached(source)) return source;
    return await loadBundleCached(source, { ...this.#place, slot, refresh: this.#refresh, signal });
  }

  /** The reader of the TLS client certificate in the field `slot`. */
  clientIdentity(slot: string): LoadClientIdentity {
    return async (source) => tlsIdentityOf(await this.load(source, slot, 'client-auth'), slot);
  }
}

function isCached(source: RecipientCertificates): source is CertificateSource {
  return typeof source === 'object' && hasOwn(source, 'cache') && source.cache === true;
}

/**
 * Loads the certificates of one profile, from their sources or from the copies in its store.
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

/** The place of cached copies (`cache: true`). */
export interface CertificatePlace {
  readonly profileName: string;
  readonly store: ProfileStore | undefined;
}

/** Loads certificates by the fields of the profile. */
export class ProfileCertificates {
  readonly #place: CertificatePlace;
  readonly #refresh: boolean;

  /** With `refresh` every copy is renewed from its source, as the test functions of a mailer require. */
  constructor(place: CertificatePlace, refresh = false) {
    this.#place = place;
    this.#refresh = refresh;
  }

  /** The certificate in the field `slot`, with its key if `purpose` needs one. */
  async load(
    source: CertificateSource,
    slot: string,
    purpose: Purpose,
    signal?: AbortSignal,
  ): Promise<LoadedCertificate> {
    return await loadCertificateCached(source, { ...this.#place, slot, purpose, refresh: this.#refresh, signal });
  }

  /** A source of recipients' certificates; its copy if it has `cache: true`. */
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

/**
 * Certificates and S/MIME of one mailer. Their code is loaded on first use.
 * @module
 */
import type { AddressInput } from '../model/address.js';
import type { MailerOptions } from '../model/mailer.js';
import type { MessageProtector } from '../model/protection.js';
import type { SmimeReport } from '../model/report.js';
import type { LoadClientIdentity } from '../net/tls-identity.js';
import { resolveSmime } from '../profile/resolve.js';
import type { ResolvedProfile } from '../profile/resolve.js';
import type { ProfileProtection } from '../protection/profile-protection.js';

/** The test functions of a mailer. */
export interface SmimeTester {
  testSigning(signal: AbortSignal): Promise<SmimeReport>;
  testEncryption(recipients: AddressInput | readonly AddressInput[], signal: AbortSignal): Promise<SmimeReport>;
}

export class LateProtection implements SmimeTester {
  readonly #profile: ResolvedProfile;
  readonly #store: MailerOptions['profileStore'];
  #loaded: Promise<ProfileProtection> | undefined;

  constructor(profile: ResolvedProfile, store: MailerOptions['profileStore']) {
    this.#profile = profile;
    this.#store = store;
  }

  async protector(): Promise<MessageProtector> {
    return (await this.#load()).protector;
  }

  async testSigning(signal: AbortSignal): Promise<SmimeReport> {
    return (await this.#load()).testSigning(signal);
  }

  async testEncryption(recipients: AddressInput | readonly AddressInput[], signal: AbortSignal): Promise<SmimeReport> {
    return (await this.#load()).testEncryption(recipients, signal);
  }

  #load(): Promise<ProfileProtection> {
    const { name: profileName, sender, smime = resolveSmime() } = this.#profile;
    this.#loaded ??= import('../protection/protection.js').then(
      ({ ProfileProtection: Loaded }) => new Loaded(smime, sender.email, { profileName, store: this.#store }),
    );
    return this.#loaded;
  }
}

/** The place of a TLS client certificate in the profile, and of its cached copy. */
export interface IdentityPlace {
  readonly profileName: string;
  readonly store: MailerOptions['profileStore'];
  /** The path of the field in the profile. */
  readonly slot: string;
  /** Renews the cached copy. Default false. */
  readonly refresh?: boolean;
}

/** Makes the reader of a TLS client certificate. The certificate code is loaded only if the profile names one. */
export function clientIdentity({ slot, refresh, ...place }: IdentityPlace): LoadClientIdentity {
  return async (source) => {
    const { ProfileCertificates } = await import('../protection/protection.js');
    return await new ProfileCertificates(place, refresh).clientIdentity(slot)(source);
  };
}

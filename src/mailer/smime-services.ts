/** S/MIME of one mailer: where its certificates come from, and what can be said of them. Loaded code and certificates are kept. */
import { SharedValue } from '../async/shared-work.js';
import { parseAddress } from '../address/mailbox.js';
import type { CertificateAccess, FoundCertificates, Protector } from '../compose/protector.js';
import { isEmailError, profileInvalid } from '../errors/email-error.js';
import type { AddressInput } from '../model/address.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { MailerOptions } from '../model/mailer.js';
import type { EmailProfile } from '../model/profile.js';
import type { Warning } from '../model/reply.js';
import type { SmimeProblem, SmimeReport } from '../model/report.js';
import type { RecipientCertificates } from '../model/smime.js';
import type { LoadClientIdentity } from '../net/tls-contexts.js';
import type { Certificate } from '../pki/x509/certificate.js';
import type { RecipientCache } from '../pki/recipients/cache.js';
import type { ResolvedEncrypt, ResolvedSmime } from '../profile/resolve.js';
import { loadIdentity } from './client-identity.js';

/** The test functions of a mailer. */
export interface SmimeTester {
  testSigning(signal: AbortSignal): Promise<SmimeReport>;
  testEncryption(recipients: AddressInput | readonly AddressInput[], signal: AbortSignal): Promise<SmimeReport>;
}

/** Everything below is imported on first use: a profile without S/MIME does not pay for it. */
export class SmimeServices implements CertificateAccess, SmimeTester {
  readonly #profile: EmailProfile;
  readonly #smime: ResolvedSmime;
  readonly #store: MailerOptions['profileStore'];
  #protector: Promise<Protector> | undefined;
  #recipientCache: RecipientCache | undefined;
  readonly #encryption = new SharedValue<ResolvedEncrypt>();
  readonly #own = new SharedValue<Certificate | undefined>();

  constructor(profile: EmailProfile, smime: ResolvedSmime, store: MailerOptions['profileStore']) {
    this.#profile = profile;
    this.#smime = smime;
    this.#store = store;
  }

  /** The one protector of this mailer. */
  protector(): Promise<Protector> {
    this.#protector ??= import('./certificate-tools.js').then(({ Protector: Loaded }) => new Loaded(this.#smime, this));
    return this.#protector;
  }

  signingIdentity(signal: AbortSignal): Promise<LoadedCertificate> {
    return this.#load(this.#signSettings().certificate, 'smime.sign.certificate', 'sign', false, signal);
  }

  ownEncryptionCertificate(signal: AbortSignal): Promise<Certificate | undefined> {
    return this.#own.get(signal, (first) => this.#loadOwn(false, first));
  }

  async #loadOwn(refresh: boolean, signal: AbortSignal): Promise<Certificate | undefined> {
    const source = this.#smime.encrypt?.encryptToSelf;
    if (source === undefined) return undefined;
    const { parseCertificate } = await import('./certificate-tools.js');
    return parseCertificate(
      (await this.#load(source, 'smime.encrypt.encryptToSelf', 'encrypt', refresh, signal)).certificate,
    );
  }

  async recipients(addresses: readonly string[], signal: AbortSignal): Promise<FoundCertificates> {
    const { findRecipientCertificates } = await import('./certificate-tools.js');
    const settings = await this.#encryptSettings(signal);
    return findRecipientCertificates(addresses, settings, {
      cache: await this.#cache(),
      signal,
      identityFor: this.#identityFor(false),
    });
  }

  async testSigning(signal: AbortSignal): Promise<SmimeReport> {
    const settings = this.#signSettings();
    const { checkSigning, createSmimeReport } = await import('./certificate-tools.js');
    (await this.protector()).forget();
    try {
      const identity = await this.#loadForReport(settings.certificate, signal);
      return await checkSigning(identity, settings, this.#profile.sender.email, signal);
    } catch (error) {
      return createSmimeReport([], [], [notLoaded(error, signal)]);
    }
  }

  /** The identity that signs; where it lacks its key, the certificate alone, so that the report can say whose key is missing. */
  async #loadForReport(source: CertificateSource, signal: AbortSignal): Promise<LoadedCertificate> {
    try {
      return await this.#load(source, 'smime.sign.certificate', 'sign', true, signal);
    } catch (error) {
      const { loadCertificate } = await import('./certificate-tools.js');
      return await loadCertificate(source, { slot: 'smime.sign.certificate', signal }).catch(() =>
        Promise.reject(error as Error),
      );
    }
  }

  async testEncryption(recipients: AddressInput | readonly AddressInput[], signal: AbortSignal): Promise<SmimeReport> {
    const list: readonly AddressInput[] = isList(recipients) ? recipients : [recipients];
    const addresses = list.map((recipient, i) => parseAddress(recipient, `recipients.${i}`).email);
    this.#encryption.forget();
    this.#recipientCache = undefined;
    this.#own.forget();
    const { checkEncryption, createSmimeReport, lookUpRecipients, sourceWarningsOf } =
      await import('./certificate-tools.js');
    let settings: ResolvedEncrypt;
    let own: Certificate | undefined;
    try {
      settings = await this.#encryptSettings(signal, true);
      own = await this.#loadOwn(true, signal);
    } catch (error) {
      return createSmimeReport([], addresses, [notLoaded(error, signal)]);
    }
    const lookUps = await lookUpRecipients(addresses, settings, {
      cache: await this.#cache(),
      signal,
      identityFor: this.#identityFor(true),
    });
    const found = new Map(
      lookUps.flatMap(({ address, certificate }) => (certificate ? [[address, certificate] as const] : [])),
    );
    const reasons = new Map(
      lookUps.flatMap(({ address, reason }) => (reason === undefined ? [] : [[address, reason] as const])),
    );
    const report = await checkEncryption(addresses, found, settings, signal, reasons, own);
    const warnings = sourceWarningsOf(lookUps).map(problemOf);
    return createSmimeReport(report.certificates, report.missing, [...report.problems, ...warnings]);
  }

  #signSettings(): NonNullable<ResolvedSmime['sign']> {
    if (!this.#smime.sign) throw profileInvalid('smime.sign', 'the profile has no settings to sign with');
    return this.#smime.sign;
  }

  /** The settings, with sources that are cached in place of those that say so. */
  #encryptSettings(signal: AbortSignal, refresh = false): Promise<ResolvedEncrypt> {
    const { encrypt } = this.#smime;
    if (!encrypt) return Promise.reject(profileInvalid('smime.encrypt', 'the profile has no settings to encrypt with'));
    return this.#encryption.get(signal, (first) => this.#withCached(encrypt, refresh, first));
  }

  async #withCached(encrypt: ResolvedEncrypt, refresh: boolean, signal: AbortSignal): Promise<ResolvedEncrypt> {
    const { certificates } = encrypt;
    const list: readonly RecipientCertificates[] = isList(certificates) ? certificates : [certificates];
    if (!list.some(isCached)) return encrypt;
    const { loadBundleCached } = await import('./certificate-tools.js');
    const opened = list.map((source, i): Promise<RecipientCertificates> => {
      if (!isCached(source)) return Promise.resolve(source);
      const slot = `smime.encrypt.certificates${isList(certificates) ? `.${i}` : ''}`;
      return loadBundleCached(source, { profileName: this.#profile.name, slot, store: this.#store, refresh, signal });
    });
    return { ...encrypt, certificates: await Promise.all(opened) };
  }

  async #load(
    source: CertificateSource,
    slot: string,
    purpose: 'sign' | 'encrypt',
    refresh: boolean,
    signal: AbortSignal,
  ): Promise<LoadedCertificate> {
    const { loadCertificateCached } = await import('./certificate-tools.js');
    return loadCertificateCached(source, {
      profileName: this.#profile.name,
      slot,
      store: this.#store,
      purpose,
      refresh,
      signal,
    });
  }

  #identityFor(refresh: boolean): (slot: string) => LoadClientIdentity {
    return (slot) => loadIdentity(this.#profile.name, slot, this.#store, refresh);
  }

  async #cache(): Promise<RecipientCache> {
    const { RecipientCache: Loaded } = await import('./certificate-tools.js');
    this.#recipientCache ??= new Loaded();
    return this.#recipientCache;
  }
}

/** A certificate that cannot be read is what the tests are there to find; an abort and what is wrong in the profile is not. */
function notLoaded(error: unknown, signal: AbortSignal): SmimeProblem {
  if (signal.aborted || !isEmailError(error) || error.code === 'ERR_PROFILE_INVALID') throw error;
  return { severity: 'error', code: 'CERTIFICATE_NOT_LOADED', message: error.message, remedy: error.remedy };
}

/** A warning of a send as the reports tell it. */
function problemOf({ code, message }: Warning): SmimeProblem {
  return { severity: 'warning', code: code.replace(/^WARN_/, ''), message };
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function isCached(source: RecipientCertificates): source is CertificateSource {
  return typeof source === 'object' && 'cache' in source && source.cache === true;
}

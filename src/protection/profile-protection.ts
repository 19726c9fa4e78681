/**
 * S/MIME of one profile: its protector, and the test functions of a mailer.
 * @module
 */
import { parseAddress } from '../address/mailbox.js';
import { SharedValue } from '../async/shared-work.js';
import { isEmailError, profileInvalid } from '../errors/email-error.js';
import type { AddressInput } from '../model/address.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { Warning } from '../model/reply.js';
import type { SmimeProblem, SmimeReport } from '../model/report.js';
import type { RecipientCertificates } from '../model/settings/smime.js';
import { loadCertificate } from '../pki/load-certificate.js';
import { RecipientCache } from '../pki/recipients/cache.js';
import { findRecipientCertificates, lookUpRecipients, sourceWarningsOf } from '../pki/recipients/find.js';
import { parseCertificate } from '../pki/x509/certificate.js';
import type { Certificate } from '../pki/x509/certificate.js';
import type { ResolvedEncrypt, ResolvedSign, ResolvedSmime } from '../profile/resolve.js';
import { createSmimeReport } from '../smime/report-text.js';
import { checkEncryption, checkSigning } from '../smime/report.js';
import { ProfileCertificates } from './certificates.js';
import type { CertificatePlace } from './certificates.js';
import { Protector } from './protector.js';
import type { CertificateAccess, FoundCertificates } from './protector.js';

const signSlot = 'smime.sign.certificate';

/** The certificates of a profile are cached once they are loaded; the test functions reload them. */
export class ProfileProtection implements CertificateAccess {
  readonly protector: Protector;
  readonly #senderAddress: string;
  readonly #smime: ResolvedSmime;
  readonly #certificates: ProfileCertificates;
  /** The same certificates, renewing the copies in the store. */
  readonly #anew: ProfileCertificates;
  #recipientCache = new RecipientCache();
  readonly #encryption = new SharedValue<ResolvedEncrypt>();
  readonly #own = new SharedValue<Certificate | undefined>();

  constructor(smime: ResolvedSmime, senderAddress: string, place: CertificatePlace) {
    this.#smime = smime;
    this.#senderAddress = senderAddress;
    this.#certificates = new ProfileCertificates(place);
    this.#anew = new ProfileCertificates(place, true);
    this.protector = new Protector(smime, this);
  }

  signingIdentity(signal: AbortSignal): Promise<LoadedCertificate> {
    return this.#certificates.load(this.#signSettings().certificate, signSlot, 'sign', signal);
  }

  ownEncryptionCertificate(signal: AbortSignal): Promise<Certificate | undefined> {
    return this.#own.get(signal, (shared) => this.#loadOwn(this.#certificates, shared));
  }

  async recipients(addresses: readonly string[], signal: AbortSignal): Promise<FoundCertificates> {
    return await findRecipientCertificates(addresses, await this.#encryptSettings(this.#certificates, signal), {
      cache: this.#recipientCache,
      signal,
      identityFor: (slot) => this.#certificates.clientIdentity(slot),
    });
  }

  /** Tests whether the profile's identity can sign. */
  async testSigning(signal: AbortSignal): Promise<SmimeReport> {
    const settings = this.#smime.sign;
    if (settings === undefined) return createSmimeReport([], [], [noSigning]);
    this.protector.forget();
    try {
      const identity = await this.#loadForReport(settings.certificate, signal);
      return await checkSigning(identity, settings, this.#senderAddress, signal);
    } catch (error) {
      return createSmimeReport([], [], [notLoaded(error, signal)]);
    }
  }

  /** The identity that signs. If its key is missing, only the certificate, so that the report can name it. */
  async #loadForReport(source: CertificateSource, signal: AbortSignal): Promise<LoadedCertificate> {
    try {
      return await this.#anew.load(source, signSlot, 'sign', signal);
    } catch (error) {
      const alone = await loadCertificate(source, { slot: signSlot, signal }).catch(() => undefined);
      if (alone === undefined) throw error;
      return alone;
    }
  }

  /** Tests whether a message can be encrypted for these recipients. */
  async testEncryption(recipients: AddressInput | readonly AddressInput[], signal: AbortSignal): Promise<SmimeReport> {
    const list: readonly AddressInput[] = isList(recipients) ? recipients : [recipients];
    const addresses = list.map((recipient, i) => parseAddress(recipient, `recipients.${i}`).email);
    if (this.#smime.encrypt === undefined) return createSmimeReport([], addresses, [noEncryption]);
    this.#encryption.forget();
    this.#own.forget();
    this.#recipientCache = new RecipientCache();
    let settings: ResolvedEncrypt;
    let own: Certificate | undefined;
    try {
      settings = await this.#encryptSettings(this.#anew, signal);
      own = await this.#loadOwn(this.#anew, signal);
    } catch (error) {
      return createSmimeReport([], addresses, [notLoaded(error, signal)]);
    }
    const lookUps = await lookUpRecipients(addresses, settings, {
      cache: this.#recipientCache,
      signal,
      identityFor: (slot) => this.#anew.clientIdentity(slot),
    });
    const report = await checkEncryption(lookUps, settings, signal, own);
    const warnings = sourceWarningsOf(lookUps).map(problemOf);
    return createSmimeReport(report.certificates, report.missing, [...report.problems, ...warnings]);
  }

  #signSettings(): ResolvedSign {
    if (!this.#smime.sign) throw profileInvalid('smime.sign', 'the profile has no settings for signing');
    return this.#smime.sign;
  }

  /** The settings, with cached copies instead of the sources that have `cache: true`. */
  async #encryptSettings(certificates: ProfileCertificates, signal: AbortSignal): Promise<ResolvedEncrypt> {
    const { encrypt } = this.#smime;
    if (!encrypt) throw profileInvalid('smime.encrypt', 'the profile has no settings for encryption');
    return await this.#encryption.get(signal, async (shared) => {
      const given: RecipientCertificates | readonly RecipientCertificates[] = encrypt.certificates;
      const slot = 'smime.encrypt.certificates';
      const opened = isList(given)
        ? await Promise.all(given.map((source, i) => certificates.bundle(source, `${slot}.${i}`, shared)))
        : await certificates.bundle(given, slot, shared);
      return { ...encrypt, certificates: opened };
    });
  }

  async #loadOwn(certificates: ProfileCertificates, signal: AbortSignal): Promise<Certificate | undefined> {
    const source = this.#smime.encrypt?.encryptToSelf;
    if (source === undefined) return undefined;
    const loaded = await certificates.load(source, 'smime.encrypt.encryptToSelf', 'encrypt', signal);
    return await parseCertificate(loaded.certificate);
  }
}

const noSigning: SmimeProblem = Object.freeze({
  severity: 'error',
  code: 'SETTINGS_MISSING',
  message: 'The profile has no settings for signing.',
  remedy: 'Set smime.sign.certificate in the profile.',
});
const noEncryption: SmimeProblem = Object.freeze({
  severity: 'error',
  code: 'SETTINGS_MISSING',
  message: 'The profile has no settings for encryption.',
  remedy: 'Set smime.encrypt.certificates in the profile.',
});

/** The tests report a certificate that cannot be read. An abort and an invalid profile are errors instead. */
function notLoaded(error: unknown, signal: AbortSignal): SmimeProblem {
  if (signal.aborted || !isEmailError(error) || error.code === 'ERR_PROFILE_INVALID') throw error;
  return { severity: 'error', code: 'CERTIFICATE_NOT_LOADED', message: error.message, remedy: error.remedy };
}

/** Turns a warning of a send into a problem of a report. */
function problemOf({ code, message }: Warning): SmimeProblem {
  return { severity: 'warning', code: code.replace(/^WARN_/, ''), message };
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

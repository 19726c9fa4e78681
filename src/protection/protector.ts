/**
 * Signs and encrypts messages. It is prepared once for a profile and called once per message.
 * @module
 */
import { SharedValue } from '../async/shared-work.js';
import { createEmailError, messageInvalid } from '../errors/email-error.js';
import type { LoadedCertificate } from '../model/certificate.js';
import type { RenderedEntity } from '../model/entity.js';
import type { MailMessage } from '../model/message.js';
import type {
  MessageAddresses,
  MessageProtection,
  MessageProtector,
  SealedMessage,
  WrittenField,
} from '../model/protection.js';
import type { Warning } from '../model/reply.js';
import type { Certificate } from '../pki/x509/certificate.js';
import type { ResolvedSign, ResolvedSmime } from '../profile/resolve.js';
import { prepareEncrypter } from '../smime/encrypt/encrypter.js';
import type { EntityEncrypter } from '../smime/encrypt/encrypter.js';
import { protectHeader } from '../smime/entity/header-protection.js';
import { prepareSigner } from '../smime/sign/signer.js';
import type { EntitySigner } from '../smime/sign/signer.js';

/** A certificate for every recipient, with warnings. ERR_CERTIFICATE_MISSING names all recipients without one. */
export interface FoundCertificates {
  readonly byAddress: ReadonlyMap<string, Certificate>;
  readonly warnings: readonly Warning[];
}

/** The source of certificates for the protector; the mailer binds it to profile, store and cache. */
export interface CertificateAccess {
  signingIdentity(signal: AbortSignal): Promise<LoadedCertificate>;
  ownEncryptionCertificate(signal: AbortSignal): Promise<Certificate | undefined>;
  recipients(addresses: readonly string[], signal: AbortSignal): Promise<FoundCertificates>;
}

/** The signer and encrypter of one copy of a message. */
interface Tools {
  readonly signer: EntitySigner | undefined;
  readonly encrypter: EntityEncrypter | undefined;
  readonly certificates: readonly Certificate[];
}

/** Signs and encrypts the messages of a profile. */
export class Protector implements MessageProtector {
  readonly #smime: ResolvedSmime;
  readonly #access: CertificateAccess;
  readonly #encrypter: EntityEncrypter | undefined;
  readonly #signer = new SharedValue<EntitySigner>();

  constructor(smime: ResolvedSmime, access: CertificateAccess) {
    this.#smime = smime;
    this.#access = access;
    this.#encrypter = smime.encrypt && prepareEncrypter(smime.encrypt);
  }

  /** Should this message be signed and encrypted? The profile decides, unless the message switches it off. */
  wanted(message: MailMessage): { readonly sign: boolean; readonly encrypt: boolean } {
    const wants = (what: 'sign' | 'encrypt'): boolean => {
      const configured = this.#smime[what] !== undefined;
      if (message.smime?.[what] && !configured)
        throw messageInvalid(`smime.${what}`, `the profile has no smime.${what} settings`);
      return message.smime?.[what] ?? configured;
    };
    return { sign: wants('sign'), encrypt: wants('encrypt') };
  }

  /** Finds all certificates before anything is sent. undefined if the message is neither signed nor encrypted. */
  async protect(
    message: MailMessage,
    { senders, recipients, visible }: MessageAddresses,
    signal: AbortSignal,
  ): Promise<MessageProtection | undefined> {
    const { sign, encrypt } = this.wanted(message);
    if (!sign && !encrypt) return undefined;
    const signer = sign && this.#smime.sign ? await this.#openSigner(this.#smime.sign, signal) : undefined;
    const warnings = signer === undefined ? [] : [...signer.warnings, ...signer.addressWarnings(senders)];
    if (!encrypt || !this.#encrypter) {
      const tools: Tools = { signer, encrypter: undefined, certificates: [] };
      return {
        groups: [recipients],
        warnings,
        seal: (entity, fields, _to, at) => this.#seal(entity, fields, tools, at),
      };
    }
    const found = await this.#access.recipients(recipients, signal);
    const own = await this.#access.ownEncryptionCertificate(signal);
    const reachable = recipients.filter((address) => found.byAddress.has(address));
    if (reachable.length === 0) throw noCertificates(recipients);
    const certificatesOf = (addresses: readonly string[]): Certificate[] => {
      const certificates = addresses.flatMap((address) => found.byAddress.get(address) ?? []);
      return own ? [...certificates, own] : certificates;
    };
    const encrypter = this.#encrypter;
    return {
      groups: groupsOf(reachable, visible),
      warnings: [...warnings, ...found.warnings, ...encrypter.warnings(certificatesOf(reachable))],
      seal: (entity, fields, to, at) =>
        this.#seal(entity, fields, { signer, encrypter, certificates: certificatesOf(to) }, at),
    };
  }

  /** Forgets the loaded identity, so that the next message loads it again. */
  forget(): void {
    this.#signer.forget();
  }

  #openSigner(settings: ResolvedSign, signal: AbortSignal): Promise<EntitySigner> {
    return this.#signer.get(signal, async (first) =>
      prepareSigner(await this.#access.signingIdentity(first), settings),
    );
  }

  async #seal(
    entity: RenderedEntity,
    fields: readonly WrittenField[],
    { signer, encrypter, certificates }: Tools,
    signal: AbortSignal,
  ): Promise<SealedMessage> {
    const { headerProtection } = this.#smime;
    let inner = entity;
    let outer = fields;
    if (headerProtection !== 'none') {
      const hide = headerProtection === 'hide-subject' && encrypter !== undefined;
      ({ inner, outer } = protectHeader(entity, fields, encrypter !== undefined, hide));
    }
    if (signer) inner = await signer.sign(inner, signal);
    if (encrypter) inner = await encrypter.encrypt(inner, certificates, signal);
    return { fields: outer, entity: inner };
  }
}

/** The copy of a blind recipient is encrypted only for that recipient, so that no recipient info reveals them. */
function groupsOf(recipients: readonly string[], visible: ReadonlySet<string>): (readonly string[])[] {
  const shown = recipients.filter((address) => visible.has(address));
  const blind = recipients.filter((address) => !visible.has(address)).map((address) => [address]);
  return shown.length > 0 ? [shown, ...blind] : blind;
}

function noCertificates(recipients: readonly string[]): Error {
  return createEmailError('ERR_CERTIFICATE_MISSING', 'No recipient has a usable certificate; nothing was sent', {
    recipients: recipients.map((recipient) => ({ recipient, reason: 'no usable certificate' })),
  });
}

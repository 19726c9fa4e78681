/**
 * The functions of the entry `sealpost/smime`: whole messages in memory, in and out.
 */
import { allowManyListeners, createAbortController } from '../async/abort-controller.js';
import { createEmailError } from '../errors/email-error.js';
import type { CertificateData, CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { SmimeEncryptSettings, SmimeSignSettings } from '../model/smime.js';
import { loadCertificate } from '../pki/load-certificate.js';
import { validatePath } from '../pki/path/path.js';
import { parseCertificate } from '../pki/x509/certificate.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import {
  checkBytes,
  checkCertificates,
  checkEncryptSettings,
  checkMoment,
  checkSignSettings,
  checkSource,
} from './arguments.js';
import { certificatesOf, trustDataOf } from './certificate-data.js';
import { oids } from './cms/algorithms.js';
import { readContentInfo, readSignedData } from './cms/signed-data-reader.js';
import { smimeError } from './cms/smime-error.js';
import { decryptContent } from './decrypt/content-decryption.js';
import type { RecipientKey } from './decrypt/content-key.js';
import { prepareEncrypter } from './encrypt/encrypter.js';
import { findSmime, messageHead, splitMessage } from './entity/message.js';
import { Known } from './known.js';
import { readPrivateKey } from './sign/private-key.js';
import { prepareSigner } from './sign/signer.js';
import { checkSignatures } from './verify/signature-check.js';
import type { SignatureResult } from './verify/signature-check.js';

/** How `verify` judges signers. */
export interface VerifyOptions {
  /**
   * Paths must end in one of these; absent: nothing is trusted. Revocation lists (PEM `X509 CRL`, DER) may be among them. Where there
   * are lists, here or in the message, each certificate below the anchor must have its status in one that is valid at `at`.
   */
  readonly trustAnchors?: readonly CertificateData[] | undefined;
  /** When certificates must be valid. Default now: the time that a signature says is the signer's word only. */
  readonly at?: Date | undefined;
}

/** What was verified. */
export interface VerifyResult {
  /** The entity that was signed, with its header fields: nothing of the message outside it is covered by a signature. */
  readonly content: Uint8Array;
  /** One for each signature. */
  readonly signatures: readonly SignatureResult[];
}

/** What was decrypted. */
export interface DecryptResult {
  /** The entity that was encrypted, with its header fields. */
  readonly content: Uint8Array;
  /** `aes-256-cbc` and the like. CBC does not protect the content from being altered; GCM and a signature inside do. */
  readonly algorithm: string;
}

/**
 * Signs a message, or an entity: Content-* fields go inside, others stay outside.
 *
 * ERR_CERTIFICATE where the certificate cannot be used, ERR_SMIME where the content is not fit for signing, ERR_PROFILE_INVALID where an
 * argument is not as documented; so do the others below.
 */
export async function sign(entity: Uint8Array, settings: SmimeSignSettings): Promise<Uint8Array> {
  checkBytes(entity, 'entity');
  const signer = await known.signer(settings, async () => {
    checkSignSettings(settings);
    return prepareSigner(await loadCertificate(settings.certificate, { purpose: 'sign' }), settings);
  });
  const { outer, entity: inner } = splitMessage(entity);
  return signer.signBytes(inner, never, (fields) => messageHead(outer, fields));
}

const known = new Known();

/** Nothing here can be aborted. External keys listen to it, any number of them at once. */
const never = createAbortController().signal;
allowManyListeners(never);

/**
 * Encrypts a message, or an entity, for all of the certificates (PEM text or DER): Content-* fields go inside, others stay outside, in
 * plain text.
 *
 * ERR_CERTIFICATE where one of them cannot be used.
 */
export async function encrypt(
  entity: Uint8Array,
  certificates: readonly (string | Uint8Array)[],
  settings: Omit<SmimeEncryptSettings, 'certificates'> = {},
): Promise<Uint8Array> {
  checkBytes(entity, 'entity');
  checkCertificates(certificates, 'certificates', false);
  checkEncryptSettings(settings);
  const given = await Promise.all(certificates.map(givenCertificates));
  const recipients = given.flatMap(leavesOf);
  if (settings.trustAnchors !== undefined) await refuseUntrusted(recipients, given.flat(), settings.trustAnchors);
  if (settings.encryptToSelf !== undefined) {
    const own = await loadCertificate(settings.encryptToSelf, { slot: 'encryptToSelf', purpose: 'encrypt' });
    recipients.push(await parseCertificate(own.certificate));
  }
  const { outer, entity: inner } = splitMessage(entity);
  const encrypter = known.encrypter(settings, () => prepareEncrypter(settings));
  return encrypter.encryptBytes(inner, recipients, (fields) => messageHead(outer, fields));
}

function givenCertificates(given: string | Uint8Array): Promise<readonly Certificate[]> {
  return typeof given === 'string' ? known.certificates(given, () => certificatesOf(given)) : certificatesOf(given);
}

/** Of a certificate that comes with those of its issuers, the one that is meant. */
function leavesOf(bundle: readonly Certificate[]): readonly Certificate[] {
  const leaves = bundle.filter(({ basicConstraints }) => basicConstraints?.ca !== true);
  return leaves.length > 0 ? leaves : bundle;
}

async function refuseUntrusted(
  recipients: readonly Certificate[],
  intermediates: readonly Certificate[],
  trustAnchors: readonly CertificateData[],
): Promise<void> {
  const trust = await trustDataOf(trustAnchors);
  const at = new Date();
  for (const recipient of recipients) {
    const { problem } = validatePath(recipient, {
      ...trust,
      intermediates,
      at,
      keyUsages: ['keyEncipherment', 'keyAgreement'],
    });
    if (problem !== undefined) {
      throw createEmailError(
        'ERR_CERTIFICATE',
        `The certificate of ${showText(recipient.info.subject)} is not trusted: ${problem}.`,
        {
          remedy: 'Check the certificate with its owner, or name the authority that issued it in trustAnchors.',
        },
      );
    }
  }
}

/**
 * Checks the signatures of a message, detached or opaque. `valid` (mathematics) is apart from `trusted` (a path to a trust anchor).
 *
 * ERR_SMIME where the message is not signed or not well-formed.
 */
export async function verify(message: Uint8Array, options: VerifyOptions = {}): Promise<VerifyResult> {
  checkBytes(message, 'message');
  const { trustAnchors = [], at = new Date() } = options;
  checkCertificates(trustAnchors, 'trustAnchors', true);
  checkMoment(at, 'at');
  const found = findSmime(message);
  if (found === undefined) throw notSigned('The message is not signed.');
  const { type, content } = readContentInfo(found.kind === 'detached' ? found.signature : found.cms);
  if (type !== oids.signedData) {
    const isEncrypted = type === oids.envelopedData || type === oids.authEnvelopedData;
    throw notSigned(
      isEncrypted
        ? 'The message is encrypted; a signature may be inside.'
        : `The message holds CMS of type ${type}, which is not signed data.`,
    );
  }
  const data = readSignedData(content);
  if (data.signers.length === 0) throw notSigned('The message holds certificates, but no signature.');
  const contents = found.kind === 'detached' ? found.contents : data.content === undefined ? [] : [data.content];
  if (contents.length === 0) throw notSigned('The signature stands alone: what it signs is not in the message.');
  const trust = await trustDataOf(trustAnchors);
  const checked = await checkSignatures(data, contents, { ...trust, at });
  return { content: checked.content, signatures: checked.results };
}

function notSigned(message: string): Error {
  return smimeError(message, 'Give a multipart/signed message, or application/pkcs7-mime with signed data.');
}

/**
 * Decrypts a message with the recipient's certificate and key.
 *
 * ERR_SMIME where it is not encrypted, not for this certificate, or cannot be decrypted; the text of the last is always the same.
 */
export async function decrypt(message: Uint8Array, recipient: CertificateSource): Promise<DecryptResult> {
  checkBytes(message, 'message');
  checkSource(recipient, 'recipient');
  const found = findSmime(message);
  if (found?.kind !== 'cms')
    throw smimeError('The message is not encrypted.', 'Give a message of type application/pkcs7-mime.');
  const own = await recipientKey(await loadCertificate(recipient));
  return decryptContent(found.cms, own, never);
}

/** The certificate with what decrypts for it. ERR_CERTIFICATE where there is no key. */
export async function recipientKey(loaded: LoadedCertificate): Promise<RecipientKey> {
  const certificate = await parseCertificate(loaded.certificate);
  const { privateKey } = loaded;
  if (privateKey === undefined) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `There is no private key for the certificate of ${showText(certificate.info.subject)}.`,
      {
        remedy: 'Name the key beside the certificate (keyFile, key), or use a file or store that holds both.',
      },
    );
  }
  return { certificate, key: isBytes(privateKey) ? readPrivateKey(privateKey) : privateKey };
}

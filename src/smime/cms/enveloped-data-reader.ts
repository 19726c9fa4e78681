/**
 * Reads EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083) from other programs.
 * @module
 */
import { tag } from '../../util/der.js';
import { cipherOids, cmsOids } from '../../util/oids.js';
import { contentCipherByOid, rc2ByVersion } from './algorithms.js';
import type { ContentCipher } from './algorithms.js';
import { BerFields, berInteger, berOctets, berRetagged, berWhole, octetTags } from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';
import { Budget } from './budget.js';
import { readCertificateId } from './certificate-id.js';
import type { CertificateId } from './certificate-id.js';
import { smimeError } from './smime-error.js';

/** A key that is encrypted for an RSA key. */
export interface KeyTransport {
  readonly kind: 'transport';
  readonly id: CertificateId;
  readonly algorithm: string;
  readonly parameters: BerElement | undefined;
  readonly encryptedKey: Buffer;
}

/** A key that is wrapped with an agreed one. */
export interface KeyAgreement {
  readonly kind: 'agreement';
  readonly id: CertificateId;
  readonly algorithm: string;
  /** AlgorithmIdentifier of the key wrap, unchanged. */
  readonly wrap: BerElement;
  /** AlgorithmIdentifier and BIT STRING of the sender's ephemeral key; undefined if it is named, not given. */
  readonly originator: { readonly algorithm: BerElement; readonly point: BerElement } | undefined;
  readonly ukm: Buffer | undefined;
  readonly encryptedKey: Buffer;
}

/** A recipient's encrypted form of the content-encryption key. */
export type Recipient = KeyTransport | KeyAgreement;

/** An encrypted content. */
export interface EncryptedMessage {
  readonly recipients: readonly Recipient[];
  readonly cipher: ContentCipher;
  readonly iv: Buffer;
  /** The tag of GCM. */
  readonly tag: Buffer | undefined;
  /** SET of the authenticated attributes, which the tag covers too. */
  readonly associatedData: Buffer | undefined;
  readonly ciphertext: Buffer;
}

/**
 * Reads an EnvelopedData or AuthEnvelopedData. BerError if it is malformed, ERR_SMIME if it is over a limit or of an
 * unsupported algorithm.
 */
export function readEncrypted(type: string, element: BerElement, budget: Budget = new Budget()): EncryptedMessage {
  const fields = new BerFields(element);
  berInteger(fields.required(tag.integer));
  fields.optional(0xa0); // originator info
  const recipients: Recipient[] = [];
  for (const info of budget.children(fields.required(tag.set), 'recipient infos'))
    for (const recipient of readRecipient(info, budget)) recipients.push(recipient);
  const content = new BerFields(fields.required(tag.sequence));
  content.oid();
  const algorithm = new BerFields(content.required(tag.sequence));
  const name = algorithm.oid();
  const rc2 = name === cipherOids.rc2Cbc ? new BerFields(algorithm.required(tag.sequence)) : undefined;
  const cipher =
    rc2 === undefined ? contentCipherByOid.get(name) : rc2ByVersion.get(berInteger(rc2.required(tag.integer)));
  const isAuthenticated = type === cmsOids.authEnvelopedData;
  if (cipher === undefined) {
    throw smimeError(
      `The message is encrypted with the algorithm ${name}, which is not supported.`,
      'Ask the sender to encrypt with AES in CBC mode, which every program reads.',
    );
  }
  if ((cipher.mode === 'gcm') !== isAuthenticated) throw wrongStructure(cipher);
  const parameters = readParameters(cipher, rc2 ?? algorithm);
  const ciphertext = berOctets(content.required(0x80, 0xa0));
  if (rc2 !== undefined) budget.take('octets encrypted with RC2', ciphertext.length);
  const attributes = isAuthenticated ? fields.optional(0xa1) : undefined;
  const mac = isAuthenticated ? berOctets(fields.required(...octetTags)) : undefined;
  if (mac !== undefined && mac.length !== parameters.tagBytes)
    throw smimeError('The authentication tag of the message has a wrong length.');
  return {
    recipients,
    cipher,
    iv: parameters.iv,
    tag: mac,
    associatedData: attributes === undefined ? undefined : berRetagged(attributes, tag.set),
    ciphertext,
  };
}

/**
 * Some programs use GCM in a structure that has no place for its tag (RFC 5084 section 1.1 requires AuthEnvelopedData).
 */
function wrongStructure({ name, mode }: ContentCipher): Error {
  return mode === 'gcm'
    ? smimeError(
        `The message is encrypted with ${name} in EnvelopedData, which cannot contain the tag that protects ` +
          'the content from being altered.',
        'Ask the sender to use AuthEnvelopedData (RFC 5083, 5084) with GCM, or AES in CBC mode.',
      )
    : smimeError(
        `The message is encrypted with ${name} in AuthEnvelopedData, which is made for GCM.`,
        'Ask the sender to use EnvelopedData with CBC, or AES in GCM mode.',
      );
}

function readParameters(
  cipher: ContentCipher,
  algorithm: BerFields,
): { readonly iv: Buffer; readonly tagBytes: number } {
  if (cipher.mode === 'cbc') {
    const iv = berOctets(algorithm.required(...octetTags));
    if (iv.length !== cipher.ivBytes)
      throw smimeError(`The initialization vector of the message has ${iv.length} octets, not ${cipher.ivBytes}.`);
    return { iv, tagBytes: 0 };
  }
  const gcm = new BerFields(algorithm.required(tag.sequence));
  const iv = berOctets(gcm.required(...octetTags));
  const length = gcm.optional(tag.integer);
  const tagBytes = length === undefined ? 12 : berInteger(length); // RFC 5084 section 3.2
  if (tagBytes < 12 || tagBytes > 16 || iv.length === 0 || iv.length > 64)
    throw smimeError('The GCM parameters of the message are out of bounds.');
  return { iv, tagBytes };
}

/** The recipients of a RecipientInfo. Kinds that are not read (passwords, shared keys, others) have none. */
function readRecipient(element: BerElement, budget: Budget): readonly Recipient[] {
  if (element.tag === 0xa1) return readAgreement(new BerFields(element, 0xa1), budget);
  budget.take('recipients');
  return element.tag === tag.sequence ? [readTransport(new BerFields(element))] : [];
}

function readTransport(fields: BerFields): KeyTransport {
  berInteger(fields.required(tag.integer));
  const id = readCertificateId(fields.required(tag.sequence, 0x80, 0xa0));
  const algorithm = new BerFields(fields.required(tag.sequence));
  return {
    kind: 'transport',
    id,
    algorithm: algorithm.oid(),
    parameters: algorithm.any(),
    encryptedKey: berOctets(fields.required(...octetTags)),
  };
}

function readAgreement(fields: BerFields, budget: Budget): readonly KeyAgreement[] {
  berInteger(fields.required(tag.integer));
  const originator = readOriginator(
    new BerFields(fields.required(0xa0), 0xa0).required(tag.sequence, 0x80, 0xa0, 0xa1),
  );
  const ukm = fields.optional(0xa1);
  const scheme = new BerFields(fields.required(tag.sequence));
  const common = {
    kind: 'agreement',
    originator,
    ukm: ukm === undefined ? undefined : berOctets(new BerFields(ukm, 0xa1).required(...octetTags)),
    algorithm: scheme.oid(),
    wrap: scheme.required(tag.sequence),
  } as const;
  const entries: KeyAgreement[] = [];
  for (const element of budget.children(fields.required(tag.sequence), 'recipients')) {
    const entry = new BerFields(element);
    const id = readAgreementId(entry.required(tag.sequence, 0xa0));
    entries.push({ ...common, id, encryptedKey: berOctets(entry.required(...octetTags)) });
  }
  return entries;
}

function readOriginator(field: BerElement): KeyAgreement['originator'] {
  if (field.tag !== 0xa1) return undefined;
  const fields = new BerFields(field, 0xa1);
  return { algorithm: fields.required(tag.sequence), point: fields.required(tag.bitString) };
}

/** A KeyAgreeRecipientIdentifier, which has its key identifier inside a [0] RecipientKeyIdentifier. */
function readAgreementId(field: BerElement): CertificateId {
  if (field.tag === tag.sequence) return readCertificateId(field);
  return { keyIdentifier: berOctets(new BerFields(field, 0xa0).required(...octetTags)) };
}

/** The AlgorithmIdentifier of a key wrap: its name, and its bytes for the key derivation. */
export function wrapName(wrap: BerElement): { readonly oid: string; readonly der: Buffer } {
  return { oid: new BerFields(wrap).oid(), der: berWhole(wrap) };
}

/**
 * Parses an X.509 certificate (RFC 5280) once: its fields, and slices of its original bytes, by which signatures and
 * issuers are compared.
 * @module
 */
import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { reasonOf } from '../../errors/email-error.js';
import type { CertificateInfo } from '../../model/certificate.js';
import { children, contentOf, oidText, readElement, tag, wholeOf } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { nameOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { certificateError } from '../certificate-error.js';
import { nameParts, nameText } from './distinguished-name.js';
import type { NameParts } from './distinguished-name.js';
import { readExtensions } from './extensions.js';
import type { CertificateExtensions } from './extensions.js';
import { readPublicKeyKind } from './public-key.js';
import type { PublicKeyKind } from './public-key.js';
import { readTime } from './time.js';

/** An AlgorithmIdentifier. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  /** DER of the parameters; undefined if absent. */
  readonly parameters: Uint8Array | undefined;
  /** DER of the whole. */
  readonly der: Uint8Array;
}

/** A certificate. All byte fields are views of `der`. */
export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array;
  /** The fields for people. */
  readonly info: Omit<CertificateInfo, 'hasPrivateKey' | 'alias'>;
  readonly version: 1 | 2 | 3;
  /** TBSCertificate (DER), which the signature covers. */
  readonly tbs: Uint8Array;
  /** Content octets of the serial number, unchanged. */
  readonly serialNumber: Uint8Array;
  /** Name (DER). */
  readonly issuer: Uint8Array;
  /** Name (DER). */
  readonly subject: Uint8Array;
  readonly subjectParts: NameParts;
  /** SubjectPublicKeyInfo (DER). */
  readonly spki: Uint8Array;
  /** The kind of key. It is read without `publicKey`, so it is known even for kinds that OpenSSL does not support. */
  readonly key: PublicKeyKind;
  /** Made on first use; ERR_CERTIFICATE if this kind of key is not supported. */
  readonly publicKey: KeyObject;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** The algorithm inside `tbs`, which must equal the one outside (RFC 5280 section 4.1.1.2). */
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  /** Octets of the signature. */
  readonly signature: Uint8Array;
  /** rfc822Name and SmtpUTF8Mailbox entries, else the subject's emailAddress. */
  readonly emails: readonly string[];
}

/** Larger than any real certificate. */
const maxCertificateBytes = 1 << 20;

const emailAddressType = nameOids.emailAddress;

/** Parses a DER certificate. ERR_CERTIFICATE names the fault and the byte. */
export async function parseCertificate(der: Uint8Array): Promise<Certificate> {
  try {
    if (der.length > maxCertificateBytes)
      throw new RangeError(`it has ${der.length} bytes, more than ${maxCertificateBytes}`);
    return readCertificate(der);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw certificateError(
      `not a readable certificate: ${reasonOf(error)}`,
      'Give an X.509 certificate in DER or PEM form.',
      error,
    );
  }
}

function readCertificate(der: Uint8Array): Certificate {
  const outer = expect(readElement(der, 0), tag.sequence, 'a certificate');
  if (outer.end !== der.length)
    throw new RangeError(`${der.length - outer.end} bytes after the end at byte ${outer.end}`);
  const [tbs, outerAlgorithm, signature] = [...children(der, outer)];
  const fields = [...children(der, expect(tbs, tag.sequence, 'tbsCertificate'))];
  const version = fields[0]?.tag === 0xa0 ? readVersion(der, fields.shift()) : 1;
  const [serial, algorithm, issuer, validity, subject, spki, ...rest] = fields;
  const [notBefore, notAfter] = [...children(der, expect(validity, tag.sequence, 'validity'))];
  const subjectElement = expect(subject, tag.sequence, 'subject');
  const issuerElement = expect(issuer, tag.sequence, 'issuer');
  const spkiElement = expect(spki, tag.sequence, 'subjectPublicKeyInfo');
  const serialNumber = contentOf(der, expect(serial, tag.integer, 'serialNumber'));
  const subjectParts = nameParts(der, subjectElement);
  const extensions = readExtensions(
    der,
    rest.find((field) => field.tag === 0xa3),
  );
  const emails = extensions.subjectAltNames.length > 0 ? emailsOf(extensions) : [];
  const addresses = emails.length > 0 ? emails : subjectEmails(subjectParts);
  const spkiDer = wholeOf(der, spkiElement);
  let publicKey: KeyObject | undefined;
  return {
    ...extensions,
    der,
    info: {
      subject: nameText(subjectParts),
      issuer: nameText(nameParts(der, issuerElement)),
      emails: addresses,
      serialNumber: serialText(serialNumber),
      fingerprint: fingerprintOf(der),
      validFrom: readTime(der, notBefore),
      validTo: readTime(der, notAfter),
    },
    version,
    tbs: wholeOf(der, expect(tbs, tag.sequence, 'tbsCertificate')),
    serialNumber,
    issuer: wholeOf(der, issuerElement),
    subject: wholeOf(der, subjectElement),
    subjectParts,
    spki: spkiDer,
    key: readPublicKeyKind(spkiDer),
    get publicKey() {
      publicKey ??= openPublicKey(spkiDer);
      return publicKey;
    },
    signatureAlgorithm: readAlgorithm(der, outerAlgorithm),
    tbsSignatureAlgorithm: readAlgorithm(der, algorithm),
    signature: readBitString(der, signature),
    emails: addresses,
  };
}

function expect(part: DerElement | undefined, tagByte: number, what: string): DerElement {
  if (part === undefined) throw new RangeError(`${what} is missing`);
  if (part.tag !== tagByte)
    throw new RangeError(`byte ${part.offset} is 0x${part.tag.toString(16)}, but ${what} should begin here`);
  return part;
}

function readVersion(der: Uint8Array, field: DerElement | undefined): 1 | 2 | 3 {
  const [value] = field === undefined ? [] : [...children(der, field)];
  const version = value?.tag === tag.integer && value.end - value.start === 1 ? (der[value.start] ?? 0) + 1 : 0;
  if (version !== 1 && version !== 2 && version !== 3) throw new RangeError('version is not 1, 2 or 3');
  return version;
}

/** Reads an AlgorithmIdentifier. RangeError if the element is something else. */
export function readAlgorithm(bytes: Uint8Array, part: DerElement | undefined): AlgorithmIdentifier {
  const whole = expect(part, tag.sequence, 'an algorithm');
  const [oid, parameters] = [...children(bytes, whole)];
  return {
    oid: oidText(contentOf(bytes, expect(oid, tag.oid, 'an algorithm name'))),
    parameters: parameters === undefined ? undefined : wholeOf(bytes, parameters),
    der: wholeOf(bytes, whole),
  };
}

function readBitString(bytes: Uint8Array, part: DerElement | undefined): Buffer {
  const content = contentOf(bytes, expect(part, tag.bitString, 'signatureValue'));
  if (content[0] !== 0) throw new RangeError('signatureValue is not whole octets');
  return content.subarray(1);
}

function openPublicKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey(withoutPrototype({ key: spki, format: 'der' as const, type: 'spki' as const }));
  } catch (error) {
    throw certificateError(
      'its public key is of a kind that is not supported',
      'Use a certificate with an RSA, EC or Ed25519 key.',
      error,
    );
  }
}

/** The serial number for `CertificateInfo`, from its content octets. */
export function serialText(content: Uint8Array): string {
  const hex = Buffer.from(content).toString('hex').toUpperCase();
  if (hex === '') return '00';
  const value = BigInt.asIntN(content.length * 8, BigInt(`0x${hex}`));
  const magnitude = (value < 0n ? -value : value).toString(16).toUpperCase();
  return `${value < 0n ? '-' : ''}${magnitude.length % 2 === 0 ? '' : '0'}${magnitude}`;
}

/** SHA-256 as upper-case hex with colons. */
export function fingerprintOf(der: Uint8Array): string {
  const hex = createHash('sha256').update(der).digest('hex').toUpperCase();
  return hex.replace(/..(?!$)/g, '$&:');
}

function emailsOf(extensions: CertificateExtensions): string[] {
  return extensions.subjectAltNames.flatMap((name) =>
    (name.type === 'email' || name.type === 'smtpUtf8Mailbox') && isShowable(name.value) ? [name.value] : [],
  );
}

function subjectEmails(parts: NameParts): string[] {
  return parts
    .flat()
    .flatMap(({ type, value }) =>
      type === emailAddressType && value !== undefined && isShowable(value) ? [value] : [],
    );
}

/** False for addresses with NUL or other control characters: they are not mailboxes and may be meant to deceive. */
function isShowable(address: string): boolean {
  return address !== '' && !/[\u0000-\u0020\u007f-\u009f\u2028\u2029]/.test(address);
}

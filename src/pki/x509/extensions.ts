/**
 * Parses the extensions of a certificate (RFC 5280 section 4.2): all in raw form, those needed for mail also decoded.
 * @module
 */
import { children, contentOf, oidText, readElement, tag, wholeOf } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { extensionOids, nameOids } from '../../util/oids.js';
import { stringOf } from './distinguished-name.js';

/** Bits of keyUsage, in the order of their numbers. */
const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** A bit of keyUsage. */
export type KeyUsage = (typeof keyUsageNames)[number];

/** An extension, not decoded. */
export interface CertificateExtension {
  readonly critical: boolean;
  /** Content of the OCTET STRING. */
  readonly value: Uint8Array;
}

/** A GeneralName. */
export interface GeneralName {
  readonly type: 'email' | 'smtpUtf8Mailbox' | 'dns' | 'uri' | 'directory' | 'ip' | 'other';
  /** Text of the string types; '' for the others. */
  readonly value: string;
  /** DER: of 'directory' the Name, of 'ip' the octets, of the others the whole GeneralName. */
  readonly der: Uint8Array;
}

/** The decoded extensions. */
export interface CertificateExtensions {
  /** By OID, each once. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
  /** undefined: every usage. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** OIDs; undefined: every purpose. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** `issuer` is GeneralNames (content octets), `serialNumber` content octets. */
  readonly authorityKeyIdentifier:
    | {
        readonly keyIdentifier?: Uint8Array | undefined;
        readonly issuer?: Uint8Array | undefined;
        readonly serialNumber?: Uint8Array | undefined;
      }
    | undefined;
  /** Empty if the certificate has none. */
  readonly subjectAltNames: readonly GeneralName[];
}

/** Reads the [3] field of a TBSCertificate. RangeError if a supported extension is malformed or any is repeated. */
export function readExtensions(bytes: Uint8Array, field: DerElement | undefined): CertificateExtensions {
  const extensions =
    field === undefined
      ? new Map<string, CertificateExtension>()
      : extensionMap(bytes, readElement(bytes, field.start, field.end));
  const read = <T>(oid: string, decoder: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(oid);
    return extension === undefined ? undefined : decoder(extension.value);
  };
  return {
    extensions,
    keyUsage: read(extensionOids.keyUsage, readKeyUsage),
    extendedKeyUsage: read(extensionOids.extendedKeyUsage, readExtendedKeyUsage),
    basicConstraints: read(extensionOids.basicConstraints, readBasicConstraints),
    subjectKeyIdentifier: read(extensionOids.subjectKeyIdentifier, (value) =>
      contentOf(value, expectTag(value, tag.octetString)),
    ),
    authorityKeyIdentifier: read(extensionOids.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    subjectAltNames: read(extensionOids.subjectAltName, (value) => readGeneralNames(value)) ?? [],
  };
}

/** Extensions (a SEQUENCE OF Extension, also of CRLs) by OID. */
export function extensionMap(bytes: Uint8Array, list: DerElement): Map<string, CertificateExtension> {
  const extensions = new Map<string, CertificateExtension>();
  for (const extension of children(bytes, list)) {
    const [name, ...rest] = [...children(bytes, extension)];
    const value = rest.at(-1);
    if (name?.tag !== tag.oid || value?.tag !== tag.octetString || rest.length > 2) {
      throw new RangeError(`the extension at byte ${extension.offset} is not well-formed`);
    }
    const oid = oidText(contentOf(bytes, name));
    if (extensions.has(oid)) throw new RangeError(`extension ${oid} occurs twice`);
    const critical = rest.length === 2 && rest[0]?.tag === tag.boolean && (bytes[rest[0].start] ?? 0) !== 0;
    extensions.set(oid, { critical, value: contentOf(bytes, value) });
  }
  return extensions;
}

function expectTag(value: Uint8Array, tagByte: number): DerElement {
  const element = readElement(value, 0);
  if (element.tag !== tagByte || element.end !== value.length) throw new RangeError('an extension is not of its type');
  return element;
}

function readKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const bits = contentOf(value, expectTag(value, tag.bitString));
  return new Set(keyUsageNames.filter((_, bit) => ((bits[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

function readExtendedKeyUsage(value: Uint8Array): string[] {
  return [...children(value, expectTag(value, tag.sequence))].map((purpose) => oidText(contentOf(value, purpose)));
}

function readBasicConstraints(value: Uint8Array): { ca: boolean; pathLength: number | undefined } {
  const fields = [...children(value, expectTag(value, tag.sequence))];
  const flag = fields.find((field) => field.tag === tag.boolean);
  const length = fields.find((field) => field.tag === tag.integer);
  return {
    ca: flag !== undefined && value[flag.start] !== 0,
    pathLength: length === undefined ? undefined : smallInteger(contentOf(value, length)),
  };
}

/** A path length over 2^31 has the same effect as 2^31. */
function smallInteger(content: Buffer): number {
  const number = BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex') || '0'}`));
  if (number < 0n) throw new RangeError('the path length is negative');
  return Number(number > 0x7fffffffn ? 0x7fffffffn : number);
}

function readAuthorityKeyIdentifier(value: Uint8Array): NonNullable<CertificateExtensions['authorityKeyIdentifier']> {
  const content = (n: number): Buffer | undefined => {
    const field = fields.find((each) => (each.tag & 0xdf) === (0x80 | n));
    return field === undefined ? undefined : contentOf(value, field);
  };
  const fields = [...children(value, expectTag(value, tag.sequence))];
  return { keyIdentifier: content(0), issuer: content(1), serialNumber: content(2) };
}

/** GeneralNames (DER), as in subjectAltName. */
export function readGeneralNames(value: Uint8Array): GeneralName[] {
  return [...children(value, expectTag(value, tag.sequence))].map((name) => readGeneralName(value, name));
}

/** One GeneralName. */
export function readGeneralName(bytes: Uint8Array, name: DerElement): GeneralName {
  const whole = wholeOf(bytes, name);
  const content = contentOf(bytes, name);
  switch (name.tag) {
    case 0x81:
      return { type: 'email', value: content.toString('latin1'), der: whole };
    case 0x82:
      return { type: 'dns', value: content.toString('latin1'), der: whole };
    case 0x86:
      return { type: 'uri', value: content.toString('latin1'), der: whole };
    case 0x87:
      return { type: 'ip', value: '', der: content };
    case 0xa4:
      return { type: 'directory', value: '', der: content };
    case 0xa0:
      return { ...readOtherName(bytes, name), der: whole };
    default:
      return { type: 'other', value: '', der: whole };
  }
}

/** SmtpUTF8Mailbox (RFC 9598) is the only otherName that contains an address. */
function readOtherName(bytes: Uint8Array, name: DerElement): { type: 'smtpUtf8Mailbox' | 'other'; value: string } {
  const [type, wrapped] = [...children(bytes, name)];
  if (type?.tag !== tag.oid || wrapped?.tag !== 0xa0) return { type: 'other', value: '' };
  if (oidText(contentOf(bytes, type)) !== nameOids.smtpUtf8Mailbox) return { type: 'other', value: '' };
  const text = stringOf(bytes, readElement(bytes, wrapped.start, wrapped.end));
  return text === undefined ? { type: 'other', value: '' } : { type: 'smtpUtf8Mailbox', value: text };
}

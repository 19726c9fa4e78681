/**
 * Certificate revocation lists (RFC 5280 section 5). They are searched without building objects, because a list may
 * have hundreds of thousands of entries of which one matters.
 * @module
 */
import { reasonOf } from '../../errors/email-error.js';
import { asBuffer } from '../../util/bytes.js';
import { children, contentOf, element, readElement, tag, wholeOf } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { extensionOids } from '../../util/oids.js';
import { certificateError } from '../certificate-error.js';
import { readAlgorithm } from './certificate.js';
import type { AlgorithmIdentifier } from './certificate.js';
import { comparableName, nameParts } from './distinguished-name.js';
import { extensionMap, readGeneralName } from './extensions.js';
import type { CertificateExtension } from './extensions.js';
import { readTime } from './time.js';
import { jsonText } from '../../util/own.js';

const maxBytes = 64 * 1024 * 1024;
/** The most octets of everything but the entries. */
const maxHeadBytes = 1 << 20;
/** The supported critical extensions of a list. */
const known: ReadonlySet<string> = new Set([
  extensionOids.issuingDistributionPoint,
  extensionOids.deltaCrlIndicator,
  extensionOids.crlNumber,
  extensionOids.authorityKeyIdentifier,
  extensionOids.freshestCrl,
]);

/** All reasons of ReasonFlags, bit 1 to 8. */
export const allReasons = 0x1fe;

/** A revocation list. */
export interface RevocationList {
  readonly der: Uint8Array;
  /** Comparable text of the issuer's name. */
  readonly issuer: string;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly authorityKeyIdentifier: CertificateExtension | undefined;
  readonly scope: CrlScope;
  readonly number: bigint | undefined;
  /** The number of the base list, of a delta list. */
  readonly base: bigint | undefined;
  /** Has it an unsupported critical extension? Then it cannot be used. */
  readonly unusable: boolean;
  /** The SEQUENCE of entries, if present. */
  readonly entries: DerElement | undefined;
}

/** The scope of a list (its issuingDistributionPoint). */
export interface CrlScope {
  readonly onlyUser: boolean;
  readonly onlyCa: boolean;
  readonly onlyAttribute: boolean;
  readonly indirect: boolean;
  /** The covered reasons, as bits of ReasonFlags. */
  readonly reasons: number;
  /** Comparable texts of its names; undefined: all points of its issuer. */
  readonly names: readonly string[] | undefined;
  /** DER, to check whether a delta belongs to this list. */
  readonly der: Uint8Array | undefined;
}

/** Parses a DER list. ERR_CERTIFICATE if it is malformed. */
export function parseRevocationList(der: Uint8Array): RevocationList {
  try {
    if (der.length > maxBytes) throw new RangeError(`it has ${der.length} bytes, more than ${maxBytes}`);
    return readList(der);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw certificateError(
      `not a readable revocation list: ${reasonOf(error)}`,
      'Give a CRL in DER or PEM form.',
      error,
    );
  }
}

function readList(der: Uint8Array): RevocationList {
  const outer = readElement(der, 0);
  if (outer.tag !== tag.sequence || outer.end !== der.length) throw new RangeError('byte 0 is not the start of a list');
  const [tbs, algorithm, signature] = few(der, outer);
  if (tbs?.tag !== tag.sequence || signature?.tag !== tag.bitString) throw new RangeError('the list is incomplete');
  const fields = few(der, tbs);
  if (fields[0]?.tag === tag.integer) fields.shift();
  const [inner, issuer, thisUpdate, ...rest] = fields;
  if (issuer?.tag !== tag.sequence) throw new RangeError('the issuer is missing');
  const signatureAlgorithm = readAlgorithm(der, algorithm);
  if (Buffer.compare(readAlgorithm(der, inner).der, signatureAlgorithm.der) !== 0)
    throw new RangeError('the two algorithms differ');
  const isTime = (field: DerElement | undefined): boolean =>
    field?.tag === tag.utcTime || field?.tag === tag.generalizedTime;
  const nextUpdate = isTime(rest[0]) ? rest.shift() : undefined;
  const entries = rest[0]?.tag === tag.sequence ? rest.shift() : undefined;
  const headBytes = der.length - (entries === undefined ? 0 : entries.end - entries.start);
  if (headBytes > maxHeadBytes)
    throw new RangeError(`it has ${headBytes} bytes in addition to its entries, more than ${maxHeadBytes}`);
  const extensions =
    rest[0]?.tag === 0xa0
      ? extensionMap(der, readElement(der, rest[0].start, rest[0].end))
      : new Map<string, CertificateExtension>();
  const issuerKey = comparableName(nameParts(der, issuer));
  return {
    der,
    issuer: issuerKey,
    thisUpdate: readTime(der, thisUpdate),
    nextUpdate: nextUpdate && readTime(der, nextUpdate),
    tbs: wholeOf(der, tbs),
    signatureAlgorithm,
    signature: contentOf(der, signature).subarray(1),
    authorityKeyIdentifier: extensions.get(extensionOids.authorityKeyIdentifier),
    scope: readScope(extensions.get(extensionOids.issuingDistributionPoint), issuerKey),
    number: readNumber(extensions.get(extensionOids.crlNumber)),
    base: readNumber(extensions.get(extensionOids.deltaCrlIndicator)),
    unusable: [...extensions].some(([oid, { critical }]) => critical && !known.has(oid)),
    entries,
  };
}

/** The fields of a structure, at most seven. */
function few(der: Uint8Array, parent: DerElement): DerElement[] {
  const fields: DerElement[] = [];
  for (const field of children(der, parent))
    if (fields.push(field) > 7) throw new RangeError('the list has too many fields');
  return fields;
}

function readNumber(extension: CertificateExtension | undefined): bigint | undefined {
  if (!extension) return undefined;
  const content = contentOf(extension.value, readElement(extension.value, 0));
  if (content.length > 32) throw new RangeError('a list number is too long');
  return BigInt(`0x${content.toString('hex') || '0'}`);
}

function readScope(extension: CertificateExtension | undefined, issuer: string): CrlScope {
  const scope = { onlyUser: false, onlyCa: false, onlyAttribute: false, indirect: false, reasons: allReasons };
  let names: string[] | undefined;
  if (!extension) return { ...scope, names, der: undefined };
  const { value } = extension;
  for (const field of children(value, readElement(value, 0))) {
    const flag = value[field.start] !== 0;
    if (field.tag === 0xa0) names = readPointNames(value, readElement(value, field.start, field.end), issuer);
    else if (field.tag === 0x81) scope.onlyUser = flag;
    else if (field.tag === 0x82) scope.onlyCa = flag;
    else if (field.tag === 0x83) scope.reasons = readReasons(contentOf(value, field));
    else if (field.tag === 0x84) scope.indirect = flag;
    else if (field.tag === 0x85) scope.onlyAttribute = flag;
  }
  return { ...scope, names, der: value };
}

/** ReasonFlags as a number in which bit n is reason n. */
export function readReasons(bits: Uint8Array): number {
  let reasons = 0;
  for (let bit = 1; bit <= 8; bit++) if (((bits[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) reasons |= 1 << bit;
  return reasons;
}

/**
 * Comparable texts of a DistributionPointName. A name relative to the issuer is one RDN, completed here with `issuer`
 * (comparable).
 */
export function readPointNames(bytes: Uint8Array, point: DerElement, issuer: string): string[] {
  if (point.tag !== 0xa1) return [...children(bytes, point)].map((name) => generalNameKey(bytes, name));
  const rdn = element(tag.sequence, element(tag.set, contentOf(bytes, point)));
  const parts: unknown[] = [...JSON.parse(issuer), ...JSON.parse(comparableName(nameParts(rdn)))];
  return [`directory:${jsonText(parts)}`];
}

/** A GeneralName as text that is equal for equal names. */
export function generalNameKey(bytes: Uint8Array, name: DerElement): string {
  const general = readGeneralName(bytes, name);
  if (general.type === 'directory') return `directory:${comparableName(nameParts(general.der))}`;
  return `${general.type}:${asBuffer(general.der).toString('hex')}`;
}

/** An entry: its reason, and the issuer of its certificate (in an indirect list). */
export interface RevokedEntry {
  readonly reason: number;
  /** Has the entry an unsupported critical extension? */
  readonly unclear: boolean;
}

/**
 * The entry of a certificate; undefined if there is none. One pass over the entries by offsets. `issuerKey` is compared
 * in indirect lists, in which an entry names its issuer for all entries up to the next one that does (section 5.3.3).
 */
export function findEntry(list: RevocationList, serialNumber: Uint8Array, issuerKey: string): RevokedEntry | undefined {
  const { der, entries } = list;
  if (!entries) return undefined;
  const wanted = asBuffer(serialNumber);
  let currentIssuer = list.issuer;
  let found: RevokedEntry | undefined;
  for (let at = entries.start; at < entries.end;) {
    const entry = readElement(der, at, entries.end);
    at = entry.end;
    const serial = readElement(der, entry.start, entry.end);
    const matches = serial.end - serial.start === wanted.length && wanted.equals(contentOf(der, serial));
    if (!matches && !list.scope.indirect) continue;
    const extensions = entryExtensions(der, entry, serial.end);
    const issuer = extensions.get(extensionOids.certificateIssuer);
    if (issuer) currentIssuer = firstDirectoryName(issuer.value) ?? currentIssuer;
    if (!matches || currentIssuer !== issuerKey) continue;
    const reason = extensions.get(extensionOids.reasonCode);
    const unclear = [...extensions].some(
      ([oid, { critical }]) =>
        critical &&
        oid !== extensionOids.reasonCode &&
        oid !== extensionOids.certificateIssuer &&
        oid !== extensionOids.invalidityDate,
    );
    found = { reason: reason ? (reason.value.at(-1) ?? 0) : 0, unclear };
  }
  return found;
}

function entryExtensions(der: Uint8Array, entry: DerElement, afterSerial: number): Map<string, CertificateExtension> {
  const date = readElement(der, afterSerial, entry.end);
  if (date.end === entry.end) return new Map();
  return extensionMap(der, readElement(der, date.end, entry.end));
}

function firstDirectoryName(names: Uint8Array): string | undefined {
  for (const name of children(names, readElement(names, 0))) {
    const general = readGeneralName(names, name);
    if (general.type === 'directory') return comparableName(nameParts(general.der));
  }
  return undefined;
}

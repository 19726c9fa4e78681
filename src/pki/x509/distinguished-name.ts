/**
 * Parses distinguished names from DER, and converts them to RFC 4514 text and to a comparable form.
 * @module
 */
import { TextDecoder } from 'node:util';
import { children, contentOf, oidText, readElement, tag, wholeOf } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { nameOids } from '../../util/oids.js';
import { jsonText } from '../../util/own.js';

/** One attribute of a name. `value` is undefined if it is not a string type. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string | undefined;
  /** The value's DER. */
  readonly der: Uint8Array;
}

/** Attributes of a name, outermost (country, domain) first, as in the certificate. */
export type NameParts = readonly (readonly NameAttribute[])[];

const shortNames: ReadonlyMap<string, string> = new Map([
  [nameOids.commonName, 'CN'],
  [nameOids.surname, 'SN'],
  [nameOids.serialNumber, 'serialNumber'],
  [nameOids.country, 'C'],
  [nameOids.locality, 'L'],
  [nameOids.state, 'ST'],
  [nameOids.street, 'STREET'],
  [nameOids.organization, 'O'],
  [nameOids.organizationalUnit, 'OU'],
  [nameOids.title, 'title'],
  [nameOids.givenName, 'GN'],
  [nameOids.initials, 'initials'],
  [nameOids.generationQualifier, 'generationQualifier'],
  [nameOids.dnQualifier, 'dnQualifier'],
  [nameOids.pseudonym, 'pseudonym'],
  [nameOids.organizationIdentifier, 'organizationIdentifier'],
  [nameOids.userId, 'UID'],
  [nameOids.domainComponent, 'DC'],
  [nameOids.emailAddress, 'emailAddress'],
]);

/** Alternative names of the same attributes, used by people and other programs. */
const typeOfName: ReadonlyMap<string, string> = new Map([
  ...[...shortNames].map(([oid, name]) => [name.toLowerCase(), oid] as const),
  ['e', nameOids.emailAddress],
  ['email', nameOids.emailAddress],
  ['s', nameOids.state],
  ['givenname', nameOids.givenName],
  ['surname', nameOids.surname],
]);

/** The attributes of a Name (DER). RangeError if it is malformed. */
export function nameParts(bytes: Uint8Array, name: DerElement = readElement(bytes, 0)): NameParts {
  const parts: NameAttribute[][] = [];
  for (const rdn of children(bytes, name)) {
    const attributes: NameAttribute[] = [];
    for (const pair of children(bytes, rdn)) {
      const [type, value] = [...children(bytes, pair)];
      if (type?.tag !== tag.oid || value === undefined)
        throw new RangeError(`name attribute at byte ${pair.offset} is incomplete`);
      attributes.push({
        type: oidText(contentOf(bytes, type)),
        value: stringOf(bytes, value),
        der: wholeOf(bytes, value),
      });
    }
    parts.push(attributes);
  }
  return parts;
}

/** RFC 4514 text; '' for an empty name. */
export function nameText(parts: NameParts): string {
  return parts
    .map((rdn) => rdn.map(({ type, value, der }) => attributeText(type, value, der)).join('+'))
    .reverse()
    .join(',');
}

function attributeText(type: string, value: string | undefined, der: Uint8Array): string {
  const name = shortNames.get(type);
  if (name === undefined || value === undefined) return `${name ?? type}=#${Buffer.from(der).toString('hex')}`;
  return `${name}=${escapeValue(value)}`;
}

function escapeValue(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => Buffer.from(c).toString('hex').replace(/../g, '\\$&'))
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

/**
 * The value of a string type (RFC 5280 DirectoryString and IA5String); undefined for others and for broken encodings.
 */
export function stringOf(bytes: Uint8Array, part: DerElement): string | undefined {
  const content = contentOf(bytes, part);
  switch (part.tag) {
    case tag.utf8String:
      return decodeUtf8(content);
    case tag.printableString:
    case tag.ia5String:
    case 0x12: // NumericString
    case 0x14: // TeletexString: T.61 in name, Latin-1 in practice
    case 0x1a: // VisibleString
      return content.toString('latin1');
    case 0x1e: // BMPString
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    case 0x1c: // UniversalString
      return decodeUtf32(content);
    default:
      return undefined;
  }
}

function decodeUtf8(content: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

function decodeUtf32(content: Buffer): string | undefined {
  let text = '';
  for (let at = 0; at < content.length; at += 4) {
    const point = at + 4 <= content.length ? content.readUInt32BE(at) : 0x110000;
    if (point > 0x10ffff) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}

/** A form that is equal for matching names: case and repeated blanks are ignored. */
export function comparableName(parts: NameParts): string {
  return jsonText(
    parts.map((rdn) =>
      rdn.map(({ type, value, der }) => `${type}=${value === undefined ? hexValue(der) : fold(value)}`).sort(),
    ),
  );
}

/** The same form from RFC 4514 text; undefined if that is not a distinguished name. */
export function comparableText(text: string): string | undefined {
  const rdns: string[][] = [[]];
  let rest = text.trimStart();
  while (rest !== '') {
    const match = /^\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*((?:[^\\,+]|\\.)*)([,+]?)/su.exec(rest);
    const [all, name, value, separator] = match ?? [];
    if (all === undefined || name === undefined || value === undefined) return undefined;
    const type = /^\d/.test(name) ? name : typeOfName.get(name.toLowerCase());
    const plain = unescapeValue(value);
    if (type === undefined || plain === undefined) return undefined;
    rdns.at(-1)?.push(`${type}=${plain}`);
    rest = rest.slice(all.length);
    if (separator !== '' && rest.trim() === '') return undefined;
    if (separator === ',') rdns.push([]);
  }
  return jsonText(rdns[0]?.length === 0 ? [] : rdns.map((rdn) => rdn.sort()).reverse());
}

function unescapeValue(value: string): string | undefined {
  if (/^#(?:[0-9a-f]{2})+\s*$/i.test(value)) {
    const der = Buffer.from(value.slice(1).trim(), 'hex');
    try {
      const plain = stringOf(der, readElement(der, 0));
      return plain === undefined ? hexValue(der) : fold(plain);
    } catch {
      return hexValue(der);
    }
  }
  const octets: Buffer[] = [];
  for (const [, hex, escaped, plain] of value.matchAll(/\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)/gsu)) {
    octets.push(hex === undefined ? Buffer.from(escaped ?? plain ?? '') : Buffer.from(hex, 'hex'));
  }
  const text = decodeUtf8(Buffer.concat(octets));
  return text === undefined ? undefined : fold(text);
}

function hexValue(der: Uint8Array): string {
  return `#${Buffer.from(der).toString('hex')}`;
}

/**
 * Longer values are compared without normalization, which takes quadratic time for combining marks; X.520 allows 64 in
 * most.
 */
const maxNormalized = 256;

function fold(value: string): string {
  return (value.length > maxNormalized ? value : value.normalize('NFKC')).trim().replace(/\s+/gu, ' ').toLowerCase();
}

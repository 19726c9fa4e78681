/**
 * Reads the structures of PKCS#12, PKCS#7 and encrypted keys from BER on demand: the parts of a sequence by position,
 * each with a name for errors.
 * @module
 */
import { berContent, berOctets, berOid, berWhole, readBer } from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';
import { maxItems, tooMany } from './contents.js';

/** Reads the element. RangeError if the bytes are malformed or continue after it. */
export function readStructure(
  bytes: Uint8Array,
  { allowTail = false }: { readonly allowTail?: boolean } = {},
): BerElement {
  const element = readBer(bytes);
  if (!allowTail && element.next !== bytes.length)
    throw new RangeError(`${bytes.length - element.next} bytes after the end`);
  return element;
}

/** Is it the context tag [n]? */
export function isContext(element: BerElement | undefined, n: number): boolean {
  return element !== undefined && (element.tag & 0xdf) === (0x80 | n);
}

/** Is it a universal type, primitive or constructed? */
export function isUniversal(element: BerElement | undefined, tagNumber: number): boolean {
  return element !== undefined && (element.tag & 0xdf) === tagNumber;
}

/** The elements of a constructed one. ERR_CERTIFICATE if there are more than a file may have. */
export function itemsOf(element: BerElement | undefined, what: string): readonly BerElement[] {
  if (element === undefined || (element.tag & 0x20) === 0) throw new RangeError(`${what} is missing`);
  const items: BerElement[] = [];
  for (let at = element.start; at < element.end;) {
    const item = readBer(element.bytes, at, element.end);
    if (items.push(item) > maxItems) throw tooMany('elements in one place');
    at = item.next;
  }
  return items;
}

/** The content octets of a primitive, or of a string in pieces. */
export function octetsOf(element: BerElement | undefined, what: string): Buffer {
  if (element === undefined) throw new RangeError(`${what} is missing`);
  return berOctets(element);
}

/** Dotted text of an OBJECT IDENTIFIER. */
export function oidOf(element: BerElement | undefined, what: string): string {
  if (element === undefined || !isUniversal(element, 6)) throw new RangeError(`${what} has no name`);
  return berOid(element);
}

/** An INTEGER from 0 to 2^32 - 1. */
export function numberOf(element: BerElement | undefined, what: string): number {
  if (element === undefined || !isUniversal(element, 2)) throw new RangeError(`${what} is missing`);
  const content = berContent(element);
  const [first = 0] = content;
  if (content.length === 0 || content.length > 5 || first >= 0x80 || (content.length === 5 && first !== 0))
    throw new RangeError(`${what} is out of range`);
  return content.readUIntBE(0, content.length);
}

/** The whole element, unchanged, with tag and length. */
export function rawOf(element: BerElement | undefined, what: string): Buffer {
  if (element === undefined) throw new RangeError(`${what} is missing`);
  return berWhole(element);
}

/** An AlgorithmIdentifier. */
export function algorithmOf(
  element: BerElement | undefined,
  what: string,
): { readonly oid: string; readonly parameters: BerElement | undefined } {
  const [name, parameters] = itemsOf(element, what);
  return { oid: oidOf(name, what), parameters };
}

/**
 * Reading asn1js' tree: BER containers (PKCS#12, PKCS#7) come with indefinite lengths and strings in pieces.
 */
import { oidText } from '../../util/der.js';
import type { Asn1Node } from '../library.js';

/** Is it the context tag [n]? */
export function isContext(node: Asn1Node | undefined, n: number): boolean {
  return node !== undefined && node.idBlock.tagClass === 3 && node.idBlock.tagNumber === n;
}

/** Is it a universal type? */
export function isUniversal(node: Asn1Node | undefined, tagNumber: number): boolean {
  return node !== undefined && node.idBlock.tagClass === 1 && node.idBlock.tagNumber === tagNumber;
}

/** The elements of a constructed one. */
export function itemsOf(node: Asn1Node | undefined, what: string): readonly Asn1Node[] {
  const value: unknown =
    node?.idBlock.isConstructed === true && 'value' in node.valueBlock ? node.valueBlock.value : undefined;
  if (!Array.isArray(value)) throw new RangeError(`${what} is missing`);
  return value as readonly Asn1Node[];
}

/** The content octets of a primitive, or of a string in pieces. */
export function octetsOf(node: Asn1Node | undefined, what: string): Buffer {
  if (node === undefined) throw new RangeError(`${what} is missing`);
  if (node.idBlock.isConstructed) return Buffer.concat(itemsOf(node, what).map((piece) => octetsOf(piece, what)));
  const raw = node.valueBeforeDecodeView;
  // The header of a primitive: tags here are below 31, its length is definite.
  const lengthOctets = (raw[1] ?? 0) < 0x80 ? 1 : 1 + ((raw[1] ?? 0) & 0x7f);
  const content = raw.subarray(1 + lengthOctets);
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/** Dotted text of an OBJECT IDENTIFIER. */
export function oidOf(node: Asn1Node | undefined, what: string): string {
  if (!isUniversal(node, 6)) throw new RangeError(`${what} has no name`);
  return oidText(octetsOf(node, what));
}

/** An INTEGER from 0 to 2^32 - 1. */
export function numberOf(node: Asn1Node | undefined, what: string): number {
  if (!isUniversal(node, 2)) throw new RangeError(`${what} is missing`);
  const content = octetsOf(node, what);
  if (
    content.length === 0 ||
    content.length > 5 ||
    (content[0] ?? 0) >= 0x80 ||
    (content.length === 5 && content[0] !== 0)
  ) {
    throw new RangeError(`${what} is out of range`);
  }
  return content.readUIntBE(0, content.length);
}

/** An element as it came, tag and length included. */
export function rawOf(node: Asn1Node | undefined, what: string): Buffer {
  if (node === undefined) throw new RangeError(`${what} is missing`);
  const { buffer, byteOffset, byteLength } = node.valueBeforeDecodeView;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** An AlgorithmIdentifier. */
export function algorithmOf(
  node: Asn1Node | undefined,
  what: string,
): { readonly oid: string; readonly parameters: Asn1Node | undefined } {
  const [name, parameters] = itemsOf(node, what);
  return { oid: oidOf(name, what), parameters };
}

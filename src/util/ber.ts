/**
 * A linear reader of BER (X.690), with indefinite lengths and constructed strings, for CMS, PKCS#7 and PKCS#12 from
 * other programs. It makes objects only for the elements that the caller reads, so its time grows with the octets of a
 * message and not with the number of its elements.
 * @module
 */
import { asBuffer } from './bytes.js';
import { element, oidText, tag } from './der.js';

/** The deepest nesting that is accepted. Real files and messages nest far less. */
const depthLimit = 32;

/** An element and its position. */
export interface BerElement {
  readonly bytes: Buffer;
  /** The identifier octet. */
  readonly tag: number;
  /** Offset of the identifier octet. */
  readonly offset: number;
  /** Offsets of the content, end-of-contents octets excluded. */
  readonly start: number;
  readonly end: number;
  /** Offset of the octet after the element. */
  readonly next: number;
}

/** Tags of an OCTET STRING, primitive and constructed. */
export const octetTags = [tag.octetString, tag.octetString | 0x20] as const;

const noLength = -1;

/** Malformed BER, or a structure other than the expected one. The message names the byte. */
export class BerError extends RangeError {}

function malformed(what: string, offset: number): never {
  throw new BerError(`${what} at byte ${offset}`);
}

/** Reads identifier and length octets: `start` of the content, and its length or -1 if it is indefinite. */
function readHeader(bytes: Buffer, offset: number, limit: number): { readonly start: number; readonly length: number } {
  const identifier = bytes[offset];
  const first = bytes[offset + 1];
  if (identifier === undefined || first === undefined || offset + 2 > limit) malformed('it ends early', offset);
  if ((identifier & 0x1f) === 0x1f) malformed('a tag above 30', offset);
  if (first < 0x80) return checkRange(offset + 2, first, offset, limit);
  if (first === 0x80) {
    if ((identifier & 0x20) === 0) malformed('an indefinite length of a primitive element', offset);
    return { start: offset + 2, length: noLength };
  }
  const count = first & 0x7f;
  if (count > 6 || offset + 2 + count > limit) malformed('a length that is too long', offset);
  return checkRange(offset + 2 + count, bytes.readUIntBE(offset + 2, count), offset, limit);
}

function checkRange(
  start: number,
  length: number,
  offset: number,
  limit: number,
): { readonly start: number; readonly length: number } {
  if (start + length > limit) malformed('an element that runs past its end', offset);
  return { start, length };
}

/** Offset of the end-of-contents octets that close an indefinite length whose content begins at `start`. */
function findEnd(bytes: Buffer, start: number, limit: number): number {
  let depth = 1;
  for (let at = start; ;) {
    const { start: content, length } = readHeader(bytes, at, limit);
    if (length === noLength) {
      if (++depth > depthLimit) malformed('nesting that is too deep', at);
      at = content;
    } else if (bytes[at] === 0) {
      if (length !== 0) malformed('end-of-contents octets with content', at);
      if (--depth === 0) return at;
      at = content;
    } else at = content + length;
  }
}

/** Reads the element at `offset`. A BerError names the byte at which it is malformed. */
export function readBer(source: Uint8Array, offset = 0, limit = source.length): BerElement {
  const bytes = asBuffer(source);
  const { start, length } = readHeader(bytes, offset, limit);
  const end = length === noLength ? findEnd(bytes, start, limit) : start + length;
  return { bytes, tag: bytes[offset] ?? 0, offset, start, end, next: length === noLength ? end + 2 : end };
}

/** The elements inside a constructed one. More than `countLimit` of them is a BerError. */
export function* berChildren(parent: BerElement, countLimit: number): Generator<BerElement, undefined> {
  if ((parent.tag & 0x20) === 0) malformed('a primitive element instead of a constructed one', parent.offset);
  let count = 0;
  for (let at = parent.start; at < parent.end;) {
    if (++count > countLimit) malformed(`more than ${countLimit} elements in one place`, at);
    const child = readBer(parent.bytes, at, parent.end);
    yield child;
    at = child.next;
  }
  return undefined;
}

/** Reads the fields of a SEQUENCE one after the other, as its definition lists them. */
export class BerFields {
  readonly #fields: Generator<BerElement, undefined>;
  readonly #parent: BerElement;
  #next: BerElement | undefined;

  constructor(parent: BerElement, expectedTag: number = tag.sequence, countLimit = 64) {
    if (parent.tag !== expectedTag) malformed(`tag ${hex(parent.tag)} instead of ${hex(expectedTag)}`, parent.offset);
    this.#parent = parent;
    this.#fields = berChildren(parent, countLimit);
    this.#next = this.#fields.next().value;
  }

  /** The next field if it has one of these tags, else undefined. */
  optional(...tags: readonly number[]): BerElement | undefined {
    const field = this.#next;
    if (field === undefined || !tags.includes(field.tag)) return undefined;
    this.#next = this.#fields.next().value;
    return field;
  }

  /** The next field, which must have one of these tags. */
  required(...tags: readonly number[]): BerElement {
    const field = this.optional(...tags);
    if (field !== undefined) return field;
    const found = this.#next === undefined ? 'nothing' : `tag ${hex(this.#next.tag)}`;
    return malformed(`${found} instead of tag ${tags.map(hex).join(' or ')}`, this.#next?.offset ?? this.#parent.end);
  }

  /** The next field, with any tag. */
  any(): BerElement | undefined {
    const field = this.#next;
    if (field !== undefined) this.#next = this.#fields.next().value;
    return field;
  }

  /** Dotted text of the next field, an OBJECT IDENTIFIER. */
  oid(): string {
    return berOid(this.required(tag.oid));
  }
}

function hex(tagByte: number): string {
  return `0x${tagByte.toString(16).padStart(2, '0')}`;
}

/** Dotted text of an OBJECT IDENTIFIER. */
export function berOid(field: BerElement): string {
  const length = field.end - field.start;
  if (field.tag !== tag.oid || length === 0 || length > 64 || (field.bytes[field.end - 1] ?? 0) >= 0x80)
    malformed('an object identifier was expected', field.offset);
  return oidText(berContent(field));
}

/** Value of a small non-negative INTEGER. */
export function berInteger(field: BerElement): number {
  const length = field.end - field.start;
  if (field.tag !== tag.integer || length === 0 || length > 4 || (field.bytes[field.start] ?? 0x80) & 0x80) {
    malformed('a small integer was expected', field.offset);
  }
  return field.bytes.readUIntBE(field.start, length);
}

/** The content octets, unchanged. */
export function berContent(field: BerElement): Buffer {
  return field.bytes.subarray(field.start, field.end);
}

/** The whole element, unchanged. */
export function berWhole(field: BerElement): Buffer {
  return field.bytes.subarray(field.offset, field.next);
}

/** The element with another identifier octet and a definite length, to undo an IMPLICIT tag. */
export function berRetagged(field: BerElement, tagByte: number): Buffer {
  return element(tagByte, berContent(field));
}

/** The octets of a string type: one piece, or constructed of several (X.690 section 8.7). */
export function berOctets(field: BerElement): Buffer {
  if ((field.tag & 0x20) === 0) return berContent(field);
  const octets = Buffer.allocUnsafe(eachPiece(field, 0, undefined, 0));
  eachPiece(field, 0, octets, 0);
  return octets;
}

/**
 * Walks over the pieces. Copies their octets to `target`, if given, from offset `written` on. Returns the offset after
 * the last.
 */
function eachPiece(parent: BerElement, depth: number, target: Buffer | undefined, written: number): number {
  if (depth > 4) malformed('an octet string that nests too deep', parent.offset);
  let position = written;
  for (let at = parent.start; at < parent.end;) {
    const { bytes } = parent;
    if (bytes[at] === tag.octetString) {
      const { start, length } = readHeader(bytes, at, parent.end);
      if (target !== undefined) bytes.copy(target, position, start, start + length);
      position += length;
      at = start + length;
    } else if (bytes[at] === (tag.octetString | 0x20)) {
      const nested = readBer(bytes, at, parent.end);
      position = eachPiece(nested, depth + 1, target, position);
      at = nested.next;
    } else malformed('a piece of an octet string was expected', at);
  }
  return position;
}

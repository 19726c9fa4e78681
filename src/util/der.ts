/**
 * A writer of DER, and a reader of single elements (X.690) with definite lengths. It makes objects only for the
 * elements that the caller reads. BER, as other programs write CMS and PKCS#12, is read by `ber.ts`.
 * @module
 */
import { asBuffer, isBytes } from './bytes.js';

/** Universal tags, with the constructed bit where DER requires it. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  generalString: 0x1b,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Octets of the tag and length of an element. */
export function headerSize(length: number): number {
  let size = 2;
  if (length >= 0x80) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size++;
  return size;
}

/**
 * Writes tag and length octets to `target` at `at`, where `headerSize(length)` octets must be free. Returns the offset
 * after them.
 */
export function writeHeader(target: Buffer, at: number, tagByte: number, length: number): number {
  const count = headerSize(length) - 2;
  target[at] = tagByte;
  target[at + 1] = count === 0 ? length : 0x80 | count;
  let rest = length;
  for (let i = at + 1 + count; i > at + 1; i--) {
    target[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + 2 + count;
}

/** Tag and length octets of an element. */
export function header(tagByte: number, length: number): Buffer {
  const octets = Buffer.allocUnsafe(headerSize(length));
  writeHeader(octets, 0, tagByte, length);
  return octets;
}

/** An element of any tag below 31. */
export function element(tagByte: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of contents) length += part.length;
  const octets = Buffer.allocUnsafe(headerSize(length) + length);
  let at = writeHeader(octets, 0, tagByte, length);
  for (const part of contents) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}

/** SEQUENCE of finished elements. */
export function sequence(...elements: readonly Uint8Array[]): Buffer {
  return element(tag.sequence, ...elements);
}

/** SET OF finished elements, in DER order (X.690 section 11.6). */
export function setOf(...elements: readonly Uint8Array[]): Buffer {
  return element(tag.set, ...[...elements].sort((a, b) => Buffer.compare(a, b)));
}

/** INTEGER; bytes are an unsigned big-endian magnitude. */
export function integer(value: number | bigint | Uint8Array): Buffer {
  if (isBytes(value)) {
    let start = 0;
    while (start < value.length - 1 && value[start] === 0) start++;
    const magnitude = value.length === 0 ? Buffer.of(0) : asBuffer(value).subarray(start);
    return (magnitude[0] ?? 0) & 0x80 ? element(tag.integer, Buffer.of(0), magnitude) : element(tag.integer, magnitude);
  }
  const octets: number[] = [];
  let rest = BigInt(value);
  do {
    octets.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (!((rest === 0n && (octets[0] ?? 0) < 0x80) || (rest === -1n && (octets[0] ?? 0) >= 0x80)));
  return element(tag.integer, Buffer.from(octets));
}

/** OBJECT IDENTIFIER from dotted text. */
export function oid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const octets: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const group: number[] = [Number(arc & 0x7fn)];
    for (let high = arc >> 7n; high > 0n; high >>= 7n) group.unshift(Number(high & 0x7fn) | 0x80);
    octets.push(...group);
  }
  return element(tag.oid, Buffer.from(octets));
}

/** BOOLEAN. */
export function boolean(value: boolean): Buffer {
  return element(tag.boolean, Buffer.of(value ? 0xff : 0));
}

/** NULL. */
export function nullElement(): Buffer {
  return element(tag.null);
}

/** OCTET STRING, primitive. */
export function octetString(bytes: Uint8Array): Buffer {
  return element(tag.octetString, bytes);
}

/** BIT STRING. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(tag.bitString, Buffer.of(unusedBits), bytes);
}

/** A string type. The caller ensures that the value fits its alphabet. */
export function text(tagByte: number, value: string): Buffer {
  return element(tagByte, Buffer.from(value, 'utf8'));
}

/** GeneralizedTime in whole seconds, UTC. */
export function generalizedTime(date: Date): Buffer {
  return text(tag.generalizedTime, `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`);
}

/**
 * Time (RFC 5280 section 4.1.2.5): UTCTime through 2049, GeneralizedTime after. The Buffer is shared: do not write to
 * it.
 */
export function time(date: Date): Buffer {
  const second = Math.floor(date.getTime() / 1000);
  if (second === last.second) return last.der;
  const year = date.getUTCFullYear();
  const der =
    year < 1950 || year > 2049
      ? generalizedTime(date)
      : text(tag.utcTime, `${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`);
  last = { second, der };
  return der;
}

/** The last time encoded: many messages are signed in the same second. */
let last: { readonly second: number; readonly der: Buffer } = { second: NaN, der: Buffer.alloc(0) };

/** Context tag [n] around finished elements (EXPLICIT, or IMPLICIT of a constructed type). */
export function context(n: number, ...contents: readonly Uint8Array[]): Buffer {
  return element(0xa0 | n, ...contents);
}

/** Context tag [n] over raw content octets (IMPLICIT of a primitive type). */
export function contextPrimitive(n: number, content: Uint8Array): Buffer {
  return element(0x80 | n, content);
}

/** The position of an element in its bytes. */
export interface DerElement {
  readonly tag: number;
  /** Offset of the tag octet. */
  readonly offset: number;
  /** Offsets of the content. */
  readonly start: number;
  readonly end: number;
}

/** Reads the element at `offset`, with a definite length only. A RangeError names the byte at which it is malformed. */
export function readElement(bytes: Uint8Array, offset: number, limit: number = bytes.length): DerElement {
  const tagByte = bytes[offset];
  const first = bytes[offset + 1];
  if (tagByte === undefined || first === undefined || offset + 2 > limit)
    throw new RangeError(`DER ends at byte ${offset}`);
  if ((tagByte & 0x1f) === 0x1f) throw new RangeError(`DER has a tag above 30 at byte ${offset}`);
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw new RangeError(`DER has an indefinite length at byte ${offset}`);
    if (count > 6) throw new RangeError(`DER length is too long at byte ${offset}`);
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
    start += count;
  }
  if (start + length > limit) throw new RangeError(`DER element at byte ${offset} runs past byte ${limit}`);
  return { tag: tagByte, offset, start, end: start + length };
}

/** The elements inside a constructed one. */
export function* children(bytes: Uint8Array, parent: DerElement): Generator<DerElement> {
  for (let at = parent.start; at < parent.end;) {
    const child = readElement(bytes, at, parent.end);
    yield child;
    at = child.end;
  }
}

/** The content octets of an element. */
export function contentOf(bytes: Uint8Array, part: DerElement): Buffer {
  return asBuffer(bytes).subarray(part.start, part.end);
}

/** An element with its tag and length. */
export function wholeOf(bytes: Uint8Array, part: DerElement): Buffer {
  return asBuffer(bytes).subarray(part.offset, part.end);
}

/** Longer than any identifier in use. The limit matters because the arithmetic below takes quadratic time. */
const maxOidOctets = 64;

/** The dotted text of an OBJECT IDENTIFIER's content octets. RangeError if they are malformed. */
export function oidText(content: Uint8Array): string {
  if (content.length === 0 || content.length > maxOidOctets || (content[content.length - 1] ?? 0) >= 0x80) {
    throw new RangeError(`${content.length} octets are not an object identifier`);
  }
  const arcs: bigint[] = [];
  let value = 0n;
  for (const octet of content) {
    value = (value << 7n) | BigInt(octet & 0x7f);
    if (octet & 0x80) continue;
    if (arcs.length === 0) {
      const first = value < 80n ? value / 40n : 2n;
      arcs.push(first, value - first * 40n);
    } else arcs.push(value);
    value = 0n;
  }
  return arcs.join('.');
}

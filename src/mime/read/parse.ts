/**
 * Reads a message into a tree of parts with their places (RFC 2046).
 * @module
 */
import { createEmailError } from '../../errors/email-error.js';
import { asBuffer } from '../../util/bytes.js';
import { decodeCharset } from '../../util/encoded-word.js';
import { decodeTransfer } from './decode.js';
import { parseHeader } from './header.js';
import type { ParsedHeader } from './header.js';
import { parseStructured } from './structured.js';
import type { StructuredValue } from './structured.js';

/** Limits for a whole message. Exceeding one is ERR_CONTENT. */
export interface ParseLimits {
  /** Depth of nested multiparts. Default 32. */
  readonly maxDepth?: number | undefined;
  /** Number of all parts. Default 1 000. */
  readonly maxParts?: number | undefined;
  /** Octets of all header sections together. Default 1 MiB. */
  readonly maxHeaderBytes?: number | undefined;
}

/** An entity: a message, or a part of one. */
export class ParsedPart {
  readonly #source: Buffer;

  readonly header: ParsedHeader;
  /** Offsets in the message: the first octet of the header, the first of the body, and the end of the body. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly contentType: StructuredValue;
  /** Parts of a multipart, in order. */
  readonly parts: readonly ParsedPart[];

  constructor(
    source: Buffer,
    {
      header,
      start,
      bodyStart,
      end,
      contentType,
      parts,
    }: Pick<ParsedPart, 'header' | 'start' | 'bodyStart' | 'end' | 'contentType' | 'parts'>,
  ) {
    this.#source = source;
    this.header = header;
    this.start = start;
    this.bodyStart = bodyStart;
    this.end = end;
    this.contentType = contentType;
    this.parts = parts;
  }

  /** In lower case; '7bit' if the field is missing. */
  get transferEncoding(): string {
    return (this.header.get('Content-Transfer-Encoding') ?? '7bit').toLowerCase().trim();
  }

  /** Content-Disposition, if there is one. */
  get disposition(): StructuredValue | undefined {
    const value = this.header.get('Content-Disposition');
    return value === undefined ? undefined : parseStructured(value);
  }

  /** `filename`, else `name`, decoded (RFC 2231, RFC 2047). */
  get filename(): string | undefined {
    return this.disposition?.parameters.get('filename') ?? this.contentType.parameters.get('name');
  }

  /** Content-ID without its brackets. */
  get contentId(): string | undefined {
    return this.header.get('Content-ID')?.replace(/^<|>$/g, '');
  }

  /** Header and body, undecoded. */
  get raw(): Buffer {
    return this.#source.subarray(this.start, this.end);
  }

  /** The body, undecoded. */
  get body(): Buffer {
    return this.#source.subarray(this.bodyStart, this.end);
  }

  /** The body decoded. */
  content(): Buffer {
    return this.parts.length > 0 ? this.body : decodeTransfer(this.body, this.transferEncoding);
  }

  /**
   * The body as text, decoded from its transfer encoding and character set. An unknown character set is read as UTF-8.
   */
  text(): string {
    const bytes = this.content();
    return decodeCharset(bytes, this.contentType.parameters.get('charset') ?? 'utf-8') ?? bytes.toString('utf8');
  }

  /** This part and those below it, in order. */
  *walk(): Generator<ParsedPart> {
    yield this;
    for (const part of this.parts) yield* part.walk();
  }

  /** The first part of that type that is not an attachment. */
  find(type: string): ParsedPart | undefined {
    for (const part of this.walk()) {
      if (part.contentType.value === type && part.disposition?.value !== 'attachment') return part;
    }
    return undefined;
  }
}

/** A field that is not a valid type counts as text/plain (RFC 2045 section 5.2). */
function typeOf(header: ParsedHeader, defaultType: string): StructuredValue {
  const type = parseStructured(header.get('Content-Type') ?? defaultType);
  return type.value.includes('/') ? type : { value: 'text/plain', parameters: type.parameters };
}

/**
 * The most characters of a boundary (RFC 2046 section 5.1.1). A longer one is ignored: the multipart then has no parts.
 */
export const maxBoundary = 70;

/**
 * The boundary of a multipart, if it has a valid one. Blanks at its end were added by a gateway (RFC 2046 section
 * 5.1.1).
 */
function boundaryOf({ value, parameters }: StructuredValue): Buffer | undefined {
  const boundary = value.startsWith('multipart/') ? parameters.get('boundary')?.replace(/[ \t]{1,70}$/, '') : undefined;
  return boundary === undefined || boundary === '' || boundary.length > maxBoundary
    ? undefined
    : Buffer.from(boundary, 'utf8');
}

const lf = 10;
const cr = 13;
const hyphen = 0x2d;
const hyphensAtLineStart = Buffer.from('\n--', 'latin1');

/** A delimiter line. */
interface Delimiter {
  /** The number of multiparts around the one that the delimiter belongs to. */
  readonly level: number;
  /**
   * The end of the body before the delimiter: the line end before a delimiter belongs to it (RFC 2046 section 5.1.1).
   */
  readonly bodyEnd: number;
  readonly next: number;
  readonly closes: boolean;
}

/** A part, and the delimiter line that ended it, if one did. */
interface EndedPart {
  readonly part: ParsedPart;
  readonly delimiter: Delimiter | undefined;
}

/** Reads a message once from start to end, at any depth of nesting. */
class MessageReader {
  readonly #source: Buffer;
  readonly #maxDepth: number;
  readonly #maxParts: number;
  readonly #maxHeaderBytes: number;
  /** Boundaries of the open multiparts, the outermost first. */
  readonly #boundaries: Buffer[] = [];
  #parts = 0;
  #headerBytes = 0;

  constructor(source: Buffer, { maxDepth = 32, maxParts = 1000, maxHeaderBytes = 1 << 20 }: ParseLimits) {
    this.#source = source;
    this.#maxDepth = maxDepth;
    this.#maxParts = maxParts;
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  read(start: number, defaultType: string): EndedPart {
    if (++this.#parts > this.#maxParts)
      throw createEmailError('ERR_CONTENT', `A message has more than ${this.#maxParts} parts`);
    const source = this.#source;
    const header = this.#header(start);
    const { bodyStart } = header;
    const type = typeOf(header, defaultType);
    const boundary = boundaryOf(type);
    const parts: ParsedPart[] = [];
    let delimiter: Delimiter | undefined;
    if (boundary === undefined) delimiter = this.#nextDelimiter(bodyStart);
    else {
      const level = this.#boundaries.length;
      if (level >= this.#maxDepth)
        throw createEmailError('ERR_CONTENT', `A message nests deeper than ${this.#maxDepth} multiparts`);
      this.#boundaries.push(boundary);
      delimiter = this.#nextDelimiter(bodyStart);
      const childType = type.value === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
      while (delimiter?.level === level && !delimiter.closes) {
        // Without a closing delimiter, the last part extends to the end, unless it is empty.
        if (delimiter.next >= source.length) delimiter = undefined;
        else {
          const child: EndedPart = this.read(delimiter.next, childType);
          parts.push(child.part);
          delimiter = child.delimiter;
        }
      }
      this.#boundaries.pop();
      if (delimiter?.level === level) delimiter = this.#nextDelimiter(delimiter.next);
    }
    const end = Math.max(delimiter?.bodyEnd ?? source.length, bodyStart);
    return { part: new ParsedPart(source, { header, start, bodyStart, end, contentType: type, parts }), delimiter };
  }

  /** The header section at `start`. A delimiter line ends it too. */
  #header(start: number): ParsedHeader {
    const source = this.#source;
    const isDelimiter = (at: number): boolean => this.#delimiterAt(at) !== undefined;
    let header = parseHeader(source, start, source.length, this.#maxHeaderBytes, isDelimiter);
    const delimiter = this.#delimiterAt(header.bodyStart);
    if (delimiter !== undefined)
      header = parseHeader(source, start, Math.max(delimiter.bodyEnd, start), this.#maxHeaderBytes);
    this.#headerBytes += header.bodyStart - start;
    if (this.#headerBytes > this.#maxHeaderBytes)
      throw createEmailError(
        'ERR_CONTENT',
        `The header sections of a message are longer than ${this.#maxHeaderBytes} octets in all`,
      );
    return header;
  }

  /** The next delimiter line of an open multipart, in the line that begins at `from` or after it. */
  #nextDelimiter(from: number): Delimiter | undefined {
    if (this.#boundaries.length === 0) return undefined;
    for (let at = from; ;) {
      const found = this.#delimiterAt(at);
      if (found !== undefined) return found;
      const lineEnd = this.#source.indexOf(hyphensAtLineStart, at);
      if (lineEnd < 0) return undefined;
      at = lineEnd + 1;
    }
  }

  /** The delimiter in the line that begins at `at`. A line that matches two multiparts belongs to the outer one. */
  #delimiterAt(at: number): Delimiter | undefined {
    if (this.#source[at] !== hyphen || this.#source[at + 1] !== hyphen) return undefined;
    for (let level = 0; level < this.#boundaries.length; level++) {
      const found = this.#delimiterOf(level, at);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #delimiterOf(level: number, at: number): Delimiter | undefined {
    const source = this.#source;
    const boundary = this.#boundaries[level];
    if (boundary === undefined) return undefined;
    for (let i = 0; i < boundary.length; i++) if (source[at + 2 + i] !== boundary[i]) return undefined;
    let end = at + 2 + boundary.length;
    const closes = source[end] === hyphen && source[end + 1] === hyphen;
    if (closes) end += 2;
    while (source[end] === 0x20 || source[end] === 9) end++;
    if (source[end] === cr && source[end + 1] === lf) end++;
    else if (end < source.length && source[end] !== lf) return undefined;
    const bodyEnd = source[at - 1] !== lf ? at : source[at - 2] === cr ? at - 2 : at - 1;
    return { level, bodyEnd, next: Math.min(end + 1, source.length), closes };
  }
}

/**
 * Reads a message into a tree of parts, in time and memory proportional to its length. Malformed input is read as well
 * as possible and never refused; only a message over a limit is ERR_CONTENT.
 */
export function parseMessage(bytes: Uint8Array, limits: ParseLimits = {}): ParsedPart {
  return new MessageReader(asBuffer(bytes), limits).read(0, 'text/plain').part;
}

import { createEmailError } from '../errors/email-error.js';
import { asBuffer } from '../util/bytes.js';
import { decodeCharset } from '../util/encoded-word.js';
import { decodeTransfer } from './decode.js';
import { parseHeader } from './header.js';
import type { ParsedHeader } from './header.js';
import { parseStructured } from './structured.js';
import type { StructuredValue } from './structured.js';

/** Reads a message into a tree of parts with their places (RFC 2046). Linear, bounded, and content with whatever comes. */

/** Bounds of a parse; what passes one is ERR_CONTENT. */
export interface ParseLimits {
  /** Multiparts in multiparts. Default 32. */
  readonly maxDepth?: number | undefined;
  /** Parts in all. Default 1 000. */
  readonly maxParts?: number | undefined;
  /** Octets of one header section. Default 1 MiB. */
  readonly maxHeaderBytes?: number | undefined;
}

/** An entity: a message, or a part of one. */
export class ParsedPart {
  readonly #source: Buffer;

  constructor(
    source: Buffer,
    readonly header: ParsedHeader,
    /** Offsets in the message: of the header's first octet, of the body's first, and past its last. */
    readonly start: number,
    readonly bodyStart: number,
    readonly end: number,
    readonly contentType: StructuredValue,
    /** Parts of a multipart, in order. */
    readonly parts: readonly ParsedPart[],
  ) {
    this.#source = source;
  }

  /** In lower case; '7bit' where none is said. */
  get transferEncoding(): string {
    return (this.header.get('Content-Transfer-Encoding') ?? '7bit').toLowerCase().trim();
  }

  /** Content-Disposition, where there is one. */
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

  /** Header and body as they stand. */
  get raw(): Buffer {
    return this.#source.subarray(this.start, this.end);
  }

  /** The body as it stands. */
  get body(): Buffer {
    return this.#source.subarray(this.bodyStart, this.end);
  }

  /** The body decoded. */
  content(): Buffer {
    return this.parts.length > 0 ? this.body : decodeTransfer(this.body, this.transferEncoding);
  }

  /** The body decoded, as text in its character set; of an unknown one, as UTF-8. */
  text(): string {
    const bytes = this.content();
    return decodeCharset(bytes, this.contentType.parameters.get('charset') ?? 'utf-8') ?? bytes.toString('utf8');
  }

  /** This part and those below it, in order. */
  *walk(): Generator<ParsedPart> {
    yield this;
    for (const part of this.parts) yield* part.walk();
  }

  /** The first text part of that type that is not an attachment. */
  find(type: string): ParsedPart | undefined {
    for (const part of this.walk()) {
      if (part.contentType.value === type && part.disposition?.value !== 'attachment') return part;
    }
    return undefined;
  }
}

/** What is no type is plain text (RFC 2045 section 5.2). */
function typeOf(header: ParsedHeader, defaultType: string): StructuredValue {
  const type = parseStructured(header.get('Content-Type') ?? defaultType);
  return type.value.includes('/') ? type : { value: 'text/plain', parameters: type.parameters };
}

interface Delimiter {
  /** Where the body before it ends: its own line end is part of it. */
  readonly bodyEnd: number;
  readonly next: number;
  readonly closes: boolean;
}

/** The delimiter lines of a boundary between two offsets. */
function* delimiters(source: Buffer, boundary: string, from: number, to: number): Generator<Delimiter> {
  const mark = Buffer.from(`--${boundary}`, 'utf8');
  // A search that looked past `to` would make many parts quadratic.
  const range = source.subarray(0, to);
  for (let at = range.indexOf(mark, from); at >= 0;) {
    let end = at + mark.length;
    const closes = source[end] === 0x2d && source[end + 1] === 0x2d && end + 2 <= to;
    if (closes) end += 2;
    while (end < to && (source[end] === 0x20 || source[end] === 9)) end++;
    const lineEnds = end >= to || source[end] === 10 || (source[end] === 13 && source[end + 1] === 10);
    if ((at === from || source[at - 1] === 10) && lineEnds) {
      const bodyEnd = at === from ? at : source[at - 2] === 13 && at - 2 >= from ? at - 2 : at - 1;
      const next = end >= to ? to : end + (source[end] === 13 ? 2 : 1);
      yield { bodyEnd: Math.max(bodyEnd, from), next, closes };
      if (closes) return;
    }
    at = range.indexOf(mark, end);
  }
}

/** See the file's head. */
export function parseMessage(bytes: Uint8Array, limits: ParseLimits = {}): ParsedPart {
  const { maxDepth = 32, maxParts = 1000, maxHeaderBytes = 1 << 20 } = limits;
  const source = asBuffer(bytes);
  let count = 0;

  function parseEntity(start: number, end: number, depth: number, defaultType: string): ParsedPart {
    if (++count > maxParts) throw createEmailError('ERR_CONTENT', `A message has more than ${maxParts} parts`);
    const header = parseHeader(source, start, end, maxHeaderBytes);
    const { bodyStart } = header;
    const type = typeOf(header, defaultType);
    const boundary = type.value.startsWith('multipart/') ? type.parameters.get('boundary') : undefined;
    const parts: ParsedPart[] = [];
    if (boundary !== undefined && boundary !== '') {
      if (depth >= maxDepth)
        throw createEmailError('ERR_CONTENT', `A message nests deeper than ${maxDepth} multiparts`);
      const childType = type.value === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
      let open: number | undefined;
      for (const { bodyEnd, next, closes } of delimiters(source, boundary, bodyStart, end)) {
        if (open !== undefined) parts.push(parseEntity(open, Math.max(bodyEnd, open), depth + 1, childType));
        open = closes ? undefined : next;
      }
      // Without its closing delimiter the last part goes to the end.
      if (open !== undefined && open < end) parts.push(parseEntity(open, end, depth + 1, childType));
    }
    return new ParsedPart(source, header, start, bodyStart, end, type, parts);
  }

  return parseEntity(0, source.length, 0, 'text/plain');
}

/**
 * Reads header sections (RFC 5322 section 2.2) leniently: only a section that exceeds a limit is refused.
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { createEmailError } from '../../errors/email-error.js';
import { asBuffer } from '../../util/bytes.js';
import { decodeEncodedWords } from '../../util/encoded-word.js';

/** A header field of a message. */
export interface ParsedField {
  readonly name: string;
  /** Unfolded and trimmed; encoded-words are still encoded. */
  readonly value: string;
  /** Offsets of the whole field, including its line ends. */
  readonly start: number;
  readonly end: number;
}

/** A header section. */
export class ParsedHeader {
  constructor(
    readonly fields: readonly ParsedField[],
    /** Offset of the first octet after the empty line. */
    readonly bodyStart: number,
  ) {}

  /** The value of the first field with this name, in any case. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.fields.find((field) => field.name.toLowerCase() === wanted)?.value;
  }

  /** The values of all fields with this name, in order. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.fields.filter((field) => field.name.toLowerCase() === wanted).map((field) => field.value);
  }

  /** The value of the first field with this name, its encoded-words decoded. */
  text(name: string): string | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : decodeEncodedWords(value);
  }
}

const lf = 10;

/**
 * Reads the header section that begins at `start`. It ends with an empty line, at `end`, before a line that is not a
 * field, or before a line accepted by `endsAt`; such a line belongs to the body. A section of more than `maxBytes` is
 * ERR_CONTENT. Octets above ASCII are read as UTF-8 if valid, else as Latin-1.
 */
export function parseHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxBytes: number,
  endsAt: (lineStart: number) => boolean = never,
): ParsedHeader {
  const buffer = asBuffer(bytes).subarray(0, end);
  const fields: ParsedField[] = [];
  let at = start;
  while (at < end) {
    const fieldStart = at;
    if (endsAt(at)) break;
    let lineEnd = endOfLine(buffer, at);
    if (isEmptyLine(buffer, at, lineEnd)) return new ParsedHeader(fields, lineEnd);
    while (lineEnd < end && isContinuation(buffer, lineEnd)) lineEnd = endOfLine(buffer, lineEnd);
    if (lineEnd - start > maxBytes)
      throw createEmailError('ERR_CONTENT', `A header section is longer than ${maxBytes} octets`);
    const raw = decodeOctets(buffer.subarray(fieldStart, lineEnd));
    const colon = raw.indexOf(':');
    const name = colon < 0 ? '' : raw.slice(0, colon).trimEnd();
    // A line that is not a field ends the header. As the first line, such as the `From ` line of an mbox file, it is
    // skipped.
    if (name === '' || /[^!-9;-~]/.test(name)) {
      if (fieldStart !== start) return new ParsedHeader(fields, fieldStart);
    } else {
      const value = raw
        .slice(colon + 1)
        .replace(/\r?\n/g, '')
        .trim();
      fields.push({ name, value, start: fieldStart, end: lineEnd });
    }
    at = lineEnd;
  }
  return new ParsedHeader(fields, at);
}

function never(): boolean {
  return false;
}

function endOfLine(buffer: Buffer, at: number): number {
  const found = buffer.indexOf(lf, at);
  return found < 0 ? buffer.length : found + 1;
}

function isEmptyLine(buffer: Buffer, at: number, lineEnd: number): boolean {
  return buffer[at] === lf || (buffer[at] === 13 && buffer[at + 1] === lf && at + 2 === lineEnd);
}

function isContinuation(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0x20 || buffer[at] === 9;
}

/** Decodes octets as UTF-8 if valid, else as Latin-1. */
function decodeOctets(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/**
 * Reads structured values with parameters, leniently.
 * @module
 */
import { decodeCharset, decodeEncodedWords } from '../../util/encoded-word.js';

/** A value with parameters, as `value; name=value` (RFC 2045 section 5.1, RFC 2231). */
export interface StructuredValue {
  /** The text before the first semicolon, in lower case. */
  readonly value: string;
  /** Decoded values by lower-case name, with their sections joined. */
  readonly parameters: ReadonlyMap<string, string>;
}

interface Section {
  readonly number: number;
  readonly extended: boolean;
  readonly text: string;
}

const maxParameters = 256;

/** The quoted-string or token at `at`, and the offset of its end. */
function readValue(text: string, at: number): { value: string; end: number } {
  if (text[at] !== '"') {
    const match = /[^;]*/y;
    match.lastIndex = at;
    const value = match.exec(text)?.[0] ?? '';
    return { value: value.trim(), end: at + value.length };
  }
  let value = '';
  let i = at + 1;
  for (; i < text.length && text[i] !== '"'; i++) {
    if (text[i] === '\\' && i + 1 < text.length) i++;
    value += text.charAt(i);
  }
  return { value, end: i + 1 };
}

function percentDecode(text: string): Buffer {
  const bytes: number[] = [];
  const source = Buffer.from(text, 'utf8');
  for (let i = 0; i < source.length; i++) {
    const digits = source[i] === 0x25 ? source.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      bytes.push(parseInt(digits, 16));
      i += 2;
    } else bytes.push(source[i] ?? 0);
  }
  return Buffer.from(bytes);
}

/** Joins sections in order. The first names the character set of all extended sections. */
function joinSections(sections: readonly Section[]): string {
  const ordered = [...sections].sort((a, b) => a.number - b.number);
  let charset = 'utf-8';
  const bytes: Buffer[] = [];
  ordered.forEach((section, i) => {
    let { text } = section;
    if (!section.extended) {
      bytes.push(Buffer.from(text, 'utf8'));
      return;
    }
    if (i === 0) {
      const head = /^([^']*)'[^']*'/.exec(text);
      if (head !== null) {
        charset = head[1] === '' ? charset : (head[1] ?? charset);
        text = text.slice(head[0].length);
      }
    }
    bytes.push(percentDecode(text));
  });
  const all = Buffer.concat(bytes);
  return decodeCharset(all, charset) ?? all.toString('latin1');
}

/**
 * Reads a value with parameters. Malformed parts are skipped; nothing is refused. The RFC 2231 form of a parameter
 * takes precedence over the plain one.
 */
export function parseStructured(text: string): StructuredValue {
  const first = text.indexOf(';');
  const value = (first < 0 ? text : text.slice(0, first))
    .replace(/\([^()]*\)/g, '')
    .trim()
    .toLowerCase();
  const plain = new Map<string, string>();
  const sectioned = new Map<string, Section[]>();
  let count = 0;
  for (let at = first; at >= 0 && at < text.length && count < maxParameters; count++) {
    const equals = text.indexOf('=', at + 1);
    const semicolon = text.indexOf(';', at + 1);
    if (equals < 0) break;
    if (semicolon >= 0 && semicolon < equals) {
      at = semicolon;
      continue;
    }
    const name = text
      .slice(at + 1, equals)
      .trim()
      .toLowerCase();
    let start = equals + 1;
    while (text[start] === ' ' || text[start] === '\t') start++;
    const read = readValue(text, start);
    const form = /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/.exec(name);
    if (form?.[1] !== undefined && (form[2] !== undefined || form[3] !== undefined)) {
      const list = sectioned.get(form[1]) ?? [];
      list.push({ number: Number(form[2] ?? 0), extended: form[3] !== undefined, text: read.value });
      sectioned.set(form[1], list);
    } else if (!plain.has(name)) plain.set(name, decodeEncodedWords(read.value));
    at = text.indexOf(';', read.end);
  }
  for (const [name, sections] of sectioned) plain.set(name, joinSections(sections));
  return { value, parameters: plain };
}

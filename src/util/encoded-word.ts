/**
 * Decodes encoded-words (RFC 2047), and bytes of a named character set.
 * @module
 */
import { TextDecoder } from 'node:util';

const pattern = /=\?([^?\s]{1,80})\?([bq])\?([^?\s]*)\?=/giy;

function payload(encoding: string, text: string): Buffer {
  if (encoding === 'b' || encoding === 'B') return Buffer.from(text, 'base64');
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const digits = c === 0x3d ? text.slice(i + 1, i + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      bytes[length++] = parseInt(digits, 16);
      i += 2;
    } else bytes[length++] = c === 0x5f ? 0x20 : c;
  }
  return bytes.subarray(0, length);
}

/** Decodes bytes of a named character set (WHATWG labels). Undefined if the set is unknown. */
export function decodeCharset(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(bytes);
  } catch (error) {
    // The only possible error: an unknown label is a RangeError, and a decoder that is not fatal throws nothing else.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Decodes the encoded-words in a text. White space between two of them is removed, and a character split between two is
 * joined. Malformed words, and words of an unknown character set, are left unchanged.
 */
export function decodeEncodedWords(text: string): string {
  let next = text.indexOf('=?');
  if (next < 0) return text;
  const matcher = new RegExp(pattern);
  let out = '';
  /**
   * `at` is the end of the text read so far. White space after an encoded-word is held back, because it only counts if
   * no other word follows.
   */
  let at = 0;
  let run: { readonly charset: string; readonly parts: Buffer[]; raw: string } | undefined;
  const flush = (): void => {
    if (run !== undefined) out += decodeCharset(Buffer.concat(run.parts), run.charset) ?? run.raw;
    run = undefined;
  };
  for (; next >= 0; next = text.indexOf('=?', Math.max(at, next + 1))) {
    matcher.lastIndex = next;
    const found = matcher.exec(text);
    if (found === null) continue;
    const [raw, label = '', encoding = '', body = ''] = found;
    const charset = (label.split('*')[0] ?? label).toLowerCase();
    const gap = text.slice(at, next);
    if (run === undefined || !/^[ \t]*$/.test(gap)) {
      flush();
      out += gap;
      run = { charset, parts: [], raw: '' };
    } else if (run.charset === charset) run.raw += gap;
    else {
      flush();
      run = { charset, parts: [], raw: '' };
    }
    run.parts.push(payload(encoding, body));
    run.raw += raw;
    at = matcher.lastIndex;
  }
  flush();
  return out + text.slice(at);
}

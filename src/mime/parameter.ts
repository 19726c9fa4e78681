/**
 * Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231), as tokens for a folded field.
 * @module
 */
import { messageInvalid } from '../errors/email-error.js';
import { encodedWords, looksEncoded } from '../address/encoded-words.js';

const token = /^[!#$%&'*+.^_`{|}~0-9A-Za-z-]+$/;
/** A token without `*`, `'` and `%`: some readers take a value with one of these for an extended value (RFC 2231). */
const plainToken = /^[!#$&+.^_`{|}~0-9A-Za-z-]+$/;
/** The most characters that a parameter may take of a line. */
const room = 74;
/** Characters that encodeURIComponent leaves alone but attribute-char (RFC 2231 section 7) does not include. */
const notAttribute = /['()*]/g;

function percentEncode(character: string): string {
  return encodeURIComponent(character).replace(notAttribute, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Splits a value into sections (RFC 2231 section 3) of whole characters. */
function sections(name: string, value: string, extended: boolean): string[] {
  const pieces: string[] = [];
  let piece = extended ? "UTF-8''" : '';
  for (const character of value) {
    const encoded = extended ? percentEncode(character) : character.replace(/["\\]/, '\\$&');
    if (piece !== '' && name.length + piece.length + encoded.length + 8 > room) {
      pieces.push(piece);
      piece = '';
    }
    piece += encoded;
  }
  pieces.push(piece);
  if (extended && pieces.length === 1) return [`${name}*=${pieces[0] ?? ''}`];
  const last = pieces.length - 1;
  return pieces.map((text, i) => `${name}*${i}${extended ? `*=${text}` : `="${text}"`}${i < last ? ';' : ''}`);
}

function checkValue(value: string, path: string): void {
  if (/[\0-\x1f\x7f]/.test(value)) throw messageInvalid(path, 'line breaks and control characters are not allowed');
  if (/[\ud800-\udfff]/u.test(value)) throw messageInvalid(path, 'half of a surrogate pair is not allowed');
}

/** `name=value` as one token or several. Each section but the last ends with a semicolon. */
export function parameterTokens(name: string, value: string, path: string): string[] {
  if (!token.test(name)) throw messageInvalid(path, 'a parameter name must be an RFC 2045 token');
  checkValue(value, path);
  if ((name.endsWith('*') ? token : plainToken).test(value) && name.length + value.length < room)
    return [`${name}=${value}`];
  // RFC 2047 allows no encoded-words in parameters, but many clients decode them.
  if (!/^[ -~]*$/.test(value) || looksEncoded(value)) return sections(name, value, true);
  const quoted = `${name}=${quote(value)}`;
  return quoted.length <= room ? [quoted] : sections(name, value, false);
}

/**
 * `name=` for clients without RFC 2231: encoded-words in quotes. RFC 2047 forbids this, but all of those clients
 * understand it.
 */
export function legacyNameTokens(name: string, value: string, path: string): string[] {
  // A value that would need sections is written as encoded-words too: sections are RFC 2231 as well.
  if (/^[ -~]*$/.test(value) && !looksEncoded(value) && name.length + quote(value).length < room)
    return parameterTokens(name, value, path);
  checkValue(value, path);
  // With a space before and a quote after it, a line has at most 76 characters.
  const words = encodedWords(value, room - name.length - 1, room);
  return words.map((word, i) => `${i === 0 ? `${name}="` : ''}${word}${i === words.length - 1 ? '"' : ''}`);
}

/** A value and its parameters, as the tokens of a field. */
export function withParameters(value: string, parameters: readonly (readonly string[])[]): string[] {
  const out = [value];
  for (const tokens of parameters) {
    out[out.length - 1] += ';';
    out.push(...tokens);
  }
  return out;
}

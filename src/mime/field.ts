/**
 * Writes header fields (RFC 5322 section 2.2). This is the one place where their names and values are checked. Each
 * function returns a whole field with its CRLF. Lines are folded at white space to 76 characters if possible, and
 * are never longer than 998.
 * @module
 */
import { mailboxTokens } from '../address/format.js';
import { messageInvalid } from '../errors/email-error.js';
import type { Mailbox } from '../model/address.js';
import { isWellFormed } from '../util/bytes.js';
import { encodedWords, looksEncoded } from '../address/encoded-words.js';

/** RFC 5322 recommends 78 characters; RFC 2047 requires 76 for a line with an encoded-word. */
const softLimit = 76;
const hardLimit = 998;
/** A longer word is written as encoded-words, which can be folded anywhere. */
const maxWord = 900;
const maxName = 76;

const fieldName = /^[!-9;-~]+$/;
const control = /[\0-\x08\x0a-\x1f\x7f]/;
/** A token that begins with an encoded-word. */
const encodedWord = /^ =\?[^?]+\?[bq]\?/i;
/** ASCII text without blanks at either end. */
const asciiText = /^[!-~](?:[ -~\t]*[!-~])?$/;
/** Text that needs no encoding and no care for its white space. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;

function checkName(name: string, path: string): void {
  if (!fieldName.test(name) || name.length > maxName) {
    throw messageInvalid(path, `a field name is 1 to ${maxName} printable ASCII characters without space and colon`);
  }
}

function checkValue(value: string, path: string): void {
  if (typeof value !== 'string') throw messageInvalid(path, 'a header value is a string');
  if (control.test(value))
    throw messageInvalid(path, 'line breaks and control characters are not allowed in a header field');
}

/**
 * Folds the field `name: tokens`. Each token carries the white space before it; a line may end between tokens and
 * nowhere else. The first token stays on the first line, unless it is an encoded-word: the line of one has at most 76
 * characters (RFC 2047).
 */
function fold(name: string, tokens: readonly string[], path: string): string {
  let out = `${name}:`;
  let column = out.length;
  let first = true;
  for (const token of tokens) {
    const fits = column + token.length <= softLimit;
    if (fits || (first && !encodedWord.test(token) && column + token.length <= hardLimit)) {
      out += token;
      column += token.length;
    } else {
      if (token.length > hardLimit)
        throw messageInvalid(path, `a header field line would be longer than ${hardLimit} characters`);
      out += `\r\n${token}`;
      column = token.length;
    }
    first = false;
  }
  return `${out}\r\n`;
}

/**
 * Splits unstructured text into tokens. ASCII words stay as they are; everything from the first to the last word that
 * cannot stay becomes encoded-words.
 */
function textTokens(value: string, nameLength: number): string[] {
  const words = value.match(/[ \t]*[^ \t]+|[ \t]+$/g) ?? [];
  // The whole text is searched, because an encoded-word that a reader would decode can span several words.
  const ambiguous = looksEncoded(value);
  const needs = (word: string): boolean =>
    /[^ -~\t]/.test(word) || (ambiguous && /=\?|\?=/.test(word)) || word.length > maxWord || /^[ \t]*$/.test(word);
  let from = words.findIndex(needs);
  let to = words.findLastIndex(needs);
  // White space at the end belongs to the encoded-word of the word before it.
  if (from > 0 && /^[ \t]*$/.test(words[from] ?? '')) from--;
  // A reader would take white space at the very start for the separator after the colon.
  if (/^[ \t]/.test(value)) {
    from = 0;
    to = Math.max(to, 0);
  }
  if (words.length > 0) words[0] = ` ${words[0] ?? ''}`;
  if (from < 0) return words;
  const before = words.slice(0, from);
  let text = words.slice(from, to + 1).join('');
  // The white space before the first encoded-word is not encoded, because the line is folded there.
  const separator = text.charAt(0);
  text = text.slice(1);
  const column = nameLength + 2 + before.reduce((sum, word) => sum + word.length, 0);
  const encoded = encodedWords(text, softLimit - column);
  return [...before, ...encoded.map((word, i) => (i === 0 ? separator : ' ') + word), ...words.slice(to + 1)];
}

/** A display name that can be written as atoms; most can. */
const plainName = /^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/;

/** Does the field fit on one line without any encoding? */
function isShort(name: string, value: string): boolean {
  return typeof value === 'string' && plain.test(value) && name.length + 2 + value.length <= softLimit;
}

/** A field of unstructured text, such as Subject. Text that is not ASCII is written as encoded-words (RFC 2047). */
export function textField(name: string, value: string, path: string = name): string {
  checkName(name, path);
  if (isShort(name, value) && !looksEncoded(value)) return `${name}: ${value}\r\n`;
  checkValue(value, path);
  if (!isWellFormed(value)) throw messageInvalid(path, 'half of a surrogate pair is not allowed');
  if (value === '') return `${name}: \r\n`;
  return fold(name, textTokens(value, name.length), path);
}

/**
 * Fields whose values are not unstructured text. Receivers do not decode encoded-words in their URLs, tokens and
 * identifiers.
 */
const structured =
  /^(?:list-.*|archived-at|original-message-id|original-recipient|original-from|arc-.*|authentication-results|auto-submitted|autocrypt.*|disposition-notification-.*|feedback-id|message-context|mt-priority|newsgroups|followup-to|xref|path|expires|expiry-date|reply-by|require-recipient-valid-since|resent-(?:date|message-id|from|to|cc|sender)|return-receipt-to|errors-to|precedence|solicitation|tls-required|tls-report-.*|x-ms-exchange-.*|importance|priority|sensitivity|supersedes|obsoletes|accept-language|content-.*|bimi-.*|jabber-id)$/i;

/**
 * A field that a profile or a message adds. Structured fields, and ASCII text in others, are written unchanged. Text
 * that is not ASCII, or that a reader would decode, is written as encoded-words. Throws ERR_MESSAGE_INVALID if a word
 * does not fit on a line of 998 characters.
 */
export function customField(name: string, value: string, path: string = name): string {
  if (structured.test(name)) return structuredField(name, value, path);
  if (typeof value !== 'string' || !asciiText.test(value) || looksEncoded(value)) return textField(name, value, path);
  const long = value.split(/[ \t]/).find((word) => word.length >= hardLimit);
  if (long !== undefined)
    throw messageInvalid(
      path,
      `a word of ${long.length} characters does not fit into a line of ${hardLimit} (RFC 5322 section 2.1.1), and encoding ` +
        'would change it for programs that read it: shorten it, or insert spaces',
    );
  return structuredField(name, value, path);
}

/** A structured field whose ASCII value is already in its final form. It is folded at its blanks. */
export function structuredField(name: string, value: string, path: string = name): string {
  checkName(name, path);
  if (isShort(name, value)) return `${name}: ${value}\r\n`;
  checkValue(value, path);
  if (!/^[ -~\t]*$/.test(value))
    throw messageInvalid(
      path,
      `only ASCII is allowed in ${name}, which is a structured field: percent-encode a URL, and write a domain in A-labels`,
    );
  return fold(
    name,
    value
      .trim()
      .match(/[ \t]*[^ \t]+/g)
      ?.map((word, i) => (i === 0 ? ` ${word}` : word)) ?? [' '],
    path,
  );
}

/** A structured field of tokens that are not broken, such as parameters with their semicolons. */
export function tokenField(name: string, tokens: readonly string[], path: string = name): string {
  checkName(name, path);
  const separated = tokens.map((token) => ` ${token}`);
  for (const token of separated) checkValue(token, path);
  return fold(name, separated, path);
}

/**
 * A field of mailboxes. The addresses must have been checked before. A local part that is not ASCII stays UTF-8 (RFC
 * 6532).
 */
export function addressField(name: string, mailboxes: readonly Mailbox[], path: string = name): string {
  const [only] = mailboxes;
  if (mailboxes.length === 1 && only !== undefined && (only.name === undefined || plainName.test(only.name))) {
    // Most values are one line of plain text.
    const value = only.name === undefined ? only.email : `${only.name} <${only.email}>`;
    if (isShort(name, value)) {
      checkName(name, path);
      return `${name}: ${value}\r\n`;
    }
  }
  const tokens: string[] = [];
  mailboxes.forEach((mailbox, i) => {
    const parts = mailboxTokens(mailbox);
    const last = parts.pop() ?? '';
    tokens.push(...parts, i < mailboxes.length - 1 ? `${last},` : last);
  });
  return tokenField(name, tokens, path);
}

/**
 * Parses one mailbox or a list from text, and one mailbox from parts. It is strict: text that does not fit is an error
 * that names the position.
 * @module
 */
import { messageInvalid } from '../errors/email-error.js';
import type { AddressInput, Mailbox } from '../model/address.js';
import { isAscii, isWellFormed } from '../util/bytes.js';
import { decodeEncodedWords } from '../util/encoded-word.js';
import { showText } from '../util/show.js';
import { AddressScanner, AddressSyntaxError, formatAddrSpec } from './scanner.js';
import type { AddrSpec, Word } from './scanner.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** A mailbox whose address was checked. */
export interface ParsedMailbox extends Mailbox {
  /** `local@domain` for SMTP: the domain as A-labels in lower case, the local part quoted if necessary. */
  readonly email: string;
  /** The local part without quotes and backslashes. */
  readonly localPart: string;
  /** The domain as A-labels in lower case, or an address literal with its brackets. */
  readonly domain: string;
  /** Does the local part need SMTPUTF8 (RFC 6531)? */
  readonly smtpUtf8: boolean;
}

const maxText = 1 << 20;
const maxSingle = 4096;

function toMailbox(address: AddrSpec, name: string | undefined): ParsedMailbox {
  const email = formatAddrSpec(address);
  const { localPart, domain } = address;
  const smtpUtf8 = !isAscii(localPart);
  return { name: name === '' ? undefined : name, email, localPart, domain, smtpUtf8 };
}

/** Refuses control characters in a name, including those from a quoted string or an encoded-word. */
function checkedName(name: string, scanner: AddressScanner, offset: number): string {
  if (/[\u0000-\u001f\u007f]/.test(name)) scanner.fail('the display name contains a control character', offset);
  return name;
}

/** The text of a phrase. Encoded-words are decoded, except inside quotes (RFC 2047 section 5). */
function nameOf(words: readonly Word[], scanner: AddressScanner): string | undefined {
  const first = words[0];
  if (first === undefined) return undefined;
  const parts: string[] = [];
  let atoms: string[] = [];
  const flush = (): void => {
    if (atoms.length > 0) parts.push(decodeEncodedWords(atoms.join(' ')));
    atoms = [];
  };
  for (const word of words) {
    if (!word.quoted) atoms.push(word.text);
    else {
      flush();
      parts.push(word.text.replaceAll('\t', ' '));
    }
  }
  flush();
  return checkedName(parts.join(' '), scanner, first.offset);
}

/** Reads one mailbox at the cursor. Returns undefined if ':' follows: the words are a group name. */
function readMailbox(scanner: AddressScanner): ParsedMailbox | undefined {
  const words: Word[] = [];
  for (;;) {
    scanner.skipBlanks();
    const word = scanner.word();
    if (word === undefined) break;
    words.push(word);
  }
  const [first] = words;
  if (scanner.peek() === '@') {
    if (first === undefined) scanner.fail("expected a local part before '@'");
    const second = words[1];
    if (second !== undefined)
      scanner.fail("expected '@' or '<'; a local part with spaces must be quoted", second.offset);
    const mailbox = toMailbox(scanner.addrSpec(first), undefined);
    scanner.skipBlanks();
    return mailbox;
  }
  if (scanner.peek() === ':') return undefined;
  if (!scanner.take('<')) {
    if (first === undefined)
      scanner.fail(scanner.ended ? 'expected an address' : `expected an address before '${scanner.peek()}'`);
    scanner.fail(
      scanner.ended
        ? "expected '@' and a domain"
        : `expected '@' or '<' before '${scanner.peek()}'; such a name must be quoted`,
    );
  }
  const name = nameOf(words, scanner);
  scanner.skipBlanks();
  const local = scanner.word();
  if (local === undefined) scanner.fail('expected a local part');
  scanner.skipBlanks();
  const address = scanner.addrSpec(local);
  scanner.skipBlanks();
  if (!scanner.take('>')) scanner.fail("expected '>'");
  scanner.skipBlanks();
  return toMailbox(address, name);
}

/** Turns a syntax error into ERR_MESSAGE_INVALID with the field's path and the position. */
function reading<T>(text: string, path: string, limit: number, read: (scanner: AddressScanner) => T): T {
  if (typeof text !== 'string') throw messageInvalid(path, 'an address is a string, or an object with name and email');
  if (text.length > limit) throw messageInvalid(path, `address text is longer than ${limit} characters`);
  try {
    return read(new AddressScanner(text));
  } catch (error) {
    if (!(error instanceof AddressSyntaxError)) throw error;
    throw messageInvalid(path, `${error.message}, at character ${error.offset + 1} of '${showText(text, 100)}'`);
  }
}

/**
 * A dot-string and a domain of plain labels: matches nearly every address. A label with `--` may be an A-label, and
 * does not match.
 */
const plainAddress =
  /^([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)$/;
const plainNamed = /^([A-Za-z0-9]+(?: [A-Za-z0-9]+){0,8}) <([^<>]+)>$/;
const maxPlain = 200;

/** The fast path for a plain address; undefined if the full parser is needed. */
export function plainMailbox(text: string, name: string | undefined): ParsedMailbox | undefined {
  if (text.length > maxPlain) return undefined;
  const match = plainAddress.exec(text);
  const [, localPart, domain] = match ?? [];
  if (localPart === undefined || domain === undefined || domain.includes('--')) return undefined;
  return { name, email: text, localPart, domain, smtpUtf8: false };
}

/** The mailbox of `a@b` or `Ann <a@b>` in plain text; undefined if the full parser is needed. */
export function plainTextMailbox(input: string): ParsedMailbox | undefined {
  if (input.length > maxPlain) return undefined;
  const named = plainNamed.exec(input);
  return named === null ? plainMailbox(input, undefined) : plainMailbox(named[2] ?? '', named[1]);
}

/** Parses an RFC 5321 Mailbox: no display name, brackets or comments. Throws ERR_MESSAGE_INVALID with `path`. */
export function parseMailbox(text: string, path = 'address'): ParsedMailbox {
  const plain = typeof text === 'string' ? plainMailbox(text, undefined) : undefined;
  if (plain !== undefined) return plain;
  return reading(text, path, maxSingle, (scanner: AddressScanner) => {
    const local = scanner.word();
    if (local === undefined) scanner.fail('expected a local part');
    if (text.endsWith('>') && text.includes('<'))
      scanner.fail('expected an address without a name; the name has a separate field');
    const start = scanner.at;
    if (/[ \t(]/.test(text.charAt(start + 1))) scanner.fail('expected a domain', start + 1);
    const address = scanner.addrSpec(local);
    if (!scanner.ended) scanner.fail('expected nothing after the domain');
    return toMailbox(address, undefined);
  });
}

/** Parses one mailbox of a message or profile: `a@b`, `Ann <a@b>`, or parts. Throws ERR_MESSAGE_INVALID with `path`. */
export function parseAddress(input: AddressInput, path = 'address'): ParsedMailbox {
  if (typeof input === 'object' && input !== null) {
    const { name, email } = withoutPrototype(input);
    const mailbox = parseMailbox(email, `${path}.email`);
    if (name === undefined || name === '') return mailbox;
    if (typeof name !== 'string') throw messageInvalid(`${path}.name`, 'a name is a string');
    if (/[\u0000-\u001f\u007f]/.test(name))
      throw messageInvalid(`${path}.name`, 'line breaks and control characters are not allowed');
    if (!isWellFormed(name)) throw messageInvalid(`${path}.name`, 'half of a surrogate pair is not allowed');
    return { ...mailbox, name };
  }
  const plain = typeof input === 'string' ? plainTextMailbox(input) : undefined;
  if (plain !== undefined) return plain;
  return reading(input, path, maxSingle, (scanner: AddressScanner) => {
    const mailbox = readMailbox(scanner);
    if (mailbox === undefined) scanner.fail('expected one mailbox, not a group');
    if (!scanner.ended)
      scanner.fail(
        /[,;]/.test(scanner.peek())
          ? 'expected one mailbox; for several use an array, or parseAddressList(text) if they are separated by commas'
          : 'expected nothing after the address',
      );
    return mailbox;
  });
}

/**
 * Parses an address list (RFC 5322 section 3.4), such as `Ann <ann@example.com>, bob@example.org`. A group is replaced
 * by its mailboxes. Empty text is an empty list. One problem fails the whole list with ERR_MESSAGE_INVALID.
 */
export function parseAddressList(text: string, path = 'address'): readonly ParsedMailbox[] {
  return reading(text, path, maxText, (scanner: AddressScanner) => {
    const found: ParsedMailbox[] = [];
    let inGroup = false;
    scanner.skipBlanks();
    if (scanner.ended) return found;
    for (;;) {
      const mailbox = readMailbox(scanner);
      if (mailbox !== undefined) found.push(mailbox);
      else {
        if (inGroup) scanner.fail('a group within a group is not allowed');
        scanner.take(':');
        scanner.skipBlanks();
        inGroup = true;
        if (scanner.peek() !== ';') continue;
      }
      if (inGroup && scanner.take(';')) {
        inGroup = false;
        scanner.skipBlanks();
      }
      if (scanner.ended) break;
      if (!scanner.take(','))
        scanner.fail(scanner.peek() === ';' ? "expected ',': a semicolon only ends a group" : "expected ','");
    }
    if (inGroup) scanner.fail("expected ';' at the end of the group");
    return found;
  });
}

/**
 * Reads the tokens of RFC 5322 section 3.2 and 3.4 in one pass without recursion: no character is read twice, and a
 * counter tracks nested comments. Line breaks and other control characters are refused everywhere.
 * @module
 */
import { toAddressLiteral, toAsciiDomain } from './domain.js';
import { maxAddress } from './limits.js';
import type { DomainResult } from './domain.js';
import { hasOwn } from '../util/own.js';

/** A syntax error, with its UTF-16 offset in the text. */
export class AddressSyntaxError extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** The parts of an addr-spec. */
export interface AddrSpec {
  /** The local part without quotes and backslashes. */
  readonly localPart: string;
  /** The domain as A-labels in lower case, or a literal with its brackets. */
  readonly domain: string;
}

/** A word of a phrase: a run of atom characters and dots, or a quoted-string without its quotes. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly offset: number;
}

const maxCommentDepth = 32;

/**
 * 1 for an atom character or a dot. Characters above ASCII are atom characters (RFC 6532), unless isForbidden is true.
 */
const atomTable = new Uint8Array(128);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.")
  atomTable[c.charCodeAt(0)] = 1;

function isForbidden(c: number): boolean {
  return (c < 0x20 && c !== 0x09) || (c >= 0x7f && c <= 0x9f) || c === 0x2028 || c === 0x2029;
}

/** A cursor over address text. */
export class AddressScanner {
  at = 0;

  constructor(readonly text: string) {
    const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/.exec(text);
    if (control !== null) this.fail('line breaks and control characters are not allowed', control.index);
    const half = /[\ud800-\udfff]/u.exec(text);
    if (half !== null) this.fail('half of a surrogate pair is not allowed', half.index);
  }

  fail(message: string, offset = this.at): never {
    throw new AddressSyntaxError(message, offset);
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  peek(): string {
    return this.text.charAt(this.at);
  }

  /** Takes `c` if it is the next character. */
  take(c: string): boolean {
    if (this.text.charAt(this.at) !== c) return false;
    this.at++;
    return true;
  }

  /** Skips blanks and comments. */
  skipBlanks(): void {
    for (;;) {
      const c = this.peek();
      if (c === ' ' || c === '\t') this.at++;
      else if (c === '(') this.skipComment();
      else return;
    }
  }

  private skipComment(): void {
    const start = this.at;
    let depth = 0;
    do {
      if (this.ended) this.fail('the comment that begins here has no end', start);
      const c = this.peek();
      if (c === '\\') this.at++;
      else if (c === '(') depth++;
      else if (c === ')') depth--;
      if (depth > maxCommentDepth) this.fail(`comments nest deeper than ${maxCommentDepth}`);
      this.at++;
    } while (depth > 0);
    if (this.at > this.text.length) this.fail('the comment that begins here has no end', start);
  }

  /** Reads the next word. Undefined at a special character or the end. */
  word(): Word | undefined {
    const offset = this.at;
    if (this.peek() === '"') return { text: this.quotedString(), quoted: true, offset };
    while (!this.ended && this.isAtomCharacter()) this.at++;
    return this.at === offset ? undefined : { text: this.text.slice(offset, this.at), quoted: false, offset };
  }

  private isAtomCharacter(): boolean {
    const c = this.text.charCodeAt(this.at);
    return c < 128 ? atomTable[c] === 1 : !isForbidden(c);
  }

  private quotedString(): string {
    const start = this.at++;
    let text = '';
    let from = this.at;
    for (;;) {
      const c = this.peek();
      if (c === '') this.fail('the quoted string that begins here has no end', start);
      if (c === '"') break;
      if (c === '\\') {
        text += this.text.slice(from, this.at++);
        if (this.ended) this.fail('the quoted string that begins here has no end', start);
        from = this.at;
      }
      this.at++;
    }
    text += this.text.slice(from, this.at++);
    return text;
  }

  /** Reads the rest of an addr-spec after its local part: `@` and a domain. */
  addrSpec(local: Word): AddrSpec {
    const localPart = this.localPart(local);
    if (!this.take('@')) this.fail("expected '@'");
    this.skipBlanks();
    const start = this.at;
    const result = this.domain();
    if (hasOwn(result, 'problem')) this.fail(result.problem, start);
    const address = { localPart, domain: result.domain };
    if (Buffer.byteLength(formatAddrSpec(address)) > maxAddress)
      this.fail(`the address is longer than the ${maxAddress} octets that fit into an SMTP command`, local.offset);
    return address;
  }

  private localPart(local: Word): string {
    const { text, quoted, offset } = local;
    if (quoted) {
      // RFC 5321 does not allow a tab here; RFC 5322 does.
      if (text.includes('\t')) this.fail('a tab is not allowed in a local part', offset);
    } else if (!isDotString(text))
      this.fail(
        'a local part may not begin or end with a dot, or have two dots in a row; if the mailbox is really ' +
          `written so, quote it: "${text.slice(0, 64)}"@…`,
        offset,
      );
    return text;
  }

  private domain(): DomainResult {
    if (!this.take('[')) {
      const word = this.word();
      return word?.quoted === true ? { problem: 'a domain may not be quoted' } : toAsciiDomain(word?.text ?? '');
    }
    const end = this.text.indexOf(']', this.at);
    if (end < 0) this.fail("an address literal ends with ']'", this.at - 1);
    const content = this.text.slice(this.at, end);
    this.at = end + 1;
    return toAddressLiteral(content);
  }
}

function isDotString(text: string): boolean {
  if (text === '' || text.startsWith('.') || text.endsWith('.') || text.includes('..')) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 128 && atomTable[c] !== 1) return false;
  }
  return true;
}

/** Writes `local@domain` for SMTP (RFC 5321 section 4.1.2). A local part that is not a dot-string is quoted again. */
export function formatAddrSpec({ localPart, domain }: AddrSpec): string {
  if (isDotString(localPart)) return `${localPart}@${domain}`;
  return `"${localPart.replace(/["\\]/g, '\\$&')}"@${domain}`;
}

/**
 * Writes mailboxes for header fields (RFC 5322 section 3.4).
 * @module
 */
import type { Mailbox } from '../model/address.js';
import { encodedWords, looksEncoded } from './encoded-words.js';

const atoms = /^[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*$/;
const printable = /^[ -~]*$/;
/** A longer quoted-string could not be folded. */
const maxQuoted = 70;
/** A longer name may contain an atom that fits no line. */
const maxAtoms = 900;

/** A display name as tokens between which a line may be folded: atoms, a quoted-string, or encoded-words. */
export function nameTokens(name: string): string[] {
  if (!looksEncoded(name) && printable.test(name)) {
    if (name.length <= maxAtoms && atoms.test(name)) return name.split(' ');
    if (name.length <= maxQuoted) return [`"${name.replace(/["\\]/g, '\\$&')}"`];
  }
  return encodedWords(name);
}

/** A mailbox as tokens between which a line may be folded. The address must have been checked. */
export function mailboxTokens({ name, email }: Mailbox): string[] {
  if (name === undefined || name === '') return [email];
  const tokens = nameTokens(name);
  tokens.push(`<${email}>`);
  return tokens;
}

/** A mailbox on one line, in the form for a header field. */
export function formatMailbox(mailbox: Mailbox): string {
  return mailboxTokens(mailbox).join(' ');
}

/**
 * The public form of the list parser, which returns only names and addresses.
 * @module
 */
import type { Mailbox } from '../model/address.js';
import { parseAddressList as parseMailboxes } from './mailbox.js';

/**
 * Parses an address list, such as `'a@b, "C, D" <c@d>'`, by RFC 5322 section 3.4: comments are skipped, encoded-words
 * decoded, groups flattened. Domains become A-labels in lower case. Empty text is an empty list. One problem fails the
 * whole list with ERR_MESSAGE_INVALID, which names the position.
 */
export function parseAddressList(text: string): readonly Mailbox[] {
  return parseMailboxes(text).map(({ name, email }) => (name === undefined ? { email } : { name, email }));
}

/**
 * The public form of the list parser: names and addresses, nothing of ours besides.
 * @module
 */
import type { Mailbox } from '../model/address.js';
import { parseAddressList as parseMailboxes } from './mailbox.js';

/**
 * `'a@b, "C, D" <c@d>'` to mailboxes, by RFC 5322 section 3.4: comments skipped, encoded-words decoded, groups flattened. Domains come
 * as A-labels in lower case. Empty text is an empty list. One problem fails the whole list: ERR_MESSAGE_INVALID says where.
 */
export function parseAddressList(text: string): readonly Mailbox[] {
  return parseMailboxes(text).map(({ name, email }) => (name === undefined ? { email } : { name, email }));
}

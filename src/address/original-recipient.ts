/**
 * The recipient that the sender originally specified, for delivery status notifications: ORCPT (RFC 3461 section 4.2,
 * RFC 6533 section 3).
 * @module
 */
import { messageInvalid } from '../errors/email-error.js';
import { isAscii } from '../util/bytes.js';
import { parseMailbox } from './mailbox.js';

/** An address with its type. */
export interface OriginalRecipient {
  /**
   * In lower case: `rfc822` for a mailbox in ASCII, `utf-8` for other mailboxes, or the type of an address that is not
   * a mailbox.
   */
  readonly type: string;
  readonly address: string;
}

const typed = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*);([^]*)$/;
const maxOther = 500;

/**
 * Reads `address` or `type;address`. Throws ERR_MESSAGE_INVALID with `path`, in particular for control characters,
 * which ORCPT would otherwise encode.
 */
export function parseOriginalRecipient(text: string, path: string): OriginalRecipient {
  const [, type = '', address = ''] = (typeof text === 'string' ? typed.exec(text) : null) ?? ['', '', text];
  const kind = type.toLowerCase();
  if (kind === '' || kind === 'rfc822' || kind === 'utf-8') {
    const email = /^postmaster$/i.test(address) ? address : parseMailbox(address, path).email;
    if (kind === 'rfc822' && !isAscii(email)) throw messageInvalid(path, 'an address of the type rfc822 must be ASCII');
    // Keeps the sender's spelling, which may use capitals.
    const written = address.toLowerCase() === email.toLowerCase() ? address : email;
    return { type: kind === '' ? (isAscii(email) ? 'rfc822' : 'utf-8') : kind, address: written };
  }
  if (!/^[ -~]+$/.test(address) || address.length > maxOther)
    throw messageInvalid(path, `an address of another type must be 1 to ${maxOther} printable ASCII characters`);
  return { type: kind, address };
}

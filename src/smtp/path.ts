/**
 * The syntax of reverse and forward paths (RFC 5321 section 4.1.2, RFC 6531 section 3.3). Envelopes were checked
 * before. This check protects the parameters after a path against any caller of a transport.
 * @module
 */
import { maxAddress } from '../address/limits.js';
import { messageInvalid } from '../errors/email-error.js';

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10FFFF}]+";
const dotString = `${atom}(?:\\.${atom})*`;
const quotedString = '"(?:[ !#-\\[\\]-~\\u0080-\\u{10FFFF}]|\\\\[ -~])*"';
const label = '[A-Za-z0-9_\\u0080-\\u{10FFFF}](?:[A-Za-z0-9_\\-\\u0080-\\u{10FFFF}]*[A-Za-z0-9_\\u0080-\\u{10FFFF}])?';
const domain = `${label}(?:\\.${label})*`;
const literal = '\\[[!-Z^-~]+\\]';
const mailbox = new RegExp(`^(?:${dotString}|${quotedString})@(?:${domain}|${literal})$`, 'u');

/** `<address>`, or ERR_MESSAGE_INVALID with the field. With `allowEmpty`, '' gives `<>`. */
export function formatPath(address: string, field: string, allowEmpty = false): string {
  if (address === '' && allowEmpty) return '<>';
  if (Buffer.byteLength(address, 'utf8') > maxAddress)
    throw messageInvalid(field, `is longer than the ${maxAddress} octets that fit into a command`);
  // Postmaster is the only mailbox without a domain (RFC 5321 section 4.5.1).
  if (mailbox.test(address) || /^postmaster$/i.test(address)) return `<${address}>`;
  throw messageInvalid(field, 'is not a valid SMTP mailbox (local@domain, RFC 5321 section 4.1.2)');
}

/**
 * The length limit of addresses.
 * @module
 */

/**
 * The most octets of an address: the rest of a command line of 512 octets after `MAIL FROM:<>` and CRLF (RFC 5321
 * section 4.5.3.1.4). Every server must accept 64 octets in a local part and 256 in a path. Reply tokens and rewritten
 * senders (SRS) are longer, and many servers accept them, so this library checks only the length of the command line.
 */
export const maxAddress = 512 - 'MAIL FROM:<>\r\n'.length;

/**
 * How long an address may be.
 *
 * @module
 */

/**
 * Octets of an address: what `MAIL FROM:<>` leaves of a command line of 512 with its CRLF (RFC 5321 section 4.5.3.1.4). The 64 octets of a
 * local part and the 256 of a path are what every server must take; reply tokens and rewritten senders (SRS) are longer, and many servers
 * take them. The server is left to refuse.
 */
export const maxAddress = 512 - 'MAIL FROM:<>\r\n'.length;

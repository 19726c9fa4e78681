/**
 * The rule for URLs of OAuth 2.0.
 * @module
 */

const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** Is it an https URL without user and fragment? http is allowed for loopback only. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname));
}

/**
 * The text of a proxy in errors, without secrets.
 * @module
 */
import { utf8 } from '../../util/bytes.js';
import { hiddenText, Secrets } from '../../util/secrets.js';
import type { HttpCredentials } from './http-authentication.js';

/**
 * The proxy's text, unless it repeats a secret in any form. Then only the HTTP status is shown, because a gap in
 * well-known words would reveal the secret. NTLM and Kerberos tokens count as secrets: a weak password can be found
 * from an NTLM token.
 */
export function hideSecrets(words: string, credentials: HttpCredentials | undefined): string {
  const secrets = secretsOf(credentials);
  // The octets of a status line are read as Latin-1; the proxy may have meant UTF-8.
  const isTouched =
    /TlRMTVNT|\bYI[A-Za-z0-9+/]{20}/.test(words) ||
    [words, Buffer.from(words, 'latin1').toString('utf8')].some((text) => secrets.isIn(text));
  if (!isTouched) return words;
  const status = /^\d{3}(?= )/.exec(words)?.[0];
  return status === undefined ? hiddenText : `${status} ${hiddenText}`;
}

function secretsOf(credentials: HttpCredentials | undefined): Secrets {
  const secrets = new Secrets();
  if (credentials === undefined) return secrets;
  const { username, password } = credentials;
  secrets.add(password);
  if (password !== '') secrets.add(utf8(`${username}:${password}`).toString('base64'), true);
  return secrets;
}

/**
 * Under which key a token store keeps the tokens of a profile.
 *
 * @module
 */
import type { EmailProfile } from '../model/profile.js';

/** The settings that decide whose token it is. */
export interface TokenOwner extends Pick<EmailProfile, 'name' | 'authentication' | 'oauth2'> {
  readonly server: { readonly host: string };
}

/**
 * JSON of strings, the name of the profile first. Whatever decides whose token it is and where it may go is in it: a profile that is
 * edited or copied never sends the token of another account, nor the same token to another host.
 */
export function tokenKey({ name, server, authentication, oauth2 }: TokenOwner): string {
  const user = authentication !== undefined && 'username' in authentication ? authentication.username : '';
  return JSON.stringify([
    name,
    oauth2?.clientId ?? '',
    oauth2?.tokenUrl ?? oauth2?.issuer ?? '',
    oauth2?.scope ?? '',
    user,
    oauth2?.grant ?? 'authorization-code',
    oauth2?.privateKey?.subject ?? '',
    server.host.toLowerCase(),
  ]);
}

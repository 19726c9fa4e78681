/**
 * The key under which a token store keeps the tokens of a profile.
 * @module
 */
import type { EmailProfile } from '../model/settings/profile.js';
import { hasOwn, jsonText } from '../util/own.js';

interface Host {
  readonly host: string;
}

/** The settings that determine the account of a token. */
export interface TokenOwner extends Pick<EmailProfile, 'name' | 'authentication' | 'oauth2'> {
  readonly server: Host | readonly Host[];
}

/**
 * JSON text of an array of strings, the name of the profile first. It identifies the account and all hosts of the
 * token, so that an edited or copied profile never sends the token of another account, or this one to another host.
 */
export function tokenKey({ name, server, authentication, oauth2 }: TokenOwner): string {
  const user = authentication !== undefined && hasOwn(authentication, 'username') ? authentication.username : '';
  const hosts = hasOwn(server, 'host') ? [server] : server;
  return jsonText([
    name,
    oauth2?.clientId ?? '',
    oauth2?.tokenUrl ?? oauth2?.issuer ?? '',
    oauth2?.scope ?? '',
    user,
    oauth2?.grant ?? 'authorization-code',
    oauth2?.privateKey?.subject ?? '',
    hosts.map(({ host }) => host.toLowerCase()).join(' '),
  ]);
}

/**
 * An LDAP server, as described by the settings of a source, and the names of these settings for errors.
 * @module
 */
import type { TlsSettings } from '../../model/settings/server.js';
import type { PeerSettings } from '../../net/peer-settings.js';
import type { LoadClientIdentity } from '../../net/tls-identity.js';

/** Address, security and credentials of an LDAP server. */
export interface LdapServer {
  readonly host: string;
  readonly port: number;
  /** `ldaps://`: TLS from the first byte. */
  readonly implicitTls: boolean;
  /** May plain text be used if it refuses StartTLS? Never with credentials. */
  readonly plainTextAllowed: boolean;
  readonly tls: TlsSettings;
  /** Reads the client certificate of `tls`. */
  readonly loadIdentity: LoadClientIdentity;
  /** Simple bind; absent: anonymous. Resolved once TLS is established. */
  readonly credentials?: { readonly dn: string; readonly password: () => Promise<string> } | undefined;
  /** Its name in messages: `the LDAP server directory.example.com:389`. */
  readonly name: string;
  /** The profile's field of this source, for remedies. */
  readonly slot: string;
}

/** The names of an LDAP server and its settings in errors. */
export function peerSettingsOf({ slot }: LdapServer): PeerSettings {
  return {
    role: 'the LDAP server ',
    host: `${slot}.ldap`,
    port: `${slot}.ldap`,
    tls: `${slot}.tls`,
    plainTextRemedy: `Write ldap:// in ${slot}.ldap for StartTLS, or use the port of the server for TLS, which is usually 636.`,
    handshakeRemedy: `Check that the port of ${slot}.ldap expects TLS at this point: 636 is for ldaps://, 389 for ldap://.`,
  };
}

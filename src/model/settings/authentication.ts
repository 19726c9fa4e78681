/**
 * Settings of each authentication method.
 * @module
 */
import type { SaslMechanism } from '../sasl.js';
import type { Secret } from './secret.js';

/** Options of all methods. */
export interface AuthenticationOptions {
  /**
   * Allows authentication without TLS. PLAIN, LOGIN, XOAUTH2, OAUTHBEARER and custom mechanisms always need it.
   * CRAM-MD5, NTLM and SCRAM need it if 'automatic' ended in plain text, but not with `security: 'none'`, which was
   * chosen deliberately. Kerberos never needs it. Default false, also on loopback; without it ERR_AUTH_PLAINTEXT, and
   * nothing is sent.
   */
  readonly allowPlaintext?: boolean | undefined;
}

/** User name and password. */
export interface PasswordCredentials extends AuthenticationOptions {
  /** The authentication identity. */
  readonly username: string;
  /** The password; resolved at each connection. */
  readonly password: Secret;
}

/**
 * Authentication by a password. 'password' takes the strongest mechanism that both sides have. Over TLS: SCRAM-SHA-512,
 * -256, -1 (-PLUS first), PLAIN, LOGIN, CRAM-MD5; without TLS: SCRAM, CRAM-MD5, and PLAIN, LOGIN last and only with
 * `allowPlaintext`. After a 504 the next one is tried, after a 535 never. The other methods use that mechanism or fail
 * with ERR_AUTH_UNAVAILABLE.
 */
export interface PasswordAuthentication extends PasswordCredentials {
  /** PLAIN is RFC 4616; SCRAM is RFC 5802 and 7677. */
  readonly method: 'password' | 'plain' | 'scram-sha-1' | 'scram-sha-256' | 'scram-sha-512';
  /** The identity to act as; default: the user's own. */
  readonly authorizationId?: string | undefined;
}

/** LOGIN, or CRAM-MD5 (RFC 2195). */
export interface SimplePasswordAuthentication extends PasswordCredentials {
  /** Uses this mechanism. */
  readonly method: 'login' | 'cram-md5';
}

/** NTLMv2 (MS-NLMP, MS-SMTPNTLM). */
export interface NtlmAuthentication extends PasswordCredentials {
  /** Uses this mechanism. */
  readonly method: 'ntlm';
  /** Windows domain. It can also be given as `DOMAIN\user` or `user@domain` in `username`. */
  readonly domain?: string | undefined;
  /** Name of this machine for the server; default none. */
  readonly workstation?: string | undefined;
}

/**
 * AUTH GSSAPI (RFC 4752) by a Kerberos 5 client written in TypeScript, without a native addon. Credentials are a
 * password, a keytab or the ticket cache. On Windows the tickets of the signed-in user (SSPI) cannot be reached without
 * native code.
 */
export interface KerberosAuthentication extends AuthenticationOptions {
  /** Uses this mechanism. */
  readonly method: 'kerberos';
  /** `user@REALM`. Required with `password` or `keytabFile`; otherwise taken from the cache. */
  readonly principal?: string | undefined;
  /** The password; resolved at each connection that needs a new ticket. */
  readonly password?: Secret | undefined;
  /** MIT keytab, version 0x502. */
  readonly keytabFile?: string | undefined;
  /** FILE cache, version 3 or 4. Default `$KRB5CCNAME`, else `/tmp/krb5cc_<uid>`. */
  readonly credentialCache?: string | undefined;
  /** The identity to act as; default: the principal's own. */
  readonly authorizationId?: string | undefined;
  /** Default `smtp/<server.host>`; required if the host is an IP address. */
  readonly servicePrincipal?: string | undefined;
  /** `host[:port]` of the KDCs; default from krb5.conf, then DNS SRV. */
  readonly kdc?: readonly string[] | undefined;
  /** Default `$KRB5_CONFIG`, else `/etc/krb5.conf`. */
  readonly krb5ConfFile?: string | undefined;
}

/** OAuth 2.0 bearer token. */
export interface TokenAuthentication extends AuthenticationOptions {
  /** XOAUTH2, or OAUTHBEARER (RFC 7628). */
  readonly method: 'xoauth2' | 'oauthbearer';
  /** The mailbox. */
  readonly username: string;
  /**
   * Access token without `Bearer`. A function is called at each connection, and once more after a refusal. If absent,
   * the token comes from the profile's `oauth2` settings and the token store.
   */
  readonly token?: Secret | undefined;
  /**
   * The authorization identity of OAUTHBEARER; default `username`. XOAUTH2 has none, so setting it there is a problem
   * of the profile.
   */
  readonly authorizationId?: string | undefined;
}

/** SASL EXTERNAL (RFC 4422 appendix A): the TLS client certificate is the credential. */
export interface ExternalAuthentication extends AuthenticationOptions {
  /** Uses this mechanism. */
  readonly method: 'external';
  /** Default: the server takes the identity from the certificate. */
  readonly authorizationId?: string | undefined;
}

/** A mechanism of your own. */
export interface CustomAuthentication extends AuthenticationOptions {
  /** Uses this mechanism. */
  readonly method: 'custom';
  /** Makes the mechanism; called at each authentication. */
  readonly createMechanism: () => SaslMechanism;
}

/** How the sender is authenticated. */
export type Authentication =
  | PasswordAuthentication
  | SimplePasswordAuthentication
  | NtlmAuthentication
  | KerberosAuthentication
  | TokenAuthentication
  | ExternalAuthentication
  | CustomAuthentication;

/**
 * Settings of each authentication method.
 * @module
 */
import type { SaslMechanism } from '../sasl.js';
import type { Secret } from './secret.js';

/** Common to all methods. */
export interface AuthenticationOptions {
  /**
   * Without TLS: PLAIN, LOGIN, XOAUTH2, OAUTHBEARER and custom mechanisms always need this. CRAM-MD5, NTLM and SCRAM do not with
   * `security: 'none'` (chosen knowingly), but do where 'automatic' ended in plain text. Kerberos never does. Default false,
   * loopback included; without it ERR_AUTH_PLAINTEXT, and nothing is sent.
   */
  readonly allowPlaintext?: boolean | undefined;
}

/** User name and password. */
export interface PasswordCredentials extends AuthenticationOptions {
  /** The authentication identity. */
  readonly username: string;
  /** Resolved at each connection. */
  readonly password: Secret;
}

/**
 * 'password' takes the strongest password mechanism both sides have. Over TLS: SCRAM-SHA-512, -256, -1 (-PLUS
 * first), PLAIN, LOGIN, CRAM-MD5; without TLS: SCRAM, CRAM-MD5, and PLAIN, LOGIN last and only with `allowPlaintext`. A 504 may
 * try the next, a 535 never does. The others take that mechanism or fail with ERR_AUTH_UNAVAILABLE.
 */
export interface PasswordAuthentication extends PasswordCredentials {
  /** PLAIN is RFC 4616; SCRAM is RFC 5802 and 7677. */
  readonly method: 'password' | 'plain' | 'scram-sha-1' | 'scram-sha-256' | 'scram-sha-512';
  /** Act as this identity; default the user's own. */
  readonly authorizationId?: string | undefined;
}

/** LOGIN, or CRAM-MD5 (RFC 2195). */
export interface SimplePasswordAuthentication extends PasswordCredentials {
  /** The mechanism. */
  readonly method: 'login' | 'cram-md5';
}

/** NTLMv2 (MS-NLMP, MS-SMTPNTLM). */
export interface NtlmAuthentication extends PasswordCredentials {
  /** The mechanism. */
  readonly method: 'ntlm';
  /** Windows domain; or as `DOMAIN\user` or `user@domain` in `username`. */
  readonly domain?: string | undefined;
  /** Name of this machine as told to the server; default none. */
  readonly workstation?: string | undefined;
}

/**
 * AUTH GSSAPI (RFC 4752) by a Kerberos 5 client written in TypeScript: no native addon. Credentials are a password, a keytab, or
 * the ticket cache. On Windows the signed-in user's own tickets (SSPI) are out of reach without native code.
 */
export interface KerberosAuthentication extends AuthenticationOptions {
  /** The mechanism. */
  readonly method: 'kerberos';
  /** `user@REALM`; needed with `password` or `keytabFile`, else taken from the cache. */
  readonly principal?: string | undefined;
  /** Resolved at each connection that needs a new ticket. */
  readonly password?: Secret | undefined;
  /** MIT keytab, version 0x502. */
  readonly keytabFile?: string | undefined;
  /** FILE cache, version 3 or 4. Default `$KRB5CCNAME`, else `/tmp/krb5cc_<uid>`. */
  readonly credentialCache?: string | undefined;
  /** Act as this identity; default the principal's own. */
  readonly authorizationId?: string | undefined;
  /** Default `smtp/<server.host>`; required where host is an IP address. */
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
   * Access token without `Bearer`. A function is asked at each connection, and once more after a refusal. Absent: the token comes from
   * the profile's `oauth2` settings and the token store.
   */
  readonly token?: Secret | undefined;
  /** OAUTHBEARER's authorization identity; default `username`. XOAUTH2 has none: there it is a problem of the profile. */
  readonly authorizationId?: string | undefined;
}

/** SASL EXTERNAL (RFC 4422 appendix A): the TLS client certificate is the credential. */
export interface ExternalAuthentication extends AuthenticationOptions {
  /** The mechanism. */
  readonly method: 'external';
  /** Default: the server takes the identity from the certificate. */
  readonly authorizationId?: string | undefined;
}

/** A mechanism of your own. */
export interface CustomAuthentication extends AuthenticationOptions {
  /** The mechanism. */
  readonly method: 'custom';
  /** Called at each authentication. */
  readonly createMechanism: () => SaslMechanism;
}

/** How the sender proves who it is. */
export type Authentication =
  | PasswordAuthentication
  | SimplePasswordAuthentication
  | NtlmAuthentication
  | KerberosAuthentication
  | TokenAuthentication
  | ExternalAuthentication
  | CustomAuthentication;

/**
 * Settings of OAuth 2.0, and options of a sign-in.
 * @module
 */
import type { CertificateSource } from '../certificate.js';
import type { Secret } from './secret.js';

/**
 * How a token is obtained: by a person in a browser (RFC 6749 section 4.1), by a person on another device (RFC 8628),
 * by the application for itself (RFC 6749 section 4.4), or by a signed assertion (RFC 7523, service accounts).
 */
export type OAuth2Grant = 'authorization-code' | 'client-credentials' | 'device-code' | 'jwt-bearer';

/** A private key that signs JSON Web Tokens: RS256, or ES256, ES384, ES512 or EdDSA by the type of the key. */
export interface OAuth2PrivateKey {
  /** PKCS#8, PKCS#1 or SEC1 in PEM form. Resolved at each token request. */
  readonly key: Secret;
  /** `kid` in the header of the token. */
  readonly keyId?: string | undefined;
  /** `iss` of the token. Default `clientId`. */
  readonly issuer?: string | undefined;
  /** `sub` of the token: with 'jwt-bearer' the user whose mailbox it is. Default `issuer`. */
  readonly subject?: string | undefined;
  /** `aud` of the token. Default: the `issuer` of the provider if it is known, else the token endpoint. */
  readonly audience?: string | undefined;
}

/**
 * Settings for bearer tokens of XOAUTH2 or OAUTHBEARER. Either the URLs are given, or `issuer`, whose metadata contains
 * them (RFC 8414). All URLs are https; http is allowed for loopback addresses only.
 */
export interface OAuth2Settings {
  /** Client id, as registered with the provider. */
  readonly clientId: string;
  /**
   * Client secret; resolved at each token request. Absent for public clients, and if a key or certificate authenticates
   * the client.
   */
  readonly clientSecret?: Secret | undefined;
  /** Authorization endpoint: the page where a person signs in. */
  readonly authorizationUrl?: string | undefined;
  /** Token endpoint. Required unless `issuer` or `authenticationValue` is given. */
  readonly tokenUrl?: string | undefined;
  /**
   * Issuer identifier. Replaces the URLs, which are read from its RFC 8414 or OpenID Connect metadata; the metadata
   * must name the same issuer. URLs that are also given take precedence.
   */
  readonly issuer?: string | undefined;
  /** Device authorization endpoint (RFC 8628). */
  readonly deviceAuthorizationUrl?: string | undefined;
  /** Scopes, separated by spaces. */
  readonly scope?: string | undefined;
  /** An access token obtained elsewhere, with or without `Bearer`. It is used unchanged and never refreshed. */
  readonly authenticationValue?: Secret | undefined;
  /** A refresh token obtained elsewhere. One in the token store takes precedence. */
  readonly refreshToken?: Secret | undefined;
  /** Default 'authorization-code', with PKCE (RFC 7636) and a loopback redirect (RFC 8252). */
  readonly grant?: OAuth2Grant | undefined;
  /**
   * Signs the assertion of 'jwt-bearer'; with the other grants it proves the client (private_key_jwt, RFC 7523 section
   * 2.2).
   */
  readonly privateKey?: OAuth2PrivateKey | undefined;
  /** Added to the authorization request, such as `access_type`, `prompt`, `login_hint`. */
  readonly authorizationParameters?: Readonly<Record<string, string>> | undefined;
  /** Added to each token request, such as `resource`, `audience`. */
  readonly tokenParameters?: Readonly<Record<string, string>> | undefined;
  /**
   * How the client authenticates at the token endpoint: `clientSecret` in the body ('post', the default) or in an
   * Authorization field ('basic'). 'certificate' is private_key_jwt with `clientCertificate`, identified by its SHA-256
   * thumbprint (`x5t#S256`), as Microsoft 365 requires.
   */
  readonly clientAuthentication?: 'post' | 'basic' | 'certificate' | undefined;
  /** Certificate and private key for `clientAuthentication: 'certificate'`. */
  readonly clientCertificate?: CertificateSource | undefined;
  /**
   * The URL to which the provider sends the browser back: an http URL of 127.0.0.1, [::1] or localhost. Without a port,
   * a free one is chosen. Default `http://127.0.0.1:<free port>/`; Microsoft requires `http://localhost`.
   */
  readonly redirectUri?: string | undefined;
  /** Send the browser an empty page (204) instead of the confirmation. Default false. */
  readonly hideBrowserResponse?: boolean | undefined;
}

/** The code with which a person signs in on another device (RFC 8628 section 3.2). */
export interface UserCodePrompt {
  /** The code to type in. */
  readonly userCode: string;
  /** The page to type it into. */
  readonly verificationUri: string;
  /** The page with the code in it, for a QR code. */
  readonly verificationUriComplete?: string | undefined;
  /** Time at which the code expires. */
  readonly expiresAt: Date;
}

/** How a person is led to the sign-in. */
export interface AuthorizeOptions {
  /**
   * Opens the page where the person signs in, instead of the system's browser. An error of it ends the authorization.
   */
  readonly openBrowser?: ((url: string) => void | Promise<void>) | undefined;
  /** Called with the URL of that page if the system has no browser that can be opened. Show it to the person. */
  readonly onAuthorizationUrl?: ((url: string) => void) | undefined;
  /** For the grant 'device-code': called with the code. Show it to the person. */
  readonly onUserCode?: ((prompt: UserCodePrompt) => void) | undefined;
  /** Makes the HTTP requests instead of the library's own client. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Ends the authorization. */
  readonly signal?: AbortSignal | undefined;
}

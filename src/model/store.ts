import type { EmailProfile } from './profile.js';

/** OAuth 2.0 tokens, as a store keeps them. */
export interface OAuth2Tokens {
  /** The bearer token. */
  readonly accessToken: string;
  /** When it ends, where the server said. */
  readonly expiresAt?: Date | undefined;
  /** For a new one. */
  readonly refreshToken?: string | undefined;
  /** Space-separated. */
  readonly scope?: string | undefined;
  /** `Bearer`. */
  readonly tokenType: string;
}

/** Where refreshed and rotated tokens are kept; a ProfileStore is one. */
export interface TokenStore {
  /** The key names profile, client, endpoint, scope and user. */
  loadTokens(key: string): Promise<OAuth2Tokens | undefined>;
  /** Replaces what was there. */
  saveTokens(key: string, tokens: OAuth2Tokens): Promise<void>;
}

/** A profile as a store lists it. */
export interface ProfileSummary {
  /** Key of the profile. */
  readonly name: string;
  /** For people. */
  readonly description?: string | undefined;
  /** Is it the active one? */
  readonly active: boolean;
}

/**
 * Many profiles, one active: the interface that `MailerOptions.profileStore` takes, for a store of your own. Cached certificates
 * (`CertificateSource.cache`) go through `loadCached` and `saveCached`; keep them encrypted, they hold private keys.
 */
export interface ProfileStore extends TokenStore {
  /** All profiles. */
  list(): Promise<readonly ProfileSummary[]>;
  /** One profile. */
  get(name: string): Promise<EmailProfile | undefined>;
  /** Adds or replaces. */
  save(profile: EmailProfile): Promise<void>;
  /** With its tokens and cached certificates. Leaves none active if it was. */
  delete(name: string): Promise<boolean>;
  /** Keeps tokens and cached certificates. */
  rename(from: string, to: string): Promise<void>;
  /** A cached certificate; `slot` names its place in the profile, as `smime.sign.certificate`. */
  loadCached(profile: string, slot: string): Promise<Uint8Array | undefined>;
  /** undefined removes it. */
  saveCached(profile: string, slot: string, data: Uint8Array | undefined): Promise<void>;
  /** Makes it the active one. */
  activate(name: string): Promise<void>;
  /** The active one. */
  active(): Promise<EmailProfile | undefined>;
}

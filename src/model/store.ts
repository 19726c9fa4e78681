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

/**
 * Where refreshed and rotated tokens are kept; a ProfileStore is one. Both tokens are secrets: keep them encrypted.
 *
 * A key is the JSON text of an array of strings. The first is the name of the profile; the others name client, endpoint, scope,
 * user, grant and mail host, so that an edited profile never sends the token of another account. A store that renames or deletes
 * profiles finds their tokens by the first.
 */
export interface TokenStore {
  /** The tokens that were last saved under this key, or undefined. */
  loadTokens(key: string): Promise<OAuth2Tokens | undefined>;
  /** Replaces what was there. Resolves once the tokens survive a crash of the process: the new token is used only after that. */
  saveTokens(key: string, tokens: OAuth2Tokens): Promise<void>;
  /**
   * Runs `work` while no other holder of this key runs, in any process that shares the store, and settles as `work` does. A lock whose
   * process died is taken over. `signal` ends the wait for the lock, not the work.
   *
   * Optional. A store that several processes share needs it where the provider rotates refresh tokens: without it two processes may
   * use one refresh token twice, and the provider then revokes them all (RFC 9700 section 4.14.2).
   */
  lock?<T>(
    key: string,
    work: () => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
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

/**
 * The interfaces of stores for profiles and tokens.
 * @module
 */
import type { EmailProfile } from './settings/profile.js';
import type { Secret } from './settings/secret.js';

/** OAuth 2.0 tokens, as a store keeps them. */
export interface OAuth2Tokens {
  /** The bearer token. */
  readonly accessToken: string;
  /** Time at which the access token expires, if the server gave one. */
  readonly expiresAt?: Date | undefined;
  /** The token that obtains a new access token. */
  readonly refreshToken?: string | undefined;
  /** The granted scopes, separated by spaces. */
  readonly scope?: string | undefined;
  /** The type of the token: `Bearer`. */
  readonly tokenType: string;
}

/**
 * A store for refreshed and rotated tokens; a ProfileStore is one. Both tokens are secrets: keep them encrypted.
 *
 * A key is the JSON text of an array of strings. The first is the name of the profile; the others name client,
 * endpoint, scope, user, grant and mail host, so that an edited profile never sends the token of another account. A
 * store that renames or deletes profiles finds their tokens by the first string.
 */
export interface TokenStore {
  /** The tokens that were last saved under this key, or undefined. */
  loadTokens(key: string): Promise<OAuth2Tokens | undefined>;
  /**
   * Replaces the tokens under this key. Resolves once they would survive a crash of the process: a new token is only
   * used after that.
   */
  saveTokens(key: string, tokens: OAuth2Tokens): Promise<void>;
  /**
   * Runs `work` while no other process or caller holds the lock for this key, and settles as `work` does. The lock of a
   * process that died is taken over. `signal` ends the wait for the lock, not the work.
   *
   * Optional. A store shared by several processes needs it if the provider rotates refresh tokens. Without it, two
   * processes may use the same refresh token, and the provider then revokes them all (RFC 9700 section 4.14.2).
   */
  lock?<T>(key: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
}

/** Options of the wait for a lock. */
export interface LockOptions {
  /** Ends the wait, not the work. */
  readonly signal?: AbortSignal | undefined;
}

/** A profile as a store lists it. */
export interface ProfileSummary {
  /** Name of the profile, its key in the store. */
  readonly name: string;
  /** The description for people. */
  readonly description?: string | undefined;
  /** Is it the active one? */
  readonly active: boolean;
}

/**
 * A store of many profiles, one of them active. Implement this interface for a store of your own, and pass it as
 * `MailerOptions.profileStore`. Keep the secrets of profiles, tokens and cached certificates encrypted: the
 * certificates contain private keys.
 */
export interface ProfileStore extends TokenStore {
  /** All profiles, in the order in which they were first saved. */
  list(): Promise<readonly ProfileSummary[]>;
  /** One profile, as `defineProfile` returns it, or undefined. */
  get(name: string): Promise<EmailProfile | undefined>;
  /**
   * Adds a profile, or replaces the one with its name. Drops cached certificates whose source has changed. References
   * `{ env }` and `{ file }` are kept as references; a live value (a function, a certificate store) is
   * ERR_PROFILE_INVALID.
   */
  save(profile: EmailProfile): Promise<void>;
  /**
   * Deletes a profile with its tokens and cached certificates. If it was active, no profile is active afterwards. False
   * if there is no such profile.
   */
  delete(name: string): Promise<boolean>;
  /**
   * Renames a profile. Its tokens, its cached certificates and its active state are kept. ERR_STORE if `from` is
   * missing or `to` exists.
   */
  rename(from: string, to: string): Promise<void>;
  /**
   * A cached certificate. `slot` is its path in the profile, such as `smime.sign.certificate`. The profile need not be
   * in the store.
   */
  loadCached(profile: string, slot: string): Promise<Uint8Array | undefined>;
  /** Replaces the cached certificate; undefined removes it. */
  saveCached(profile: string, slot: string, data: Uint8Array | undefined): Promise<void>;
  /** Makes a profile the active one instead of any other. ERR_STORE if it is missing. */
  activate(name: string): Promise<void>;
  /** The active profile; undefined if there is none. */
  active(): Promise<EmailProfile | undefined>;
}

/** Options of `openProfileStore`: the place of the store, and its key. */
export interface OpenProfileStoreOptions {
  /**
   * The file; relative paths start at the working directory. Its directory must belong to this user; a missing one is
   * made with mode 0700. `FILE.state`, a directory for locks, is made beside it.
   */
  readonly file: string;
  /**
   * The key. A string, or the value of a reference, is a passphrase (scrypt, N = 2^17); 32 bytes are the key itself.
   */
  readonly key: Secret | Uint8Array;
}

/** The store in one file that `openProfileStore` opens. */
export interface EmbeddedProfileStore extends ProfileStore {
  /** Runs `work` while no other holder of this key runs, in any process that has the store open. */
  lock<T>(key: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
  /** Encrypts everything with another key. Other processes get ERR_STORE until they open the store with that key. */
  changeKey(key: Secret | Uint8Array): Promise<void>;
}

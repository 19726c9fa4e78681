/**
 * The seams for stores of profiles and tokens.
 * @module
 */
import type { EmailProfile } from './settings/profile.js';
import type { Secret } from './settings/secret.js';

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
  lock?<T>(key: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
}

/** How to wait for a lock. */
export interface LockOptions {
  /** Ends the wait, not the work. */
  readonly signal?: AbortSignal | undefined;
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
 * Many profiles, one active: the interface that `MailerOptions.profileStore` takes, for a store of your own. Keep the secrets of
 * profiles, tokens and cached certificates encrypted: the certificates hold private keys.
 */
export interface ProfileStore extends TokenStore {
  /** All profiles, in the order in which they were first saved. */
  list(): Promise<readonly ProfileSummary[]>;
  /** One profile, as `defineProfile` gives it, or undefined. */
  get(name: string): Promise<EmailProfile | undefined>;
  /**
   * Adds a profile, or replaces the one of its name. Drops cached certificates whose source is not what it was. References `{ env }` and
   * `{ file }` are kept as references; a live value (a function, a certificate store) is ERR_PROFILE_INVALID.
   */
  save(profile: EmailProfile): Promise<void>;
  /** With its tokens and cached certificates. Leaves none active if it was. False where there is no such profile. */
  delete(name: string): Promise<boolean>;
  /** Keeps tokens and cached certificates, and the profile active if it was. ERR_STORE where `from` is missing or `to` is taken. */
  rename(from: string, to: string): Promise<void>;
  /** A cached certificate; `slot` names its place in the profile, as `smime.sign.certificate`. The profile need not be in the store. */
  loadCached(profile: string, slot: string): Promise<Uint8Array | undefined>;
  /** Replaces what was there; undefined removes it. */
  saveCached(profile: string, slot: string, data: Uint8Array | undefined): Promise<void>;
  /** Makes a profile the active one in place of any other. ERR_STORE where it is missing. */
  activate(name: string): Promise<void>;
  /** The active profile; undefined where none is. */
  active(): Promise<EmailProfile | undefined>;
}

/** Where `openProfileStore` keeps profiles, and by which key. */
export interface OpenProfileStoreOptions {
  /**
   * The file; relative paths are from the working directory. Its directory must be this user's, and is made with mode 0700 where it
   * is missing. `FILE.state`, a directory for locks, is made beside it.
   */
  readonly file: string;
  /** A string, or what a reference gives, is a passphrase (scrypt, N = 2^17); 32 bytes are the key itself. */
  readonly key: Secret | Uint8Array;
}

/** The store in one file that `openProfileStore` gives. */
export interface EmbeddedProfileStore extends ProfileStore {
  /** Runs `work` while no other holder of this key runs, in any process that has the store open. */
  lock<T>(key: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
  /** Seals everything with another key. Other processes get ERR_STORE until they open the store with that key. */
  changeKey(key: Secret | Uint8Array): Promise<void>;
}

/**
 * OAuth 2.0 for a mailer, and `authorize()` without one. Checks the settings; everything else is loaded on first use.
 * @module
 */
import type { TokenProvider, TokenQuery } from '../../connection/contract.js';
import { profileInvalid } from '../../errors/email-error.js';
import type { AuthorizeOptions, OAuth2Settings } from '../../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../../model/store.js';
import type { TokenSource } from '../../oauth2/token-source.js';
import { checkAuthorizeOptions } from '../../profile/mailer-options.js';
import type { ResolvedProfile } from '../../profile/resolve.js';
import { oauth2Settings } from '../../profile/shape/oauth2.js';
import { checked } from '../../schema/check.js';
import { object, required } from '../../schema/object.js';
import type { ServiceOptions } from './connected-source.js';

/** The tokens of one profile. */
export class OAuth2Service implements TokenProvider {
  readonly #profile: ResolvedProfile;
  readonly #options: ServiceOptions;
  #source: Promise<TokenSource> | undefined;

  constructor(profile: ResolvedProfile, options: ServiceOptions) {
    this.#profile = profile;
    this.#options = options;
  }

  /** Can tokens be renewed? False if the settings contain the access token itself. */
  get renewable(): boolean {
    return this.#profile.oauth2 !== undefined && this.#profile.oauth2.authenticationValue === undefined;
  }

  async token(query: TokenQuery): Promise<string> {
    return await (await this.#load()).get(query);
  }

  /** Runs the grant and stores the tokens. */
  async authorize({ fetch, ...options }: AuthorizeOptions): Promise<OAuth2Tokens> {
    const source = await this.#load();
    if (fetch === undefined) return await source.authorize(options);
    const { surroundingsOfProfile } = await import('./connected-source.js');
    return await source.authorize(options, surroundingsOfProfile(this.#profile, { ...this.#options, fetch }));
  }

  /** See `TokenSource.close`. */
  async close(force: boolean): Promise<void> {
    await (await this.#source?.catch(() => undefined))?.close(force);
  }

  #load(): Promise<TokenSource> {
    this.#source ??= this.#make();
    this.#source.catch(() => (this.#source = undefined));
    return this.#source;
  }

  async #make(): Promise<TokenSource> {
    const { oauth2 } = this.#profile;
    if (oauth2 === undefined) throw profileInvalid('oauth2', 'expected settings for getting a token, got nothing');
    const { connectedSource } = await import('./connected-source.js');
    return connectedSource(oauth2, this.#profile, this.#options);
  }
}

/**
 * Obtains tokens. If the grant needs a person, 'authorization-code' opens the system's browser, and 'device-code'
 * passes a code to `onUserCode`. The tokens are not stored: put the refresh token into `oauth2.refreshToken`, or use
 * `mailer.authorize()`, which stores them and uses the profile's proxy.
 *
 * ERR_PROFILE_INVALID for invalid settings; ERR_OAUTH2 with the provider's message; ERR_SECRET or ERR_CERTIFICATE if a
 * secret or the client certificate cannot be read; ERR_TIMEOUT if the person did not sign in within 5 minutes, or
 * before the code expired; ERR_ABORTED.
 */
export async function authorize(settings: OAuth2Settings, options: AuthorizeOptions = {}): Promise<OAuth2Tokens> {
  const subject = { sentence: 'The OAuth 2.0 settings are not valid', root: 'oauth2' };
  const { oauth2 } = checked(settingsSchema, { oauth2: settings }, subject);
  const { fetch, ...rest } = checkAuthorizeOptions(options);
  const { grantAlone } = await import('./connected-source.js');
  return await grantAlone(oauth2, rest, fetch);
}

const settingsSchema = /* @__PURE__ */ object<{ readonly oauth2: OAuth2Settings }>({
  oauth2: /* @__PURE__ */ required(oauth2Settings),
});

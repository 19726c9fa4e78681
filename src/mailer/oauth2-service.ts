/**
 * OAuth 2.0 for a mailer, and `authorize()` without one. Connects the settings, the requests to the provider and the
 * token store. The code of the grants is loaded on first use.
 * @module
 */
import type { TokenProvider, TokenQuery } from '../connection/contract.js';
import { profileInvalid } from '../errors/email-error.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { MailerOptions } from '../model/mailer.js';
import type { AuthorizeOptions, OAuth2Settings } from '../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../model/store.js';
import type { Surroundings } from '../oauth2/surroundings.js';
import type { TokenSource } from '../oauth2/token-source.js';
import { checkAuthorizeOptions } from '../profile/mailer-options.js';
import type { ResolvedProfile } from '../profile/resolve.js';
import { oauth2Settings } from '../profile/shape/oauth2.js';
import { checked } from '../schema/check.js';
import { object, required } from '../schema/object.js';
import { clientIdentity } from './late-protection.js';

const certificateSlot = 'oauth2.clientCertificate';

type ServiceOptions = Pick<MailerOptions, 'connector' | 'fetch' | 'profileStore' | 'tokenStore'>;

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
    if (this.#profile.oauth2 === undefined)
      throw profileInvalid('oauth2', 'expected settings for getting a token, got nothing');
    const source = await this.#load();
    return await source.authorize(options, fetch && (await this.#surroundings(fetch)));
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
    const { TokenSource: Source, tokenKey } = await import('../oauth2/oauth2.js');
    const { tokenStore, profileStore } = this.#options;
    return new Source({
      settings: oauth2,
      surroundings: await this.#surroundings(this.#options.fetch),
      store: tokenStore ?? profileStore,
      key: tokenKey({ ...this.#profile, server: this.#profile.servers }),
    });
  }

  /** Requests use the profile's proxy, and trust its `server.tls.ca` in addition to Node's list. */
  async #surroundings(fetch: typeof globalThis.fetch | undefined): Promise<Surroundings> {
    const { name, proxy, server } = this.#profile;
    const { profileStore } = this.#options;
    const { createProxyConnector, DirectConnector, proxyNegotiation } = await import('./create-transport.js');
    const { createConnectorClient, createFetchClient } = await import('../oauth2/oauth2.js');
    const connector =
      this.#options.connector ??
      createProxyConnector(proxy, new DirectConnector(), {
        loadClientIdentity: clientIdentity({
          profileName: name,
          store: profileStore,
          slot: 'proxy.tls.clientCertificate',
        }),
        negotiate: proxyNegotiation(),
      });
    const { ca, useSystemCa } = server.tls;
    return await surroundingsOf(
      fetch === undefined ? createConnectorClient({ connector, ca, useSystemCa }) : createFetchClient(fetch),
      { profileName: name, store: profileStore },
    );
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
  const { createConnectorClient, createFetchClient, runGrant } = await import('../oauth2/oauth2.js');
  const { DirectConnector } = await import('./create-transport.js');
  const http =
    fetch === undefined ? createConnectorClient({ connector: new DirectConnector() }) : createFetchClient(fetch);
  return await runGrant(oauth2, rest, await surroundingsOf(http, { profileName: '', store: undefined }));
}

const settingsSchema = object<{ readonly oauth2: OAuth2Settings }>({ oauth2: required(oauth2Settings) });

async function surroundingsOf(
  http: Surroundings['http'],
  context: { readonly profileName: string; readonly store: MailerOptions['profileStore'] },
): Promise<Surroundings> {
  const { systemClock } = await import('../oauth2/oauth2.js');
  return {
    http,
    clock: systemClock,
    chance: Math.random,
    loadCertificate: (source, signal) => loadCertificate(source, context, signal),
  };
}

async function loadCertificate(
  source: CertificateSource,
  place: { readonly profileName: string; readonly store: MailerOptions['profileStore'] },
  signal: AbortSignal,
): Promise<LoadedCertificate> {
  const { ProfileCertificates } = await import('../protection/protection.js');
  return await new ProfileCertificates(place).load(source, certificateSlot, 'client-auth', signal);
}

/**
 * Connects OAuth 2.0 with the settings of a profile: its proxy, its certificates and its store. Loaded on first use.
 * @module
 */
import {
  systemClock,
  createConnectorClient,
  createFetchClient,
  runGrant,
  tokenKey,
  TokenSource,
} from '../../oauth2/oauth2.js';
import type { CertificateSource, LoadedCertificate } from '../../model/certificate.js';
import type { MailerOptions } from '../../model/mailer.js';
import type { AuthorizeOptions, OAuth2Settings } from '../../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../../model/store.js';
import type { Surroundings } from '../../oauth2/surroundings.js';
import type { ResolvedProfile } from '../../profile/resolve.js';
import { createProxyConnector, DirectConnector, proxyNegotiation } from '../create-transport.js';
import { clientIdentity } from '../late-protection.js';

const certificateSlot = 'oauth2.clientCertificate';

/** The options of a mailer that its tokens need. */
export type ServiceOptions = Pick<MailerOptions, 'connector' | 'fetch' | 'profileStore' | 'tokenStore'>;

/** The source of a profile's tokens. */
export function connectedSource(
  settings: OAuth2Settings,
  profile: ResolvedProfile,
  options: ServiceOptions,
): TokenSource {
  return new TokenSource({
    settings,
    surroundings: surroundingsOfProfile(profile, options),
    store: options.tokenStore ?? options.profileStore,
    key: tokenKey({ ...profile, server: profile.servers }),
  });
}

/** Requests use the profile's proxy, and trust its `server.tls.ca` in addition to Node's list. */
export function surroundingsOfProfile(
  { name, proxy, server }: ResolvedProfile,
  { connector, fetch, profileStore }: ServiceOptions,
): Surroundings {
  const context = { profileName: name, store: profileStore };
  if (fetch !== undefined) return surroundingsOf(createFetchClient(fetch), context);
  const { ca, useSystemCa } = server.tls;
  const own =
    connector ??
    createProxyConnector(proxy, new DirectConnector(), {
      loadClientIdentity: clientIdentity({ ...context, slot: 'proxy.tls.clientCertificate' }),
      negotiate: proxyNegotiation(),
    });
  return surroundingsOf(createConnectorClient({ connector: own, ca, useSystemCa }), context);
}

/** Runs a grant without a profile. */
export async function grantAlone(
  settings: OAuth2Settings,
  options: Omit<AuthorizeOptions, 'fetch'>,
  fetch: MailerOptions['fetch'],
): Promise<OAuth2Tokens> {
  const http =
    fetch === undefined ? createConnectorClient({ connector: new DirectConnector() }) : createFetchClient(fetch);
  return await runGrant(settings, options, surroundingsOf(http, { profileName: '', store: undefined }));
}

function surroundingsOf(
  http: Surroundings['http'],
  context: { readonly profileName: string; readonly store: MailerOptions['profileStore'] },
): Surroundings {
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
  const { ProfileCertificates } = await import('../../protection/protection.js');
  return await new ProfileCertificates(place).load(source, certificateSlot, 'client-auth', signal);
}

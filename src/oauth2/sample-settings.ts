/**
 * Settings to start with: endpoints and scopes of providers, from their documentation of November 2026.
 * @module
 */
import { profileInvalid } from '../errors/email-error.js';
import type { OAuth2Grant, OAuth2Settings } from '../model/settings/oauth2.js';

/** Options of `sampleOAuth2Settings`. */
export interface SampleOAuth2Options {
  /** Microsoft: id or domain of the tenant. Default 'common' if a person signs in. */
  readonly tenant?: string | undefined;
  /** Default 'authorization-code'. */
  readonly grant?: OAuth2Grant | undefined;
}

/**
 * Settings of a provider with everything but the credentials, which are left to fill in: an empty `clientId` is refused
 * by `defineProfile`, and so is a `{tenant}` in a URL. 'generic' finds its endpoints by the metadata of `issuer`.
 * ERR_PROFILE_INVALID for a grant that the provider does not have for mail. docs/guide/oauth2.md takes you through
 * each.
 */
export function sampleOAuth2Settings(
  provider: 'google' | 'microsoft' | 'generic',
  options: SampleOAuth2Options = {},
): OAuth2Settings {
  const { grant = 'authorization-code', tenant } = options;
  if (provider === 'google') return google(grant);
  if (provider === 'microsoft') return microsoft(grant, tenant);
  if (provider === 'generic') return generic(grant);
  throw profileInvalid('provider', "expected 'google', 'microsoft' or 'generic'");
}

function google(grant: OAuth2Grant): OAuth2Settings {
  const common = {
    clientId: '',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    scope: 'https://mail.google.com/',
    grant,
  };
  if (grant === 'jwt-bearer') return { ...common, privateKey: { key: '', keyId: '', subject: '' } };
  if (grant === 'authorization-code')
    return {
      ...common,
      clientSecret: '',
      authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
      // Without both parameters, Google returns a refresh token at the first consent only.
      authorizationParameters: { access_type: 'offline', prompt: 'consent' },
    };
  throw profileInvalid(
    'grant',
    grant === 'device-code'
      ? 'Google does not allow the mail scope with device codes; use authorization-code'
      : "Google has no client credentials; a service account uses 'jwt-bearer'",
  );
}

function microsoft(grant: OAuth2Grant, tenant: string | undefined): OAuth2Settings {
  const directory = tenant ?? (grant === 'client-credentials' ? '{tenant}' : 'common');
  const base = `https://login.microsoftonline.com/${directory}/oauth2/v2.0`;
  const common = { clientId: '', tokenUrl: `${base}/token`, grant };
  if (grant === 'client-credentials')
    return { ...common, clientSecret: '', scope: 'https://outlook.office365.com/.default' };
  const scope = 'https://outlook.office.com/SMTP.Send offline_access';
  if (grant === 'device-code') return { ...common, deviceAuthorizationUrl: `${base}/devicecode`, scope };
  if (grant === 'authorization-code')
    return { ...common, authorizationUrl: `${base}/authorize`, scope, redirectUri: 'http://localhost' };
  throw profileInvalid(
    'grant',
    "Microsoft has no 'jwt-bearer' for mail; an application uses 'client-credentials', also with a certificate",
  );
}

function generic(grant: OAuth2Grant): OAuth2Settings {
  const common = { clientId: '', issuer: '', scope: '', grant };
  if (grant === 'client-credentials') return { ...common, clientSecret: '' };
  if (grant === 'jwt-bearer') return { ...common, privateKey: { key: '', subject: '' } };
  return { ...common, scope: 'offline_access' };
}

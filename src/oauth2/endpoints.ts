/**
 * The endpoints of a provider, from the settings or from the metadata of an issuer (RFC 8414, OpenID Connect
 * Discovery).
 * @module
 */
import { profileInvalid } from '../errors/email-error.js';
import type { OAuth2Settings } from '../model/settings/oauth2.js';
import { isSecureUrl } from '../profile/oauth2-url.js';
import { showText } from '../util/show.js';
import { oauth2Error } from './errors.js';
import { jsonFields, textField } from './json.js';
import { askProvider, atEndpoint, refusalOf, refusedBy, showEndpoint } from './provider.js';
import type { Surroundings } from './surroundings.js';

/** The endpoints of one provider. */
export interface Endpoints {
  readonly tokenUrl: URL;
  readonly authorizationUrl: URL | undefined;
  readonly deviceAuthorizationUrl: URL | undefined;
  /** Issuer identifier, if it is known. */
  readonly issuer: string | undefined;
  /** True if the metadata promise `iss` in each authorization response (RFC 9207 section 3). */
  readonly promisesIssuer: boolean;
}

type UrlName = 'tokenUrl' | 'authorizationUrl' | 'deviceAuthorizationUrl';

/**
 * The endpoints that the grant needs. ERR_OAUTH2 if the metadata cannot be read or do not have them;
 * ERR_PROFILE_INVALID if the settings have neither them nor an issuer.
 */
export async function findEndpoints(
  settings: OAuth2Settings,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Endpoints> {
  const { issuer, grant = 'authorization-code' } = settings;
  const needed: readonly UrlName[] = [
    'tokenUrl',
    ...(grant === 'authorization-code' ? (['authorizationUrl'] as const) : []),
    ...(grant === 'device-code' ? (['deviceAuthorizationUrl'] as const) : []),
  ];
  const missing = needed.filter((name) => settings[name] === undefined);
  const [first] = missing;
  if (first !== undefined && issuer === undefined)
    throw profileInvalid(`oauth2.${first}`, `is required by the grant '${grant}'`);
  const metadata =
    first === undefined || issuer === undefined ? noMetadata : await readMetadata(issuer, surroundings, signal);
  const urlOf = (name: UrlName): URL | undefined => {
    const text = settings[name] ?? metadata.get(name);
    return text === undefined ? undefined : new URL(text);
  };
  const tokenUrl = urlOf('tokenUrl');
  for (const name of needed) {
    if (urlOf(name) === undefined)
      throw oauth2Error(
        `The metadata of ${showText(issuer ?? '', 300)} contain no endpoint for the grant '${grant}'.`,
        {
          remedy: `Set oauth2.${name}, or another oauth2.grant: the provider may not support this one.`,
        },
      );
  }
  return {
    tokenUrl: tokenUrl as URL,
    authorizationUrl: urlOf('authorizationUrl'),
    deviceAuthorizationUrl: urlOf('deviceAuthorizationUrl'),
    issuer,
    promisesIssuer: metadata.has('promisesIssuer'),
  };
}

type Metadata = ReadonlyMap<UrlName | 'promisesIssuer', string>;
const noMetadata: Metadata = new Map();

async function readMetadata(issuer: string, surroundings: Surroundings, signal: AbortSignal): Promise<Metadata> {
  const url = new URL(issuer);
  return await atEndpoint(url, () => askForMetadata(issuer, surroundings, signal));
}

async function askForMetadata(issuer: string, surroundings: Surroundings, signal: AbortSignal): Promise<Metadata> {
  let refused: Error | undefined;
  for (const url of metadataUrls(issuer)) {
    const request = {
      what: 'metadata document',
      method: 'GET',
      url,
      headers: { Accept: 'application/json' },
      secrets: [],
    } as const;
    const response = await askProvider(request, surroundings, { signal });
    const who = showEndpoint(request);
    if (response.status !== 200) {
      refused ??= refusedBy(
        { who, ...refusalOf(response), status: response.status, secrets: [] },
        { remedy: issuerRemedy },
      );
      continue;
    }
    const fields = jsonFields(response.body);
    if (fields === undefined) throw oauth2Error(`The ${who} is not a JSON object.`, { remedy: issuerRemedy });
    const said = textField(fields, 'issuer');
    // RFC 8414 section 3.3: without this comparison one provider could pass for another.
    if (said !== issuer)
      throw oauth2Error(
        `The ${who} is that of another issuer: it names ${said === undefined ? 'no issuer' : showText(said, 300)}, ` +
          `and oauth2.issuer is ${showText(issuer, 300)}.`,
        { remedy: issuerRemedy },
      );
    return endpointsIn(fields, who);
  }
  throw refused ?? oauth2Error('The provider has no metadata.');
}

const issuerRemedy =
  'Check oauth2.issuer, character by character; for Microsoft it contains the id of the tenant, not "common". Or ' +
  'set the URLs instead of it.';

const metadataNames: readonly (readonly [UrlName, string])[] = [
  ['tokenUrl', 'token_endpoint'],
  ['authorizationUrl', 'authorization_endpoint'],
  ['deviceAuthorizationUrl', 'device_authorization_endpoint'],
];

function endpointsIn(fields: ReadonlyMap<string, unknown>, who: string): Metadata {
  const found = new Map<UrlName | 'promisesIssuer', string>();
  for (const [name, field] of metadataNames) {
    const text = textField(fields, field);
    if (text === undefined) continue;
    if (!isSecureUrl(text))
      throw oauth2Error(`The ${who} has a ${field} that is not an https URL: ${showText(text, 300)}`, {
        remedy: 'Tell the provider, or set the URLs instead of oauth2.issuer.',
      });
    found.set(name, text);
  }
  if (fields.get('authorization_response_iss_parameter_supported') === true) found.set('promisesIssuer', 'true');
  return found;
}

/**
 * RFC 8414 section 3.1 puts the name before the path of the issuer, OpenID Connect Discovery 1.0 section 4.1 after it.
 */
function metadataUrls(issuer: string): readonly URL[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    new URL(`${origin}/.well-known/oauth-authorization-server${path}`),
    new URL(`${origin}${path}/.well-known/openid-configuration`),
  ];
}

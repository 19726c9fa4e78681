/**
 * Requests to the token endpoint and its responses (RFC 6749 sections 4 to 6).
 * @module
 */
import { throwIfAborted } from '../errors/abort.js';
import type { EmailError } from '../model/error.js';
import type { OAuth2Settings } from '../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../model/store.js';
import type { HttpResponse } from '../net/http/http-client.js';
import { proveClient } from './grants/client-proof.js';
import type { Endpoints } from './endpoints.js';
import { oauth2Error } from './errors.js';
import { jsonFields, numberField, textField } from './json.js';
import {
  askProvider,
  atEndpoint,
  isTransient,
  refusalOf,
  refusedBy,
  sayWithout,
  serverOf,
  showEndpoint,
} from './provider.js';
import type { ProviderRequest, RequestSignals } from './provider.js';
import type { Surroundings } from './surroundings.js';

/** A client, with the endpoints of its provider. */
export interface TokenClient {
  readonly settings: OAuth2Settings;
  readonly endpoints: Endpoints;
  readonly surroundings: Surroundings;
}

/** The response of the token endpoint. */
export type TokenOutcome =
  | { readonly tokens: OAuth2Tokens; readonly error?: undefined }
  | {
      readonly tokens?: undefined;
      /** The error code of RFC 6749 section 5.2, if the provider gave one. */
      readonly error: string | undefined;
      readonly failure: EmailError;
      /** `Retry-After`, in milliseconds. */
      readonly retryAfterMs: number | undefined;
    };

/** A token request. */
export interface TokenRequest {
  readonly parameters: Readonly<Record<string, string>>;
  /** The values among the parameters that no error may show. */
  readonly secrets: readonly string[];
}

/** A token request with its client's proof, ready to be sent. */
export interface PreparedRequest {
  readonly http: ProviderRequest;
  readonly surroundings: Surroundings;
}

/** Adds the proof of the client: resolves secrets, signs assertions. `signal` ends that. */
export async function prepareTokenRequest(
  { settings, endpoints, surroundings }: TokenClient,
  { parameters, secrets }: TokenRequest,
  signal: AbortSignal,
): Promise<PreparedRequest> {
  const proof = await proveClient(settings, endpoints, surroundings, signal);
  throwIfAborted(signal);
  const http = {
    what: 'token endpoint',
    method: 'POST',
    url: endpoints.tokenUrl,
    headers: { ...formHeaders, ...proof.headers },
    body: new URLSearchParams({ ...settings.tokenParameters, ...parameters, ...proof.parameters }).toString(),
    secrets: [...secrets, ...proof.secrets],
  } as const;
  return { http, surroundings };
}

/** Requests tokens. A refusal is an outcome. A request without a usable response throws ERR_OAUTH2. */
export async function requestTokens(
  client: TokenClient,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<TokenOutcome> {
  return await sendTokenRequest(await prepareTokenRequest(client, request, signal), { signal });
}

/** Sends a request that is ready. See `requestTokens`. */
export async function sendTokenRequest(prepared: PreparedRequest, signals: RequestSignals): Promise<TokenOutcome> {
  const { url } = prepared.http;
  return await atEndpoint(url, () => askForTokens(prepared, signals));
}

async function askForTokens(
  { http: request, surroundings }: PreparedRequest,
  signals: RequestSignals,
): Promise<TokenOutcome> {
  const sentAt = surroundings.clock.now();
  const response = await askProvider(request, surroundings, signals);
  const { error, description } = refusalOf(response);
  if (response.status === 200 && error === undefined) {
    const tokens = readTokens(response, { who: showEndpoint(request), sentAt, secrets: request.secrets });
    return { tokens, error: undefined };
  }
  const { status } = response;
  const refusal = { who: showEndpoint(request), error, description, status, secrets: request.secrets };
  const failure = refusedBy(refusal, { server: serverOf(request.url) });
  const retryAfterMs = isTransient(status, error) ? retryAfter(response, sentAt) : undefined;
  return { tokens: undefined, error, failure, retryAfterMs };
}

/** Header fields of a form that is posted to a provider. */
export const formHeaders = {
  'Content-Type': 'application/x-www-form-urlencoded',
  Accept: 'application/json',
  'User-Agent': 'sealpost',
} as const;

/** Reads a successful response (RFC 6749 section 5.1). */
function readTokens(
  { body, header }: HttpResponse,
  context: { readonly who: string; readonly sentAt: number; readonly secrets: readonly string[] },
): OAuth2Tokens {
  const { who, sentAt, secrets } = context;
  const say = sayWithout(secrets);
  const fields = jsonFields(body);
  // The body is not quoted, because it may contain tokens in another format.
  if (fields === undefined)
    throw oauth2Error(
      `The ${who} did not return a JSON object (${say(header('content-type') ?? 'no content type', 100)}).`,
      {
        remedy: 'Check oauth2.tokenUrl: it may be the address of an ordinary web page.',
      },
    );
  const accessToken = textField(fields, 'access_token');
  if (accessToken === undefined || !isToken(accessToken))
    throw oauth2Error(`The ${who} returned no access token, or an invalid one.`, {
      remedy: 'Check oauth2.tokenUrl and oauth2.grant.',
    });
  const tokenType = textField(fields, 'token_type');
  if (tokenType?.toLowerCase() !== 'bearer')
    throw oauth2Error(
      `The ${who} returned a token of type ${tokenType === undefined ? 'unknown' : say(tokenType, 60)}; mail ` +
        'servers accept Bearer tokens only.',
      { remedy: 'Have the client registered for bearer tokens.' },
    );
  const refreshToken = textField(fields, 'refresh_token');
  if (refreshToken !== undefined && !isRefreshToken(refreshToken))
    throw oauth2Error(`The ${who} returned an invalid refresh token.`, { remedy: 'Tell the provider.' });
  const seconds = numberField(fields, 'expires_in');
  const scope = textField(fields, 'scope');
  return {
    accessToken,
    tokenType: 'Bearer',
    expiresAt: seconds === undefined ? undefined : new Date(sentAt + Math.min(seconds, maxSeconds) * 1000),
    refreshToken,
    scope,
  };
}

/** Ten years: later dates are useless, and much later ones cannot be represented. */
const maxSeconds = 10 * 365 * 24 * 3600;
const maxTokenLength = 32_768;

/** The characters that a SASL message and RFC 6750 can carry. */
function isToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[\x21-\x7e]+$/.test(text);
}

/** Characters of a refresh token (RFC 6749 appendix A.17). */
function isRefreshToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[\x20-\x7e]+$/.test(text);
}

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in milliseconds, at most an hour: a provider must not stop sending for days.
 */
function retryAfter({ header }: HttpResponse, now: number): number | undefined {
  const value = header('retry-after') ?? '';
  const milliseconds = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return milliseconds > 0 ? Math.min(milliseconds, 3_600_000) : undefined;
}

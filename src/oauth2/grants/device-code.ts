/**
 * The device authorization grant (RFC 8628): a person signs in on another device while the token endpoint is polled.
 * @module
 */
import { untilAborted } from '../../async/until-aborted.js';
import { abortError } from '../../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { AuthorizeOptions, UserCodePrompt } from '../../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../../model/store.js';
import { isSecureUrl } from '../../profile/oauth2-url.js';
import { showText } from '../../util/show.js';
import { proveClient } from './client-proof.js';
import { oauth2Error } from '../errors.js';
import { jsonFields, numberField, textField } from '../json.js';
import { askProvider, atEndpoint, refusalOf, refusedBy, showEndpoint } from '../provider.js';
import { formHeaders, requestTokens, type TokenClient, type TokenOutcome } from '../token-endpoint.js';

/** The default interval (RFC 8628 section 3.2). */
const defaultIntervalSeconds = 5;
/** The increase after `slow_down` (section 3.5). */
const slowDownSeconds = 5;
/** Without an expiry a code would be polled for ever. Providers set some minutes. */
const maxLifeSeconds = 3600;

/** Passes the code to `onUserCode` and waits for the person. ERR_TIMEOUT when the code has expired. */
export async function authorizeByDevice(
  client: TokenClient,
  { onUserCode }: AuthorizeOptions,
  signal: AbortSignal,
): Promise<OAuth2Tokens> {
  if (onUserCode === undefined)
    throw oauth2Error("The grant 'device-code' needs the option onUserCode, which shows the code to the person.", {
      remedy: 'Give authorize() the option onUserCode.',
    });
  const { prompt, deviceCode, until, intervalSeconds } = await requestCode(client, signal);
  try {
    await untilAborted((async () => await onUserCode(prompt))(), signal);
  } catch (cause) {
    if (signal.aborted) throw abortError(signal);
    throw oauth2Error(`The sign-in could not begin: the function onUserCode threw: ${showText(reasonOf(cause), 200)}`, {
      cause,
      remedy: 'See the cause.',
    });
  }
  return await poll(client, { deviceCode, until, intervalSeconds }, signal);
}

interface DeviceCode {
  readonly prompt: UserCodePrompt;
  readonly deviceCode: string;
  /** The end of the code's life, by the clock's `elapsed`. */
  readonly until: number;
  readonly intervalSeconds: number;
}

async function requestCode(client: TokenClient, signal: AbortSignal): Promise<DeviceCode> {
  const url = client.endpoints.deviceAuthorizationUrl as URL;
  return await atEndpoint(url, () => askForCode(client, url, signal));
}

async function askForCode(
  { settings, endpoints, surroundings }: TokenClient,
  url: URL,
  signal: AbortSignal,
): Promise<DeviceCode> {
  const proof = await proveClient(settings, endpoints, surroundings, signal);
  const { scope } = settings;
  const request = {
    what: 'device authorization endpoint',
    method: 'POST',
    url,
    headers: { ...formHeaders, ...proof.headers },
    body: new URLSearchParams({
      ...settings.authorizationParameters,
      ...(scope === undefined ? {} : { scope }),
      ...proof.parameters,
    }).toString(),
    secrets: proof.secrets,
  } as const;
  const response = await askProvider(request, surroundings, { signal });
  const who = showEndpoint(request);
  if (response.status !== 200)
    throw refusedBy({ who, ...refusalOf(response), status: response.status, secrets: request.secrets });
  const fields = jsonFields(response.body) ?? new Map<string, unknown>();
  const deviceCode = textField(fields, 'device_code');
  const userCode = textField(fields, 'user_code');
  // Google's name of the field is older than the RFC.
  const verificationUri = textField(fields, 'verification_uri') ?? textField(fields, 'verification_url');
  const complete = textField(fields, 'verification_uri_complete');
  if (
    deviceCode === undefined ||
    userCode === undefined ||
    verificationUri === undefined ||
    !isSecureUrl(verificationUri)
  )
    throw oauth2Error(`The ${who} returned no usable code (RFC 8628 section 3.2).`, {
      remedy: 'Check oauth2.deviceAuthorizationUrl.',
    });
  const life = Math.min(numberField(fields, 'expires_in') ?? maxLifeSeconds, maxLifeSeconds);
  return {
    deviceCode,
    until: surroundings.clock.elapsed() + life * 1000,
    intervalSeconds: Math.max(1, numberField(fields, 'interval') ?? defaultIntervalSeconds),
    prompt: {
      userCode: showText(userCode, 100),
      verificationUri,
      verificationUriComplete: complete !== undefined && isSecureUrl(complete) ? complete : undefined,
      expiresAt: new Date(surroundings.clock.now() + life * 1000),
    },
  };
}

interface Polling {
  readonly deviceCode: string;
  /** The end of the code's life, by the clock's `elapsed`. */
  readonly until: number;
  readonly intervalSeconds: number;
}

async function poll(client: TokenClient, polling: Polling, signal: AbortSignal): Promise<OAuth2Tokens> {
  const { clock } = client.surroundings;
  const { deviceCode, until } = polling;
  const parameters = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode };
  let seconds = polling.intervalSeconds;
  for (;;) {
    if (clock.elapsed() + seconds * 1000 >= until) throw expired();
    await clock.wait(seconds * 1000, signal);
    const outcome = await ask(client, { parameters, secrets: [deviceCode] }, signal);
    if (outcome.tokens !== undefined) return outcome.tokens;
    // RFC 8628 section 3.5: the interval grows after `slow_down`, and doubles each time the network fails.
    if (outcome.error === 'slow_down') seconds += slowDownSeconds;
    else if (outcome.error === undefined && outcome.failure.retryable) seconds *= 2;
    else if (outcome.error !== 'authorization_pending')
      throw outcome.error === 'expired_token' ? expired() : outcome.failure;
  }
}

async function ask(
  client: TokenClient,
  request: Parameters<typeof requestTokens>[1],
  signal: AbortSignal,
): Promise<TokenOutcome> {
  try {
    return await requestTokens(client, request, signal);
  } catch (failure) {
    if (signal.aborted || !isEmailError(failure)) throw failure;
    return { tokens: undefined, error: undefined, failure, retryAfterMs: undefined };
  }
}

function expired(): EmailError {
  return createEmailError('ERR_TIMEOUT', 'The code was not entered before it expired.', {
    remedy: 'Start the sign-in again.',
  });
}

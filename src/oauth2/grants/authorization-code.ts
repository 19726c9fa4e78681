/**
 * The authorization code grant for native applications: PKCE (RFC 7636), a loopback redirect (RFC 8252), `state`, `iss`
 * (RFC 9207).
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createAbortController } from '../../async/abort-controller.js';
import { withDeadline } from '../../async/deadline-signal.js';
import { onAbort } from '../../async/on-abort.js';
import { untilAborted } from '../../async/until-aborted.js';
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { AuthorizeOptions, OAuth2Settings } from '../../model/settings/oauth2.js';
import type { OAuth2Tokens } from '../../model/store.js';
import {
  ListenFault,
  openLoopbackListener,
  type LoopbackCallback,
  type LoopbackListener,
} from '../../net/loopback-listener.js';
import { openBrowser } from '../../system/open-browser.js';
import { hasOwn } from '../../util/own.js';
import { showText } from '../../util/show.js';
import type { Endpoints } from '../endpoints.js';
import { oauth2Error } from '../errors.js';
import { refusedBy } from '../provider.js';
import { requestTokens, type TokenClient } from '../token-endpoint.js';
import { callbackPage, type PageKind } from './callback-page.js';

/** Finding a password and a second factor takes a person minutes. */
const signInMs = 300_000;

const tryAgain = 'Start the sign-in again.';

/**
 * Lets a person sign in and returns the tokens. ERR_TIMEOUT after 5 minutes. The port is free again when the promise
 * settles.
 */
export async function authorizeByCode(
  client: TokenClient,
  options: AuthorizeOptions,
  signal: AbortSignal,
): Promise<OAuth2Tokens> {
  const { settings } = client;
  const hidden = settings.hideBrowserResponse ?? false;
  const listener = await openListener(settings, hidden);
  try {
    const request = createRequest(client, listener.redirectUri);
    const callback = await withDeadline(signal, { ms: signInMs, passed: signInTimedOut }, (limited) =>
      waitForCallback(listener, request.url.href, options, limited),
    );
    return await finish(client, request, callback, signal);
  } finally {
    await listener.close();
  }
}

function signInTimedOut(): EmailError {
  return createEmailError(
    'ERR_TIMEOUT',
    `The sign-in was not completed in the browser within ${signInMs / 60_000} minutes.`,
    {
      remedy: 'Start it again. If the browser showed an error of the provider, it says what to correct.',
    },
  );
}

async function openListener(
  { redirectUri = 'http://127.0.0.1/' }: OAuth2Settings,
  hidden: boolean,
): Promise<LoopbackListener> {
  try {
    return await openLoopbackListener({ redirectUri, strayPage: (why) => callbackPage(why, hidden) });
  } catch (cause) {
    if (!(cause instanceof ListenFault)) throw cause;
    throw oauth2Error(`The listener for the browser's response ${cause.message}.`, {
      cause: cause.cause,
      remedy: 'Leave the port out of oauth2.redirectUri, so that a free one is used, or end the program that uses it.',
    });
  }
}

interface AuthorizationRequest {
  readonly url: URL;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
}

function createRequest({ settings, endpoints }: TokenClient, redirectUri: string): AuthorizationRequest {
  const [state, verifier] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const url = new URL(endpoints.authorizationUrl as URL);
  const parameters = {
    ...settings.authorizationParameters,
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    ...(settings.scope === undefined ? {} : { scope: settings.scope }),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url, redirectUri, state, verifier };
}

async function waitForCallback(
  { callback }: LoopbackListener,
  url: string,
  { openBrowser: open, onAuthorizationUrl }: AuthorizeOptions,
  signal: AbortSignal,
): Promise<LoopbackCallback> {
  const failed = createAbortController();
  let over = false;
  if (open !== undefined) {
    (async () => await open(url))().catch((cause: unknown) => failed.abort(notOpened(cause, 'openBrowser')));
  } else {
    // Not awaited, because the program may run as long as the browser does.
    openBrowser(url).catch((cause: unknown) => {
      if (over) return;
      if (onAuthorizationUrl === undefined) return failed.abort(notOpened(cause, undefined));
      (async () => await onAuthorizationUrl(url))().catch((error: unknown) =>
        failed.abort(notOpened(error, 'onAuthorizationUrl')),
      );
    });
  }
  const stop = onAbort(signal, () => failed.abort(signal.reason));
  try {
    return await untilAborted(callback, failed.signal);
  } finally {
    over = true;
    stop();
  }
}

function notOpened(cause: unknown, option: string | undefined): EmailError {
  if (isEmailError(cause)) return cause;
  const words = showText(reasonOf(cause), 200);
  return option === undefined
    ? oauth2Error(`No browser could be opened: ${words}`, {
        cause,
        remedy:
          'Set onAuthorizationUrl to show the URL to the person, or openBrowser; on a machine without a browser ' +
          "use grant 'device-code'.",
      })
    : oauth2Error(`The sign-in could not begin: the function ${option} threw: ${words}`, {
        cause,
        remedy: 'See the cause.',
      });
}

/** Checks the callback, exchanges its code, and then answers the browser. */
async function finish(
  client: TokenClient,
  request: AuthorizationRequest,
  callback: LoopbackCallback,
  signal: AbortSignal,
): Promise<OAuth2Tokens> {
  const hidden = client.settings.hideBrowserResponse ?? false;
  const show = (kind: PageKind): Promise<void> =>
    callback.answer(kind === 'success' ? 200 : 400, callbackPage(kind, hidden));
  const judged = judge(callback.parameters, request, client.endpoints);
  if (hasOwn(judged, 'kind')) {
    await show(judged.kind);
    throw judged.error;
  }
  try {
    const { verifier, redirectUri } = request;
    const parameters = {
      grant_type: 'authorization_code',
      code: judged.code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const outcome = await requestTokens(client, { parameters, secrets: [judged.code, verifier] }, signal);
    if (outcome.tokens === undefined) throw outcome.failure;
    await show('success');
    return outcome.tokens;
  } catch (error) {
    await show('no-token');
    throw error;
  }
}

type Judgement = { readonly code: string } | { readonly kind: PageKind; readonly error: EmailError };

/** Checks `state` first: an answer to another sign-in is not read any further. */
function judge(parameters: URLSearchParams, request: AuthorizationRequest, endpoints: Endpoints): Judgement {
  const one = (name: string): string | undefined => {
    const values = parameters.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  if (!sameText(one('state') ?? '', request.state))
    return {
      kind: 'wrong-state',
      error: oauth2Error(
        `The browser returned with ${parameters.has('state') ? 'the wrong state' : 'no state'}: the answer ` +
          'does not belong to this sign-in, and was not used.',
        { remedy: `${tryAgain} If it happens again, another program or page sends answers to this machine.` },
      ),
    };
  const issuerProblem = judgeIssuer(parameters.getAll('iss'), endpoints);
  if (issuerProblem !== undefined) return { kind: 'wrong-issuer', error: issuerProblem };
  const error = one('error');
  if (error !== undefined) {
    const secrets = [request.state, request.verifier];
    const { origin, pathname } = request.url;
    const who = `authorization endpoint ${showText(`${origin}${pathname}`, 300)}`;
    return {
      kind: error === 'access_denied' ? 'denied' : 'refused',
      error: refusedBy({ who, error, description: one('error_description'), secrets }),
    };
  }
  const code = one('code');
  if (code !== undefined && code !== '') return { code };
  return {
    kind: 'malformed',
    error: oauth2Error(
      'The browser returned with neither a code nor an error, or with several (RFC 6749 section 4.1.2).',
      {
        remedy: tryAgain,
      },
    ),
  };
}

/**
 * Checks that the answer is that of the provider that was asked (RFC 9207). If no issuer is known, `iss` must have the
 * origin of `authorizationUrl`.
 */
function judgeIssuer(given: readonly string[], endpoints: Endpoints): EmailError | undefined {
  const { issuer, authorizationUrl, promisesIssuer } = endpoints;
  const [said] = given;
  if (said === undefined)
    return promisesIssuer
      ? oauth2Error('The answer has no iss, which the metadata of the provider promise (RFC 9207): it was not used.', {
          remedy: tryAgain,
        })
      : undefined;
  const right =
    given.length === 1 &&
    (issuer === undefined ? URL.canParse(said) && new URL(said).origin === authorizationUrl?.origin : said === issuer);
  if (right) return undefined;
  return oauth2Error(
    `The answer comes from another issuer (iss ${showText(said, 300)}) than the one asked ` +
      `(${showText(issuer ?? authorizationUrl?.origin ?? '', 300)}): it was not used (RFC 9207).`,
    {
      remedy:
        'If this is the right issuer, set oauth2.issuer to it. Otherwise another provider tried to answer for it.',
    },
  );
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

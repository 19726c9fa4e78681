/**
 * Requests to a provider, with a deadline and without secrets in their errors.
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import { joinSignals } from '../async/deadline-signal.js';
import { onAbort } from '../async/on-abort.js';
import { atServer, createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailErrorDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { showTarget } from '../net/connector.js';
import { HttpFault, type HttpRequest, type HttpResponse } from '../net/http/http-client.js';
import { Secrets } from '../util/secrets.js';
import { showText } from '../util/show.js';
import { unrefTimer } from '../util/timer.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { oauth2Error } from './errors.js';
import { jsonFields, textField } from './json.js';
import { refusalRemedy } from './refusals.js';
import type { Surroundings } from './surroundings.js';

/** One request. */
export interface ProviderRequest extends HttpRequest {
  /** The name of the endpoint in errors, as "token endpoint". */
  readonly what: string;
  /** Values in the request that no error may show. */
  readonly secrets: readonly string[];
}

/** The signals of a request. */
export interface RequestSignals {
  readonly signal: AbortSignal | undefined;
  /** After its abort the request continues but no longer keeps the process alive. */
  readonly background?: AbortSignal | undefined;
}

/** Time limit of one whole request, including proxies and TLS. */
const deadlineMs = 30_000;

/**
 * Returns the response, of any status but a redirect. A redirect and a request without a response are ERR_OAUTH2,
 * unless the signal aborted: then its reason, or ERR_ABORTED.
 */
export async function askProvider(
  request: ProviderRequest,
  { http }: Surroundings,
  signals: RequestSignals,
): Promise<HttpResponse> {
  const { signal, background } = withoutPrototype(signals);
  const shown = showEndpoint(request);
  const deadline = createAbortController();
  const timer = setTimeout(() => {
    const message = `The ${shown} did not answer within ${deadlineMs} ms.`;
    deadline.abort(createEmailError('ERR_TIMEOUT', message, { retryable: true }));
  }, deadlineMs);
  const joined = joinSignals([signal, deadline.signal]);
  const stop = onAbort(background, () => unrefTimer(timer));
  let response: HttpResponse;
  try {
    response = await http(request, { signal: joined.signal, background });
  } catch (error) {
    throw failure(error, request, signal);
  } finally {
    clearTimeout(timer);
    stop();
    joined.dispose();
  }
  if (response.status >= 300 && response.status < 400)
    throw oauth2Error(
      `The ${shown} redirects (HTTP ${response.status}), which is not allowed because the request contains credentials.`,
      { remedy: 'Check the URL in oauth2 (or the issuer): it must be the final one, which does not redirect.' },
    );
  return response;
}

/** `token endpoint https://host/path`. The query is left out, because it may contain secrets. */
export function showEndpoint({ what, url }: Pick<ProviderRequest, 'what' | 'url'>): string {
  return `${what} ${showText(`${url.origin}${url.pathname}`, 300)}`;
}

/** Runs a request to an endpoint. Its errors name the host and port of the endpoint. */
export async function atEndpoint<T>(url: URL, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw atServer(error, serverOf(url));
  }
}

/** host:port of an endpoint. */
export function serverOf(url: URL): string {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return showText(showTarget(url.hostname.replace(/^\[|\]$/g, ''), port), 300);
}

function failure(error: unknown, request: ProviderRequest, signal: AbortSignal | undefined): EmailError {
  const shown = showEndpoint(request);
  if (error instanceof HttpFault) {
    const { retryable, cause } = error;
    return oauth2Error(`The ${shown} ${error.message}.`, { retryable, cause, remedy: unreachedRemedy });
  }
  if (signal?.aborted && isEmailError(error)) return error;
  const { retryable = false, remedy = '' } = isEmailError(error) ? error : {};
  const words = new Secrets(request.secrets).shown(reasonOf(error));
  return oauth2Error(`The ${shown} could not be reached: ${words}`, {
    cause: error,
    retryable,
    // The remedies of the layers below name settings of the mail server, so they are replaced.
    remedy:
      /server\.(?:host|port|security|localAddress|timeouts)|'implicit'/.test(remedy) || remedy === ''
        ? unreachedRemedy
        : remedy,
  });
}

const unreachedRemedy =
  'Check the URLs in oauth2, and that this machine can reach the provider through the proxy setting. A ' +
  'company’s own certificate authority belongs in server.tls.ca.';

/** A refusal of the provider (RFC 6749 section 5.2, 4.1.2.1). */
export interface ProviderRefusal {
  /** The endpoint that refused, with its URL. */
  readonly who: string;
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly status?: number | undefined;
  readonly secrets: readonly string[];
}

/** ERR_OAUTH2 with the provider's words: one line, bounded, without secrets. */
export function refusedBy(refusal: ProviderRefusal, details: EmailErrorDetails = {}): EmailError {
  const { who, error, description, status, secrets } = refusal;
  const say = sayWithout(secrets);
  const code = error === undefined ? undefined : say(error, 100);
  const words = [code, description === undefined ? undefined : say(description, 500)].filter(
    (word) => word !== undefined,
  );
  const how = status === undefined || (status < 300 && words.length > 0) ? '' : ` (HTTP ${status})`;
  return oauth2Error(`The ${who} refused${how}: ${words.join(': ') || 'no reason was given'}`, {
    retryable: isTransient(status, error),
    remedy: refusalRemedy(error, description),
    ...details,
  });
}

/** Makes a function that shows text of the provider, unless it repeats a secret. */
export function sayWithout(secrets: readonly string[]): (text: string, limit: number) => string {
  const hidden = new Secrets(secrets);
  return (text, limit) => showText(hidden.shown(text), limit);
}

/** May the same request succeed later? */
export function isTransient(status: number | undefined, error: string | undefined): boolean {
  if (error === 'temporarily_unavailable' || error === 'server_error') return true;
  return status !== undefined && ((status >= 500 && status !== 501) || status === 429 || status === 408);
}

/** `error` and `error_description` of a response that has them. */
export function refusalOf(response: HttpResponse): Pick<ProviderRefusal, 'error' | 'description'> {
  const fields = jsonFields(response.body);
  return {
    error: fields && textField(fields, 'error'),
    description: fields && textField(fields, 'error_description'),
  };
}

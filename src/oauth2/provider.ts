/**
 * Requests to a provider: one deadline, one way of failing, no secrets in what is told.
 *
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import { joinSignals } from '../async/deadline-signal.js';
import { onAbort } from '../async/on-abort.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailErrorDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { HttpFault, type HttpRequest, type HttpResponse } from '../net/http/http-client.js';
import { hideSecrets } from '../util/hide-secrets.js';
import { showText } from '../util/show.js';
import { oauth2Error } from './errors.js';
import { jsonFields, textField } from './json.js';
import { refusalRemedy } from './refusals.js';
import type { Surroundings } from './surroundings.js';

/** One request. */
export interface ProviderRequest extends HttpRequest {
  /** What answers, as "token endpoint". */
  readonly what: string;
  /** What the request carries, and no error may. */
  readonly secrets: readonly string[];
}

/** The signals of a request. */
export interface RequestSignals {
  readonly signal: AbortSignal | undefined;
  /** From its abort on the request goes on without holding the process. */
  readonly background?: AbortSignal | undefined;
}

/** For one whole request, the way through proxies and TLS included. */
const deadlineMs = 30_000;

/** The response, whatever its status. Redirects, and all that kept a response from coming, are ERR_OAUTH2. */
export async function askProvider(
  request: ProviderRequest,
  { http }: Surroundings,
  { signal, background }: RequestSignals,
): Promise<HttpResponse> {
  const shown = showEndpoint(request);
  const deadline = createAbortController();
  const timer = setTimeout(() => {
    const message = `The ${shown} did not answer within ${deadlineMs} ms.`;
    deadline.abort(createEmailError('ERR_TIMEOUT', message, { retryable: true }));
  }, deadlineMs);
  const joined = joinSignals([signal, deadline.signal]);
  const stop = onAbort(background, () => timer.unref());
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
      `The ${shown} redirects (HTTP ${response.status}), which is refused: the request has credentials in it.`,
      { remedy: 'Check the URL in oauth2 (or the issuer): it must be the final one, which answers by itself.' },
    );
  return response;
}

/** `token endpoint https://host/path`: queries may hold what is nobody else's. */
export function showEndpoint({ what, url }: Pick<ProviderRequest, 'what' | 'url'>): string {
  return `${what} ${showText(`${url.origin}${url.pathname}`, 300)}`;
}

function failure(error: unknown, request: ProviderRequest, signal: AbortSignal | undefined): EmailError {
  const shown = showEndpoint(request);
  if (error instanceof HttpFault) {
    const { retryable, cause } = error;
    return oauth2Error(`The ${shown} ${error.message}.`, { retryable, cause, remedy: unreachedRemedy });
  }
  if (signal?.aborted && isEmailError(error)) return error;
  const { retryable = false, remedy = '' } = isEmailError(error) ? error : {};
  const words = hideSecrets(reasonOf(error), request.secrets);
  return oauth2Error(`The ${shown} could not be asked: ${words}`, {
    cause: error,
    retryable,
    // The layers below speak of the mail server's settings.
    remedy:
      /server\.(?:host|port|security|localAddress|timeouts)|'implicit'/.test(remedy) || remedy === ''
        ? unreachedRemedy
        : remedy,
  });
}

const unreachedRemedy =
  'Check the URLs in oauth2, and that this machine reaches the provider by the way that proxy names. A company’s own authority belongs into server.tls.ca.';

/** A refusal, as the provider tells it (RFC 6749 section 5.2, 4.1.2.1). */
export interface ProviderRefusal {
  /** What refused, with its URL. */
  readonly who: string;
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly status?: number | undefined;
  readonly secrets: readonly string[];
}

/** ERR_OAUTH2 with the provider's words: one line, bounded, without secrets. */
export function refusedBy(refusal: ProviderRefusal, details: EmailErrorDetails = {}): EmailError {
  const { who, error, description, status, secrets } = refusal;
  const say = (text: string, limit: number): string => showText(hideSecrets(text, secrets), limit);
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

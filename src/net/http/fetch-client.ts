/**
 * HTTP by the caller's `fetch`. Redirects, length and time are checked here, because such a function may limit none of
 * them.
 * @module
 */
import { untilAborted } from '../../async/until-aborted.js';
import { throwIfAborted } from '../../errors/abort.js';
import { showText } from '../../util/show.js';
import { bodyTooLong, HttpFault, maxBodyBytes, type HttpClient } from './http-client.js';

/** A client whose requests are made by `fetch`. */
export function createFetchClient(fetch: typeof globalThis.fetch): HttpClient {
  return async ({ method, url, headers, body }, { signal }) => {
    throwIfAborted(signal);
    const asked = (async () =>
      await fetch(url.href, {
        method,
        headers: { ...headers },
        redirect: 'manual',
        signal,
        ...(body === undefined ? {} : { body }),
      }))();
    let response: Response;
    try {
      response = await untilAborted(asked, signal, 0, (late) => void late.body?.cancel().catch(() => {}));
    } catch (error) {
      throw signal.aborted ? error : unanswered(error);
    }
    if (response.redirected || response.type === 'opaqueredirect')
      throw new HttpFault('redirected the request, which is refused because it would pass the credentials on');
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body: await untilAborted(readBody(response), signal),
    };
  };
}

/**
 * The error of `fetch` may contain the request and its secrets. Only its name and code are reported, and it is not kept
 * as `cause`.
 */
function unanswered(error: unknown): HttpFault {
  const { name, code, cause }: { name?: unknown; code?: unknown; cause?: { code?: unknown } } = Object(error);
  const words = [name, code, cause?.code].filter((word) => typeof word === 'string').map((word) => showText(word, 60));
  return new HttpFault(
    `could not be reached: the fetch function failed with ${words.join(' ') || 'a value that is not an Error'}`,
    {
      retryable: true,
    },
  );
}

/** Iterates, because the bodies of other `fetch` packages are Node's streams. Leaving the loop cancels the stream. */
async function readBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    if (Number(response.headers.get('content-length')) > maxBodyBytes) throw bodyTooLong();
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > maxBodyBytes) throw bodyTooLong();
      chunks.push(chunk);
    }
  } catch (error) {
    Promise.resolve(response.body?.cancel?.()).catch(() => {});
    if (error instanceof HttpFault) throw error;
    throw new HttpFault('closed the connection before it replied', { retryable: true });
  }
  return Buffer.concat(chunks);
}

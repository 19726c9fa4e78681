/**
 * A single HTTP request: what is asked, what comes back, and how it fails. `connector-client.ts` and `fetch-client.ts` make them.
 *
 * @module
 */

/** A request. Header fields and body are written as they are. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A whole response. Redirects are not followed: they are responses as all others. */
export interface HttpResponse {
  readonly status: number;
  /** The value of a header field, or undefined. */
  readonly header: (name: string) => string | undefined;
  /** At most `maxBodyBytes`. */
  readonly body: Buffer;
}

/** How long the request may last, and whether it may hold the process. */
export interface HttpOptions {
  /** Ends the request. The client has no deadline of its own. */
  readonly signal: AbortSignal;
  /** From its abort on the request goes on, and no longer keeps the process alive. */
  readonly background?: AbortSignal | undefined;
}

/** Makes one request on a connection of its own. Rejects with an EmailError of the way to the server, or with an HttpFault. */
export type HttpClient = (request: HttpRequest, options: HttpOptions) => Promise<HttpResponse>;

/** Token responses and metadata have some thousand bytes. */
export const maxBodyBytes = 64 * 1024;

/** A response that did not come, or cannot be used. The message continues "The server". Holds nothing of request or body. */
export class HttpFault extends Error {
  readonly retryable: boolean;

  constructor(message: string, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryable = options.retryable ?? false;
  }
}

/** The fault of a body that is longer than `maxBodyBytes`. */
export function bodyTooLong(): HttpFault {
  return new HttpFault(`sent more than ${maxBodyBytes / 1024} KiB`);
}

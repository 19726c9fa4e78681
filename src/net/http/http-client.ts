/**
 * The types of a single HTTP request. `connector-client.ts` and `fetch-client.ts` make requests.
 * @module
 */

/** A request. Header fields and body are sent unchanged. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A whole response. A redirect is returned, not followed. */
export interface HttpResponse {
  readonly status: number;
  /** The value of a header field, or undefined. */
  readonly header: (name: string) => string | undefined;
  /** At most `maxBodyBytes`. */
  readonly body: Buffer;
}

/** The signals of a request. */
export interface HttpOptions {
  /** Ends the request. The client has no deadline of its own. */
  readonly signal: AbortSignal;
  /** After its abort the request continues but no longer keeps the process alive. */
  readonly background?: AbortSignal | undefined;
}

/**
 * Makes one request on a connection of its own. Rejects with an EmailError if the server cannot be reached, or with an
 * HttpFault.
 */
export type HttpClient = (request: HttpRequest, options: HttpOptions) => Promise<HttpResponse>;

/** Token responses and metadata take a few thousand bytes. */
export const maxBodyBytes = 64 * 1024;

/** The failure of a request. Its message continues "The server" and contains nothing of the request or the body. */
export class HttpFault extends Error {
  readonly retryable: boolean;

  constructor(message: string, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryable = options.retryable ?? false;
  }
}

/** The failure of a body longer than `maxBodyBytes`. */
export function bodyTooLong(): HttpFault {
  return new HttpFault(`sent more than ${maxBodyBytes / 1024} KiB`);
}

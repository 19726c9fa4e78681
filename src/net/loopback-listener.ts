/**
 * An HTTP listener on loopback that accepts one callback from the browser (RFC 8252 section 7.3). Any other request
 * gets an error page and has no effect.
 * @module
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reasonOf } from '../errors/email-error.js';
import { errorCode } from '../util/error-code.js';
import { showText } from '../util/show.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** The reason why a request is not the callback. */
export type StrayRequest = 'wrong-host' | 'wrong-path' | 'wrong-method' | 'not-a-page' | 'no-answer' | 'over';

/** A page for the browser. */
export interface LoopbackPage {
  readonly headers: Readonly<Record<string, string>>;
  /** The body; if empty, the status becomes 204. */
  readonly body: string;
}

/** The browser's return. Its response waits for `answer`. */
export interface LoopbackCallback {
  readonly parameters: URLSearchParams;
  /** Sends a page. Resolves when it is sent, or when the browser has closed the connection. */
  readonly answer: (status: number, page: LoopbackPage) => Promise<void>;
}

/** A listener that is bound. */
export interface LoopbackListener {
  /** The redirect URI with its port. */
  readonly redirectUri: string;
  /** Resolves with the callback. Never rejects, and stays pending after `close`. */
  readonly callback: Promise<LoopbackCallback>;
  /** Frees the port. Can be called again. */
  readonly close: () => Promise<void>;
}

/** The options of a listener. */
export interface LoopbackSettings {
  /** An http URL of 127.0.0.1, [::1] or localhost. Without a port, a free one is chosen. */
  readonly redirectUri: string;
  /** The page of a request that is not the callback. */
  readonly strayPage: (why: StrayRequest) => LoopbackPage;
}

/** The port cannot be bound. The message continues "The listener for the browser's response". */
export class ListenFault extends Error {}

const strayStatus: Readonly<Record<StrayRequest, number>> = {
  'wrong-host': 421,
  'wrong-path': 404,
  'wrong-method': 405,
  'not-a-page': 403,
  'no-answer': 400,
  over: 410,
};

/** A port that is free in one address family may be taken in the other. */
const maxAttempts = 20;

/** Binds the listener. Throws a ListenFault if the port cannot be bound. */
export async function openLoopbackListener({ redirectUri, strayPage }: LoopbackSettings): Promise<LoopbackListener> {
  const url = new URL(redirectUri);
  let take: (callback: LoopbackCallback) => void = () => {};
  const callback = new Promise<LoopbackCallback>((resolve) => (take = resolve));
  let over = false;
  let expectedHost = '';
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const why = strayReason(request, { host: expectedHost, path: url.pathname, over });
    if (why !== undefined) return void show(response, strayStatus[why], strayPage(why));
    over = true;
    take({ parameters: parametersOf(request), answer: (status, page) => show(response, status, page) });
  };
  // The port is read from the text, because URL drops ':80', and put into the text, because providers compare redirect
  // URIs as text.
  const [origin = '', digits] = /^http:\/\/(?:\[[^\]]*\]|[^/:]*)(?::(\d+))?/i.exec(redirectUri) ?? [];
  const servers = await bind(url.hostname, Number(digits ?? 0), handle);
  const { port } = servers[0]?.address() as AddressInfo;
  const bound = digits === undefined ? `${origin}:${port}${redirectUri.slice(origin.length)}` : redirectUri;
  expectedHost = new URL(bound).host;
  return { redirectUri: bound, callback, close: () => closeAll(servers) };
}

function strayReason(
  { method, rawHeaders, url = '' }: IncomingMessage,
  expected: { readonly host: string; readonly path: string; readonly over: boolean },
): StrayRequest | undefined {
  // Not `headers`: Node drops a field whose name is on Object.prototype.
  const field = (name: string): string | undefined => {
    const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
    return at < 0 ? undefined : rawHeaders[at + 1];
  };
  // DNS rebinding: a page of another origin reaches this port under its own host name.
  if (field('host')?.toLowerCase() !== expected.host) return 'wrong-host';
  if (url.split('?', 1)[0] !== expected.path) return 'wrong-path';
  if (method !== 'GET') return 'wrong-method';
  if (expected.over) return 'over';
  // Browsers send the destination of a request. Images, scripts, frames and prefetches come from other pages, not from
  // a sign-in.
  const destination = field('sec-fetch-dest');
  if ((destination !== undefined && destination !== 'document') || field('sec-purpose') !== undefined)
    return 'not-a-page';
  return /[?&](?:code|error|state)=/.test(url) ? undefined : 'no-answer';
}

function parametersOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

function show(response: ServerResponse, status: number, { headers, body }: LoopbackPage): Promise<void> {
  return new Promise((resolve) => {
    response.on('close', resolve);
    response.writeHead(body === '' ? 204 : status, {
      ...headers,
      ...(status === 405 ? { Allow: 'GET' } : {}),
      ...(body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      'Cache-Control': 'no-store',
      Connection: 'close',
    });
    response.end(body);
  });
}

/** Node reads inherited options too, so those that a field of another package could change are set. */
const serverOptions: ServerOptions = withoutPrototype({
  maxHeaderSize: 32 * 1024,
  IncomingMessage: undefined,
  ServerResponse: undefined,
  allowHalfOpen: undefined,
  connectionsCheckingInterval: undefined,
  headersTimeout: undefined,
  highWaterMark: undefined,
  insecureHTTPParser: undefined,
  joinDuplicateHeaders: undefined,
  keepAlive: undefined,
  keepAliveInitialDelay: undefined,
  keepAliveTimeout: undefined,
  noDelay: undefined,
  pauseOnConnect: undefined,
  rejectNonStandardBodyWrites: undefined,
  requestTimeout: undefined,
  requireHostHeader: undefined,
  uniqueHeaders: undefined,
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Binds the address. Of `localhost` it binds both address families, because the browser may use either, and another
 * program must not get the other.
 */
async function bind(hostname: string, wanted: number, handle: Handler): Promise<readonly Server[]> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host !== 'localhost') return [await listen(host, wanted, handle)];
  for (let attempt = 1; ; attempt++) {
    const first = await listen('127.0.0.1', wanted, handle);
    const { port } = first.address() as AddressInfo;
    try {
      return [first, await listen('::1', port, handle)];
    } catch (fault) {
      const code = fault instanceof ListenFault ? errorCode(fault.cause) : '';
      // The machine has no IPv6.
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [first];
      await closeAll([first]);
      if (wanted !== 0 || attempt === maxAttempts) throw fault;
    }
  }
}

function listen(host: string, port: number, handle: Handler): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(serverOptions, handle);
    server.maxConnections = 50;
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'another program uses it' : showText(cause.code ?? reasonOf(cause), 100);
      reject(new ListenFault(`cannot listen on port ${port} of ${host}: ${why}`, { cause }));
    });
    // Exclusive: a worker of `cluster` would share the port with the others.
    server.listen(withoutPrototype({ host, port, exclusive: true }), () => {
      server.on('error', () => {});
      resolve(server);
    });
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    ),
  );
}

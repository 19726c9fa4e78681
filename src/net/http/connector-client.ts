/**
 * HTTP/1.1 over a Connector with the library's own TLS. Requests thus use the profile's proxy, and certificates are
 * checked in one place.
 * @module
 */
import { type ClientRequest, type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { onAbort } from '../../async/on-abort.js';
import { untilAborted } from '../../async/until-aborted.js';
import { abortError, throwIfAborted } from '../../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import type { CertificateData } from '../../model/certificate.js';
import type { Connector } from '../../model/settings/proxy.js';
import type { TlsSettings } from '../../model/settings/server.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { showTarget } from '../connector.js';
import { secure } from '../tls/tls.js';
import { TlsContexts } from '../tls/tls-contexts.js';
import { bodyTooLong, HttpFault, type HttpClient, maxBodyBytes, type HttpOptions } from './http-client.js';
import type { HttpRequest, HttpResponse } from './http-client.js';

/** The connector and the trust anchors of a client. */
export interface ConnectorClientSettings {
  readonly connector: Connector;
  /** Trust anchors in addition to Node's list. */
  readonly ca?: TlsSettings['ca'];
  readonly useSystemCa?: boolean | undefined;
}

/** A client whose requests go through `connector`. */
export function createConnectorClient(given: ConnectorClientSettings): HttpClient {
  const { connector, ca, useSystemCa } = withoutPrototype(given);
  const contexts = new TlsContexts();
  const settings: TlsSettings = withoutPrototype({
    ...(ca === undefined ? {} : { ca: [...defaultAnchors(), ...(isList(ca) ? ca : [ca])] }),
    ...(useSystemCa === undefined ? {} : { useSystemCa }),
  });
  return async (request, options) => {
    const stream = await connect(connector, request.url, options.signal);
    if (request.url.protocol === 'http:') return await exchange(stream, request, options);
    const { host, port } = targetOf(request.url);
    const material = await contexts.get(settings);
    const secured = await secure(stream, { host, port, settings, material }, options.signal);
    return await exchange(secured.stream, request, options);
  };
}

/** Node's list. From Node 22.15 on it includes NODE_EXTRA_CA_CERTS. */
function defaultAnchors(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}

function isList(ca: CertificateData | readonly CertificateData[]): ca is readonly CertificateData[] {
  return Array.isArray(ca);
}

function targetOf(url: URL): { readonly host: string; readonly port: number } {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) };
}

async function connect(connector: Connector, url: URL, signal: AbortSignal): Promise<Duplex> {
  throwIfAborted(signal);
  const target = targetOf(url);
  try {
    // A connector of the caller may ignore the signal.
    return await untilAborted(connector.connect(target, withoutPrototype({ signal })), signal, 50, (late) =>
      late.destroy(),
    );
  } catch (cause) {
    if (isEmailError(cause)) throw cause;
    const shown = showTarget(target.host, target.port);
    throw createEmailError('ERR_CONNECT', `No connection to ${shown}: ${showText(reasonOf(cause))}`, {
      cause,
      phase: 'connect',
      retryable: true,
    });
  }
}

/** Node copies the options into an object of its own, so every field that it could inherit is set. */
const nothingInherited = {
  agent: undefined,
  auth: undefined,
  defaultPort: undefined,
  host: undefined,
  hostname: undefined,
  insecureHTTPParser: undefined,
  joinDuplicateHeaders: undefined,
  localAddress: undefined,
  maxHeaderSize: undefined,
  port: undefined,
  protocol: undefined,
  signal: undefined,
  socketPath: undefined,
  timeout: undefined,
  uniqueHeaders: undefined,
} as const;

/** One request on a stream, which is destroyed afterwards. */
async function exchange(stream: Duplex, request: HttpRequest, options: HttpOptions): Promise<HttpResponse> {
  const { signal, background } = withoutPrototype(options);
  const { method, url, headers, body } = withoutPrototype(request);
  const stop: (() => void)[] = [onAbort(background, () => (stream as { unref?: () => void }).unref?.())];
  try {
    return await new Promise<HttpResponse>((resolve, reject) => {
      const sent = httpRequest({
        ...nothingInherited,
        method,
        path: `${url.pathname}${url.search}`,
        headers: {
          ...headers,
          Host: url.host,
          Connection: 'close',
          'Accept-Encoding': 'identity',
          ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
        },
        setHost: false,
        createConnection: () => stream,
      } as RequestOptions);
      stop.push(onAbort(signal, () => reject(abortError(signal))));
      listen(sent, resolve, reject);
      sent.end(body);
    });
  } finally {
    for (const each of stop) each();
    stream.on('error', () => {}).destroy();
  }
}

function listen(sent: ClientRequest, resolve: (response: HttpResponse) => void, reject: (error: Error) => void): void {
  const lost = (cause?: NodeJS.ErrnoException): void => {
    const why = cause === undefined ? '' : ` (${showText(cause.code ?? cause.message, 100)})`;
    const malformed = cause?.code?.startsWith('HPE_') === true;
    reject(
      malformed
        ? new HttpFault(`does not reply in HTTP${why}`)
        : new HttpFault(`closed the connection before it replied${why}`, { retryable: true, cause }),
    );
  };
  sent.on('error', lost);
  sent.on('close', () => lost());
  sent.on('upgrade', () => reject(new HttpFault('requires another protocol')));
  sent.on('response', (response) => {
    response.on('error', lost);
    response.on('aborted', () => lost());
    collect(response).then(resolve, reject);
  });
}

function collect(response: IncomingMessage): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { statusCode = 0 } = response;
    const headers = withoutPrototype(response.headers);
    if (Number(headers['content-length']) > maxBodyBytes) return reject(bodyTooLong());
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBodyBytes) reject(bodyTooLong());
      else chunks.push(chunk);
    });
    response.on('end', () =>
      resolve({
        status: statusCode,
        header: (name) => {
          const value = headers[name.toLowerCase()];
          return Array.isArray(value) ? value.join(', ') : value;
        },
        body: Buffer.concat(chunks),
      }),
    );
  });
}

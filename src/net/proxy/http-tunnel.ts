/**
 * A tunnel through an HTTP proxy: CONNECT, repeated with an answer to each 407.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { ChannelBinding } from '../../model/sasl.js';
import { ProxyFault, runDialogue } from './dialogue.js';
import { closesDuringNtlm, wrongPassword } from './http-authentication.js';
import type { HttpProxyAuthentication, KnownScheme } from './http-authentication.js';
import { exchangeHttp, skipBody } from './http-response.js';
import type { HttpResponse } from './http-response.js';
import { authorityOf } from './target.js';
import type { TunnelTarget } from './target.js';

/** An open connection to the proxy, with TLS if the settings require it. */
export interface ProxyConnection {
  readonly stream: Duplex;
  readonly binding?: ChannelBinding | undefined;
}

/** The parts of one request for a tunnel. */
export interface TunnelRequest {
  readonly target: TunnelTarget;
  readonly authentication: HttpProxyAuthentication;
  /** The scheme of the last success, tried in the first request. */
  readonly known: KnownScheme | undefined;
  readonly signal: AbortSignal;
  /** Opens another connection to the proxy, if it does not keep one open after a refusal. */
  readonly reconnect: () => Promise<ProxyConnection>;
}

/** Opens the tunnel, on `first` if the proxy keeps it open after each 407. ProxyFault if the proxy refuses. */
export async function openTunnel(first: ProxyConnection, request: TunnelRequest): Promise<Duplex> {
  const { target, authentication, known, signal, reconnect } = request;
  let connection = first;
  let authorization = known && (await authentication.begin(known, connection.binding));
  for (let kept = false; ;) {
    const { stream, binding } = connection;
    const response = await ask(stream, connectRequest(target, authorization), kept, signal);
    if (response !== undefined) {
      if (response.status < 300) {
        authentication.accepted(response);
        return stream;
      }
      try {
        if (response.status !== 407) throw refusal(response, target);
        authorization = await authentication.answer(response, binding);
      } catch (fault) {
        stream.destroy();
        throw fault;
      }
    }
    kept = response !== undefined && (await mayFollow(response, stream, signal));
    if (kept) continue;
    stream.destroy();
    if (authentication.isOfConnection) throw closesDuringNtlm();
    connection = await reconnect();
  }
}

/**
 * Makes one request. Undefined if a kept-alive connection was closed before the request was answered (RFC 9112 section
 * 9.5).
 */
async function ask(
  stream: Duplex,
  request: string,
  kept: boolean,
  signal: AbortSignal,
): Promise<HttpResponse | undefined> {
  try {
    return await runDialogue(exchangeHttp(request), stream, signal);
  } catch (fault) {
    if (kept && fault instanceof ProxyFault && fault.unanswered) return undefined;
    throw fault;
  }
}

/** True if the next request may follow on this connection; also false if it ends in the middle of the body. */
async function mayFollow(response: HttpResponse, stream: Duplex, signal: AbortSignal): Promise<boolean> {
  try {
    return await runDialogue(skipBody(response), stream, signal);
  } catch (fault) {
    if (fault instanceof ProxyFault) return false;
    throw fault;
  }
}

function connectRequest(target: TunnelTarget, authorization: string | undefined): string {
  const authority = authorityOf(target);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, 'Proxy-Connection: keep-alive'];
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function refusal({ status, words }: HttpResponse, target: TunnelTarget): ProxyFault {
  // A proxy should not answer 401, but tinyproxy does (RFC 9110 section 15.5.2).
  if (status === 401) return wrongPassword(words);
  const temporary = status === 429 || status >= 500;
  return new ProxyFault(`refused the tunnel to ${authorityOf(target)}`, {
    words,
    retryable: temporary && status !== 501,
    remedy: temporary
      ? 'Check server.host and server.port as seen from the proxy.'
      : 'The proxy must allow CONNECT to this host and port; many allow port 443 only.',
  });
}

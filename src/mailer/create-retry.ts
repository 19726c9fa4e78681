/**
 * Makes the transport of a mailer with several servers, or with further attempts. Loaded for such a mailer.
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import type { Transport } from '../model/transport.js';
import { showTarget } from '../net/connector.js';
import type { ResolvedProfile, ResolvedRetry } from '../profile/resolve.js';
import type { RetriedTransport } from '../transport/retry/candidate.js';
import { RetryTransport } from '../transport/retry/retry-transport.js';

type TransportCode = typeof import('./create-transport.js');

/** A transport over all servers of the profile. They have pools of their own, and one rate limit. */
export function createRetryTransport(
  { createSmtpTransport, RateLimiter }: TransportCode,
  profile: ResolvedProfile,
  services: Parameters<TransportCode['createSmtpTransport']>[1],
  times: ResolvedRetry,
): RetryTransport {
  const { rateLimit } = services.pool;
  const rate = rateLimit && new RateLimiter(rateLimit.messages, rateLimit.perMs);
  let connections = 0;
  const nextConnection = (): number => ++connections;
  const servers = profile.servers.map((server, at) => ({
    name: showTarget(server.host, server.port),
    transport: createSmtpTransport(profile, services, {
      server,
      path: profile.isServerList ? `server.${at}` : 'server',
      rate,
      nextConnection,
    }),
  }));
  return new RetryTransport(servers, times);
}

/** Further attempts through a transport of the caller. */
export function retryForeign(transport: Transport, times: ResolvedRetry): RetryTransport {
  const never = createAbortController().signal;
  const { test } = transport;
  const retried: RetriedTransport = {
    send: (envelope, compose, options) =>
      transport.send(envelope, compose, { ...options, signal: options.signal ?? never }),
    test: test && ((options) => test(options)),
    close: (options) => transport.close(options),
  };
  return new RetryTransport([{ name: undefined, transport: retried }], times);
}

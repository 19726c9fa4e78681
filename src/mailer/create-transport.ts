/**
 * Makes the SMTP transport. This module and its imports are loaded together, when a mailer or a connector first
 * connects.
 * @module
 */
import type { ConnectionObserver, ConnectionSettings, SmtpConnection, TokenProvider } from '../connection/contract.js';
import { openConnection } from '../connection/open.js';
import { SharedState } from '../connection/shared.js';
import type { EventSink } from '../logging/event-sink.js';
import type { MailerOptions } from '../model/mailer.js';
import type { Connector } from '../model/settings/proxy.js';
import { DirectConnector } from '../net/direct.js';
import { createProxyConnector } from '../net/proxy/create-connector.js';
import type { LoadClientIdentity } from '../net/tls-identity.js';
import type { ResolvedPool, ResolvedProfile, ResolvedServer } from '../profile/resolve.js';
import type { TestedServer } from '../transport/diagnosis.js';
import { RateLimiter } from '../transport/pool/rate-limiter.js';
import { SmtpTransport, type OpenSmtpConnection } from '../transport/smtp-transport.js';
import { clientIdentity } from './late-protection.js';
import { proxyNegotiation } from './proxy-negotiation.js';

export { createProxyConnector, DirectConnector, proxyNegotiation, RateLimiter };

/** Services for a transport, besides its profile. */
export interface TransportServices {
  readonly pool: ResolvedPool;
  /** Replaces the connection that the profile describes. */
  readonly connector: Connector | undefined;
  readonly events: EventSink | undefined;
  readonly profileStore: MailerOptions['profileStore'];
  readonly tokens: TokenProvider;
}

/** One of several servers of a profile. */
export interface ServerOfSeveral {
  readonly server: ResolvedServer;
  /** Its path in the profile. */
  readonly path: string;
  /** The rate limit of all servers together. */
  readonly rate: RateLimiter | undefined;
  /** Numbers the connections of all servers. */
  readonly nextConnection: () => number;
}

/** Makes pooled SMTP or LMTP connections to the profile's server, or to one of several. */
export function createSmtpTransport(
  profile: ResolvedProfile,
  services: TransportServices,
  one?: ServerOfSeveral,
): SmtpTransport {
  const { authentication } = profile;
  const { server, path } = one ?? { server: profile.server, path: 'server' };
  const { pool, events, tokens, profileStore } = services;
  const direct = new DirectConnector({ localAddress: server.localAddress });
  const settingsFor = (refresh: boolean): ConnectionSettings => {
    const identityFor = (slot: string): LoadClientIdentity =>
      clientIdentity({ profileName: profile.name, store: profileStore, slot, refresh });
    return {
      ...server,
      authentication,
      tokens,
      connector:
        services.connector ??
        createProxyConnector(profile.proxy, direct, {
          loadClientIdentity: identityFor('proxy.tls.clientCertificate'),
          negotiate: proxyNegotiation(),
        }),
      messagesInFlight: pool.messagesInFlight,
      loadClientIdentity: identityFor(`${path}.tls.clientCertificate`),
    };
  };
  let connections = 0;
  let current = { settings: settingsFor(false), shared: new SharedState() };
  const open = (
    { settings, shared }: typeof current,
    signal: AbortSignal,
    observer: ConnectionObserver | undefined,
  ): Promise<SmtpConnection> => {
    const id = one?.nextConnection() ?? ++connections;
    return openConnection(settings, { id, signal, shared, observer: observe(id, events, observer) });
  };
  const openOrTest: OpenSmtpConnection = async (signal, observer) => {
    if (observer === undefined) return open(current, signal, undefined);
    // A test reloads certificates, and later sends use the reloaded ones.
    try {
      return await open(
        { settings: settingsFor(true), shared: new SharedState(current.shared.sentSecrets) },
        signal,
        observer,
      );
    } finally {
      current = { settings: settingsFor(false), shared: new SharedState(current.shared.sentSecrets) };
    }
  };
  const tested: TestedServer = {
    host: server.host,
    port: server.port,
    security: server.security,
    connectMs: server.timeouts.connectMs,
    greetingMs: server.timeouts.greetingMs,
    authenticates: authentication !== undefined,
    probe: async (port, times, signal) => {
      const { probePort } = await import('../connection/probe-port.js');
      return probePort(current.settings, port, times, signal);
    },
  };
  return new SmtpTransport(pool, openOrTest, tested, server.maxRecipients, one?.rate);
}

/** Passes events to the logger, with time and number, and to the observer of the caller. */
function observe(id: number, events: EventSink | undefined, own: ConnectionObserver | undefined): ConnectionObserver {
  if (events === undefined) return own ?? {};
  return {
    ...own,
    event: (event) => {
      events.connection(id, event);
      own?.event?.(event);
    },
  };
}

/** A profile and options to a mailer: everything is checked here, and nothing is opened, read or resolved yet. */
import { Composer } from '../compose/composer.js';
import type { ConnectionObserver, ConnectionSettings, SmtpConnection } from '../connection/contract.js';
import { openConnection } from '../connection/open.js';
import { SharedState } from '../connection/shared.js';
import { createEventSink } from '../logging/event-sink.js';
import type { EventSink } from '../logging/event-sink.js';
import type { Mailer, MailerOptions } from '../model/mailer.js';
import type { EmailProfile } from '../model/profile.js';
import type { Connector } from '../model/proxy.js';
import type { Transport } from '../model/transport.js';
import { DirectConnector } from '../net/direct.js';
import { createProxyConnector } from '../net/proxy/create-connector.js';
import { resolvePool, resolveServer, resolveSmime } from '../profile/defaults.js';
import type { ResolvedPool, ResolvedServer } from '../profile/defaults.js';
import { defineProfile } from '../profile/define.js';
import { checkMailerOptions } from '../profile/mailer-options.js';
import { SmtpTransport } from '../transport/smtp-transport.js';
import { loadIdentity } from './client-identity.js';
import { ProfileMailer } from './profile-mailer.js';
import { SmimeServices } from './smime-services.js';

/**
 * A mailer for this profile. Nothing is connected, read or resolved before it is needed. ERR_PROFILE_INVALID has every problem of
 * the profile at once, or, where it has none, of the options.
 */
export function createMailer(profile: EmailProfile, options: MailerOptions = {}): Mailer {
  const checkedProfile = defineProfile(profile);
  const { pool: poolOptions, logger, transport, connector, profileStore, fileAccess = true } = checkMailerOptions(options, checkedProfile);
  const server = resolveServer(checkedProfile.server);
  const pool = resolvePool(poolOptions);
  const events = createEventSink(logger);
  const smime = new SmimeServices(checkedProfile, resolveSmime(checkedProfile.smime), profileStore);
  const { name, sender } = checkedProfile;
  return new ProfileMailer({
    composer: new Composer(checkedProfile, fileAccess, checkedProfile.smime && (() => smime.protector())),
    transport: transport ?? createSmtpTransport(checkedProfile, server, pool, connector, events, profileStore),
    events,
    smime,
    totalMs: server.timeouts.totalMs,
    foreignTransport: transport !== undefined,
    window: pool.maxConnections * pool.messagesInFlight + pool.maxConnections,
    describe: () => `Profile: ${name}\nServer: ${server.host}, port ${server.port}\nSecurity: ${server.security}`,
    senderAddress: sender.email,
  });
}

function createSmtpTransport(
  profile: EmailProfile,
  server: ResolvedServer,
  pool: ResolvedPool,
  connector: Connector | undefined,
  events: EventSink | undefined,
  profileStore: MailerOptions['profileStore'],
): Transport {
  const direct = new DirectConnector({ localAddress: server.localAddress });
  const settingsFor = (refresh: boolean): ConnectionSettings => {
    const identityFor = (slot: string) => loadIdentity(profile.name, slot, profileStore, refresh);
    return {
      host: server.host,
      port: server.port,
      security: server.security,
      protocol: server.protocol,
      localName: server.localName,
      timeouts: server.timeouts,
      tls: server.tls,
      authentication: profile.authentication,
      connector: connector ?? createProxyConnector(profile.proxy ?? 'none', direct, { loadClientIdentity: identityFor('proxy.tls.clientCertificate') }),
      messagesInFlight: pool.messagesInFlight,
      loadClientIdentity: identityFor('server.tls.clientCertificate'),
    };
  };
  let connections = 0;
  let current = { settings: settingsFor(false), shared: new SharedState() };
  const open = ({ settings, shared }: typeof current, signal: AbortSignal, observer: ConnectionObserver | undefined): Promise<SmtpConnection> => {
    const id = ++connections;
    return openConnection(settings, { id, signal, shared, observer: observe(id, events, observer) });
  };
  return new SmtpTransport(pool, async (signal, observer) => {
    if (observer === undefined) return open(current, signal, undefined);
    // A test reads certificates anew, and what is sent after it does the same.
    try {
      return await open({ settings: settingsFor(true), shared: new SharedState() }, signal, observer);
    } finally {
      current = { settings: settingsFor(false), shared: new SharedState() };
    }
  });
}

/** The logger's events with time and number, beside those of the one who asked. */
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

/** A profile and options to a mailer: everything is checked here, and nothing is opened, read or resolved yet. */
import { Composer } from '../compose/composer.js';
import { createEventSink } from '../logging/event-sink.js';
import type { Mailer, MailerOptions } from '../model/mailer.js';
import type { EmailProfile } from '../model/profile.js';
import type { Warning } from '../model/reply.js';
import { resolvePool, resolveServer, resolveSmime } from '../profile/resolve.js';
import { defineProfile } from '../profile/define.js';
import { checkMailerOptions } from '../profile/mailer-options.js';
import { loadIdentity } from './client-identity.js';
import { LateTransport } from './late-transport.js';
import { OAuth2Service } from './oauth2-service.js';
import { ProfileLogs } from './profile-logs.js';
import { ProfileMailer } from './profile-mailer.js';
import { SmimeServices } from './smime-services.js';

/**
 * A mailer for this profile. Nothing is connected, read or resolved before it is needed. ERR_PROFILE_INVALID has every problem of
 * the profile at once, or, where it has none, of the options.
 *
 * @example
 * ```ts
 * const mailer = createMailer({
 *   name: 'payroll',
 *   sender: { email: 'payroll@example.com' },
 *   server: { host: 'mail.example.com', port: 587, security: 'explicit' },
 *   authentication: { method: 'password', username: 'payroll', password: { env: 'SMTP_PASSWORD' } },
 * });
 * ```
 */
export function createMailer(profile: EmailProfile, options: MailerOptions = {}): Mailer {
  const checkedProfile = defineProfile(profile);
  const {
    pool: poolOptions,
    logger,
    transport,
    connector,
    profileStore,
    tokenStore,
    fetch,
    fileAccess = true,
  } = checkMailerOptions(options, checkedProfile);
  const server = resolveServer(checkedProfile.server);
  const pool = resolvePool(poolOptions);
  const logs = createLogs(checkedProfile, profileStore, (warning) => events?.warning(warning));
  const events = createEventSink(logger, logs?.write);
  const smime = new SmimeServices(checkedProfile, resolveSmime(checkedProfile.smime), profileStore);
  const oauth2 = new OAuth2Service(checkedProfile, { connector, fetch, profileStore, tokenStore });
  const { name, sender } = checkedProfile;
  const loadTransport = () =>
    import('./create-transport.js').then(({ createSmtpTransport }) =>
      createSmtpTransport(checkedProfile, server, pool, connector, events, { profileStore, tokens: oauth2 }),
    );
  const ownTransport = new LateTransport(loadTransport);
  return new ProfileMailer({
    composer: new Composer(checkedProfile, fileAccess, checkedProfile.smime && (() => smime.protector())),
    transport: transport ?? ownTransport,
    ownTransport: transport === undefined ? ownTransport : undefined,
    events,
    logs,
    smime,
    oauth2,
    totalMs: server.timeouts.totalMs,
    window: pool.maxConnections * pool.messagesInFlight + pool.maxConnections,
    facts: [
      ['Profile', name],
      ['Server', `${server.host}, port ${server.port}`],
      ['Security', server.security],
      ['Authentication', checkedProfile.authentication?.method ?? 'none'],
      ['S/MIME', protectionOf(checkedProfile.smime)],
    ],
    senderAddress: sender.email,
  });
}

function protectionOf(smime: EmailProfile['smime']): string {
  return [smime?.sign && 'signed', smime?.encrypt && 'encrypted'].filter(Boolean).join(' and ') || 'none';
}

function createLogs(
  { name, logging }: EmailProfile,
  store: MailerOptions['profileStore'],
  complain: (warning: Warning) => void,
): ProfileLogs | undefined {
  if (logging?.file === undefined && !logging?.eventLog) return undefined;
  const identity = loadIdentity(name, 'logging.eventLog.syslog.tls.clientCertificate', store, false);
  return new ProfileLogs(logging, identity, complain);
}

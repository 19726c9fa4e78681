/**
 * Makes a mailer from a profile and options. Both are checked; nothing is opened, read or resolved yet.
 * @module
 */
import { LateComposer } from '../compose/late-composer.js';
import type { RecipientGuard } from '../compose/message/recipient-guard.js';
import { createEventSink } from '../logging/event-sink.js';
import type { Mailer, MailerOptions, RecipientPolicy } from '../model/mailer.js';
import type { EmailProfile } from '../model/settings/profile.js';
import type { Warning } from '../model/reply.js';
import { defineProfile } from '../profile/define.js';
import { checkMailerOptions } from '../profile/mailer-options.js';
import { resolvePool, resolveProfile, resolveRetry } from '../profile/resolve.js';
import type { ResolvedProfile } from '../profile/resolve.js';
import { ForeignTransport } from '../transport/foreign-transport.js';
import { clientIdentity, LateProtection } from './late-protection.js';
import { LateTransport } from './late-transport.js';
import { OAuth2Service } from './oauth2/oauth2-service.js';
import { ProfileLogs } from './profile-logs.js';
import { ProfileMailer } from './profile-mailer.js';
import { foreignConnector, showTarget } from '../net/connector.js';

/**
 * Makes a mailer for this profile. It connects, reads and resolves only when needed. ERR_PROFILE_INVALID lists all
 * problems of the profile or, if it has none, of the options.
 *
 * @example
 * ```ts
 * const mailer = createMailer({
 * name: 'payroll',
 * sender: { email: 'payroll@example.com' },
 * server: { host: 'mail.example.com', port: 587, security: 'explicit' },
 * authentication: { method: 'password', username: 'payroll', password: { env: 'SMTP_PASSWORD' } },
 * });
 * ```
 */
export function createMailer(profile: EmailProfile, options: MailerOptions = {}): Mailer {
  const checkedProfile = defineProfile(profile);
  const checkedOptions = checkMailerOptions(options, checkedProfile);
  const {
    logger,
    transport,
    profileStore,
    tokenStore,
    fetch,
    fileAccess = true,
    recipients,
    retry,
    textFromHtml,
  } = checkedOptions;
  const connector = checkedOptions.connector && foreignConnector(checkedOptions.connector);
  const resolved = resolveProfile(checkedProfile);
  const pool = resolvePool(checkedOptions.pool);
  const logs = createLogs(resolved, profileStore, (warning) => events?.warning(warning));
  const events = createEventSink(logger, logs?.write);
  const protection = new LateProtection(resolved, profileStore);
  const oauth2 = new OAuth2Service(resolved, { connector, fetch, profileStore, tokenStore });
  const { name, sender, server, servers, authentication, smime } = resolved;
  const isRetried = retry !== undefined || resolved.isServerList;
  const times = resolveRetry(retry);
  const foreign = transport && new ForeignTransport(transport);
  const ownTransport = new LateTransport(async () => {
    const loaded = await import('./create-transport.js');
    const services = { pool, connector, events, profileStore, tokens: oauth2 };
    if (!isRetried) return loaded.createSmtpTransport(resolved, services);
    return (await import('./create-retry.js')).createRetryTransport(loaded, resolved, services, times);
  }, pool.maxConnections * servers.length);
  const retriedForeign =
    retry &&
    foreign &&
    new LateTransport(async () => (await import('./create-retry.js')).retryForeign(foreign, times), 0, foreign);
  return new ProfileMailer({
    composer: new LateComposer(resolved, fileAccess, smime && (() => protection.protector()), {
      loadGuard: recipients && guardLoader(recipients),
      textFromHtml,
      isRetried,
    }),
    transport: retriedForeign ?? foreign ?? ownTransport,
    ownTransport: foreign === undefined ? ownTransport : undefined,
    events,
    logs,
    smime: protection,
    oauth2,
    totalMs: server.timeouts.totalMs,
    window: pool.maxConnections * pool.messagesInFlight + pool.maxConnections,
    facts: [
      ['Profile', name],
      ['Server', servers.map(({ host, port }) => `${host}, port ${port}`).join('; ')],
      ['Security', servers.map(({ security }) => security).join('; ')],
      ['Authentication', authentication?.method ?? 'none'],
      ['S/MIME', protectionOf(smime)],
    ],
    senderAddress: sender.email,
    profileName: name,
    server: transport === undefined && servers.length === 1 ? showTarget(server.host, server.port) : undefined,
    traced: { profile: name, server: server.host, port: server.port },
  });
}

/** Loads the recipient policy with the first message. */
function guardLoader(policy: RecipientPolicy): () => Promise<RecipientGuard> {
  let loading: Promise<RecipientGuard> | undefined;
  return () =>
    (loading ??= import('../compose/message/recipient-guard.js').then(
      ({ RecipientGuard: Guard }) => new Guard(policy),
    ));
}

function protectionOf(smime: ResolvedProfile['smime']): string {
  return [smime?.sign && 'signed', smime?.encrypt && 'encrypted'].filter(Boolean).join(' and ') || 'none';
}

function createLogs(
  { name, logging }: ResolvedProfile,
  store: MailerOptions['profileStore'],
  complain: (warning: Warning) => void,
): ProfileLogs | undefined {
  if (logging?.file === undefined && !logging?.eventLog) return undefined;
  const slot = 'logging.eventLog.syslog.tls.clientCertificate';
  const identity = clientIdentity({ profileName: name, store, slot });
  return new ProfileLogs(logging, identity, complain);
}

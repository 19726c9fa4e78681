import { createEmailError } from '../errors/email-error.js';
import type { Authentication } from '../model/authentication.js';
import type { EmailError } from '../model/error.js';
import type { Warning } from '../model/reply.js';
import type { SaslMechanism } from '../model/sasl.js';
import type { Secret } from '../model/secret.js';
import { channelBinding } from '../net/channel-binding.js';
import type { SecuredStream } from '../net/tls.js';
import { chooseMechanisms } from '../sasl/choose.js';
import { channelBindingOf, createMechanism } from '../sasl/create.js';
import { failureOf } from '../sasl/mechanism.js';
import { authenticate, type AuthenticationOutcome } from '../smtp/authenticate.js';
import { showReply, type Reply } from '../smtp/reply.js';
import type { Session } from '../smtp/session.js';
import { resolveSecret } from '../system/secret.js';
import { utf8 } from '../util/bytes.js';
import { showText } from '../util/show.js';
import type { Channel } from './channel.js';
import type { ConnectionSettings } from './contract.js';
import { customMechanism } from './custom-mechanism.js';
import type { SharedState } from './shared.js';

/** Proves who the sender is: picks the mechanism, gets its secret, and runs it. */
export interface AuthenticationRun {
  readonly channel: Channel;
  readonly session: Session;
  readonly settings: ConnectionSettings;
  readonly authentication: Authentication;
  readonly shared: SharedState;
  readonly signal: AbortSignal;
  /** Under TLS: for channel bindings. */
  readonly secured: SecuredStream | undefined;
  readonly warn: (warning: Warning) => void;
}

/** Authenticates, and names the mechanism that did. ERR_AUTH_REJECTED holds the server's words. */
export async function proveIdentity(run: AuthenticationRun): Promise<string> {
  const { channel, session, settings, authentication } = run;
  const offered = offeredBy(session);
  let custom = authentication.method === 'custom' ? customMechanism(() => authentication.createMechanism()) : undefined;
  const names = chooseMechanisms({
    authentication,
    // A certificate may have no binding (EdDSA has none defined): then a -PLUS mechanism cannot be used.
    offered: offered.filter((name) => !/-PLUS$/i.test(name) || bindingFor(run, name) !== undefined),
    secure: session.secure,
    security: settings.security,
    customName: custom?.name,
  });
  try {
    for (const [index, name] of names.entries()) {
      const { mechanism, outcome } = await attempt(run, name, custom);
      custom = undefined;
      if (outcome.ok) return name;
      if (outcome.unknownMechanism && index + 1 < names.length) continue;
      if (!asksAgain(authentication) || outcome.reply.code < 500)
        throw rejected(name, mechanism, outcome.reply, offered);
      // The token may have ended since it was kept; its function gives another.
      const again = await attempt(run, name, undefined);
      if (again.outcome.ok) return name;
      throw rejected(name, again.mechanism, again.outcome.reply, offered);
    }
  } finally {
    channel.forgetSecrets();
  }
  throw new Error('No mechanism was tried');
}

async function attempt(
  run: AuthenticationRun,
  name: string,
  custom: SaslMechanism | undefined,
): Promise<{ mechanism: SaslMechanism; outcome: AuthenticationOutcome }> {
  const { channel, session, settings, signal } = run;
  const mechanism = custom ?? (await makeMechanism(run, name));
  const context = {
    host: settings.host,
    port: settings.port,
    secure: session.secure,
    channelBinding: bindingFor(run, name),
  };
  const dialogue = authenticate(session, name, () => mechanism.complete);
  const outcome = await channel.run(dialogue, {
    sasl: (challenge) => (challenge === undefined ? mechanism.start(context) : mechanism.next(challenge)),
    signal,
  });
  return { mechanism, outcome };
}

async function makeMechanism(
  { authentication, settings, shared, signal, channel, warn }: AuthenticationRun,
  name: string,
): Promise<SaslMechanism> {
  if (authentication.method === 'kerberos') {
    const { createGssapiMechanism } = await import('../kerberos/kerberos.js');
    return createGssapiMechanism(authentication, {
      host: settings.host,
      signal,
      tickets: await shared.kerberosTickets(),
      warn,
    });
  }
  const { secret, path } = secretOf(authentication);
  const resolved = secret === undefined ? undefined : await resolveSecret(secret, path, signal);
  if (resolved !== undefined) for (const form of [resolved, utf8(resolved).toString('base64')]) channel.hide(form);
  return createMechanism(name, { authentication, secret: resolved });
}

function secretOf(authentication: Authentication): { readonly secret: Secret | undefined; readonly path: string } {
  if ('token' in authentication) return { secret: authentication.token, path: 'authentication.token' };
  return {
    secret: 'password' in authentication ? authentication.password : undefined,
    path: 'authentication.password',
  };
}

function asksAgain(authentication: Authentication): boolean {
  return 'token' in authentication && typeof authentication.token === 'function';
}

function bindingFor({ secured }: AuthenticationRun, name: string): ReturnType<typeof channelBinding> {
  const type = secured && channelBindingOf(name, secured.report.protocol);
  return secured && type && channelBinding(secured.stream, secured.certificate, type);
}

/** The mechanisms that the server names. */
export function offeredBy(session: Session): readonly string[] {
  return session.extensions.get('AUTH') ?? [];
}

/** What was taken, why, and of what. */
export function describeChoice(name: string, { method }: Authentication, offered: readonly string[]): string {
  return `${name} by method '${method}'${method === 'password' ? ', the strongest' : ''} of ${showText(offered.join(' '))}`;
}

function rejected(name: string, mechanism: SaslMechanism, reply: Reply, offered: readonly string[]): EmailError {
  const read = reply.read();
  const reason = failureOf(mechanism);
  const words = reason === undefined ? '' : `; it gives as its reason: ${showText(reason)}`;
  const temporary = reply.code < 500;
  const usual = temporary
    ? 'The server could not check it now: try again later.'
    : 'Check user name and password (or token), and that the account may send by SMTP.';
  return createEmailError(
    'ERR_AUTH_REJECTED',
    `The server refused the authentication by ${name}: ${showReply(read)}${words}`,
    {
      phase: 'authenticate',
      reply: read,
      retryable: temporary && read.enhancedCode !== '4.7.12',
      remedy: `${remedies[read.enhancedCode ?? ''] ?? usual} The server offers ${showText(offered.join(' '))}; after a refusal nothing else is tried.`,
    },
  );
}

/** RFC 4954 section 6. */
const remedies: Readonly<Record<string, string>> = {
  '4.7.12':
    "The server has to see the password once before this mechanism works: sign in once under TLS with authentication.method 'plain'.",
  '5.5.6':
    'The token or ticket makes a line that is too long for the server: have its limit raised (Postfix: smtpd_sasl_response_limit), or use a shorter one.',
  '5.7.9': 'The server wants a stronger mechanism, or an application password in place of the one for signing in.',
  '5.7.11': "The server wants TLS for this: set server.security to 'explicit' or 'implicit'.",
};

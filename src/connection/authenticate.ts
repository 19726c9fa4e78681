/**
 * Authenticates the sender: chooses the mechanism, resolves its secret, and runs it.
 * @module
 */
import { connectionAlone } from './channel/exchange.js';
import { createEmailError, isEmailError, profileInvalid, withDetails } from '../errors/email-error.js';
import type { Authentication, TokenAuthentication } from '../model/settings/authentication.js';
import type { EmailError } from '../model/error.js';
import type { Warning } from '../model/reply.js';
import type { SaslMechanism } from '../model/sasl.js';
import { channelBinding } from '../net/tls/channel-binding.js';
import type { SecuredStream } from '../net/tls/tls.js';
import { judgeToken } from '../oauth2/token-claims.js';
import { chooseMechanisms } from '../sasl/choose.js';
import { channelBindingOf, createMechanism } from '../sasl/create.js';
import { failureOf } from '../sasl/mechanism.js';
import { authenticate, type AuthenticationOutcome } from '../smtp/authenticate.js';
import { isMicrosoft365 } from '../smtp/provider-refusals.js';
import { showReply } from '../smtp/reply.js';
import type { Session } from '../smtp/session.js';
import { resolveSecret } from '../system/secret.js';
import { asBuffer, noBytes, utf8 } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { proofOf, refusalRemedy } from './authentication-refusal.js';
import type { Channel } from './channel/channel.js';
import type { ConnectionSettings } from './contract.js';
import { customMechanism } from './custom-mechanism.js';
import type { SharedState } from './shared.js';
import { hasOwn } from '../util/own.js';

/** The connection, settings and shared state that an authentication uses. */
export interface AuthenticationRun {
  readonly channel: Channel;
  readonly session: Session;
  readonly settings: ConnectionSettings;
  readonly authentication: Authentication;
  readonly shared: SharedState;
  readonly signal: AbortSignal;
  /** Present under TLS, for channel bindings. */
  readonly secured: SecuredStream | undefined;
  readonly warn: (warning: Warning) => void;
}

/**
 * Authenticates and returns the name of the mechanism. Rejects with ERR_AUTH_REJECTED, which contains the server's
 * reply, if the server refuses. Errors from choosing the mechanism, from its secret (such as ERR_OAUTH2) and from the
 * connection are passed on.
 */
export async function proveIdentity(run: AuthenticationRun): Promise<string> {
  const { session, settings, authentication } = run;
  const offered = offeredBy(session);
  let custom = authentication.method === 'custom' ? customMechanism(() => authentication.createMechanism()) : undefined;
  const names = chooseMechanisms({
    authentication,
    // A certificate may have no binding (none is defined for EdDSA); then -PLUS mechanisms cannot be used.
    offered: offered.filter((name) => !/-PLUS$/i.test(name) || bindingFor(run, name) !== undefined),
    secure: session.secure,
    security: settings.security,
    startTls: session.extensions.has('STARTTLS'),
    customName: custom?.name,
  });
  warnOfPassword(run);
  let refusal: EmailError | undefined;
  try {
    for (const [index, name] of names.entries()) {
      const tried = await attempt(run, name, { custom });
      custom = undefined;
      if (tried.outcome.ok) return name;
      refusal = rejected(run, name, tried);
      if (tried.outcome.unknownMechanism && index + 1 < names.length) continue;
      if (!asksAgain(run) || tried.outcome.reply.code < 500) throw refusal;
      // The token may have been revoked, so another one is tried once.
      const again = await attempt(run, name, { refused: tried.secret, refusal });
      if (again.outcome.ok) return name;
      throw rejected(run, name, again);
    }
  } catch (error) {
    // The server refused and then closed the connection: no further attempt succeeded, and the refusal is the error.
    if (refusal === undefined || !isEmailError(error) || error.code !== 'ERR_CONNECT') throw error;
    throw withDetails(refusal, { cause: error, retryable: refusal.retryable || asksAgain(run) });
  }
  throw new Error('No mechanism was tried');
}

/** A completed exchange. */
interface Attempt {
  readonly mechanism: SaslMechanism;
  /** The password or token of the mechanism. */
  readonly secret: string | undefined;
  /** A likely reason why the token was refused. */
  readonly doubt: string | undefined;
  readonly outcome: AuthenticationOutcome;
}

/** Options of an attempt. All are undefined in a first attempt with a mechanism of the library. */
interface AttemptOptions {
  readonly custom?: SaslMechanism | undefined;
  /** The token to replace: the server refused it, or it has expired. */
  readonly refused?: string | undefined;
  /** The server's refusal of that token; undefined if it has expired. */
  readonly refusal?: EmailError | undefined;
}

async function attempt(run: AuthenticationRun, name: string, options: AttemptOptions): Promise<Attempt> {
  const { channel, session, settings, signal } = run;
  const { mechanism, secret, doubt } =
    options.custom === undefined
      ? await makeMechanism(run, name, options)
      : { mechanism: options.custom, secret: undefined, doubt: undefined };
  const context = {
    host: settings.host,
    port: settings.port,
    secure: session.secure,
    channelBinding: bindingFor(run, name),
  };
  const dialogue = authenticate(session, name, () => mechanism.complete);
  const answer = (challenge: Uint8Array | undefined): ReturnType<SaslMechanism['start']> =>
    challenge === undefined ? mechanism.start(context) : mechanism.next(challenge);
  const sasl =
    options.custom === undefined
      ? answer
      : async (challenge?: Uint8Array) => {
          const response = await answer(challenge);
          hideParts(run, response);
          return response;
        };
  const outcome = await channel.run(dialogue, { ...connectionAlone, sasl, signal });
  return { mechanism, secret, doubt, outcome };
}

/** Hides every part of a custom mechanism's response, because any part may be the secret. */
function hideParts({ channel, shared }: AuthenticationRun, response: Uint8Array | undefined): void {
  for (const part of asBuffer(response ?? noBytes)
    .toString('utf8')
    .split(controls)) {
    channel.hide(part);
    shared.sentSecrets.add(part);
  }
}

const controls = /[\0-\x1f]+/;

async function makeMechanism(
  run: AuthenticationRun,
  name: string,
  options: AttemptOptions,
): Promise<Omit<Attempt, 'outcome'>> {
  const { authentication, settings, shared, signal, channel, warn } = run;
  if (authentication.method === 'kerberos') {
    const { createGssapiMechanism } = await import('../kerberos/kerberos.js');
    const mechanism = await createGssapiMechanism(authentication, {
      host: settings.host,
      signal,
      tickets: await shared.kerberosTickets(),
      warn,
    });
    return { mechanism, secret: undefined, doubt: undefined };
  }
  const { secret, doubt } = isByToken(authentication)
    ? await bearerToken(run, authentication, options)
    : { secret: await passwordOf(authentication, signal), doubt: undefined };
  if (secret !== undefined) {
    channel.hide(secret);
    channel.hide(utf8(secret).toString('base64'), true);
    shared.sentSecrets.add(secret);
  }
  return { mechanism: createMechanism(name, { authentication, secret }), secret, doubt };
}

function isByToken(authentication: Authentication): authentication is TokenAuthentication {
  return authentication.method === 'xoauth2' || authentication.method === 'oauthbearer';
}

async function passwordOf(authentication: Authentication, signal: AbortSignal): Promise<string | undefined> {
  const password = hasOwn(authentication, 'password') ? authentication.password : undefined;
  return password === undefined ? undefined : await resolveSecret(password, 'authentication.password', signal);
}

/** Resolves a token and checks it. A token that the server would refuse is an error; an expired one is renewed once. */
async function bearerToken(
  run: AuthenticationRun,
  authentication: TokenAuthentication,
  { refused, refusal }: AttemptOptions,
): Promise<{ readonly secret: string; readonly doubt: string | undefined }> {
  const { settings, warn } = run;
  const token = await takeToken(run, authentication, refused).catch((error: unknown) => {
    throw refusal !== undefined && isEmailError(error) && error.code === 'ERR_OAUTH2'
      ? notRenewed(refusal, error)
      : error;
  });
  const { error, expired = false, doubt } = judgeToken(token, settings.host, Date.now());
  if (error !== undefined) throw error;
  if (expired && refused === undefined && asksAgain(run))
    return await bearerToken(run, authentication, { refused: token });
  if (expired)
    throw createEmailError('ERR_OAUTH2', "The token has expired, by this machine's clock.", {
      remedy: 'Get a new token, and check the clock of this machine.',
    });
  if (doubt !== undefined) warn({ code: 'WARN_TOKEN_ROLE', message: doubt });
  return { secret: token, doubt };
}

async function takeToken(
  { settings, signal, warn }: AuthenticationRun,
  { token }: TokenAuthentication,
  refused: string | undefined,
): Promise<string> {
  if (token !== undefined) return await resolveSecret(token, 'authentication.token', signal);
  if (settings.tokens === undefined)
    throw profileInvalid('authentication.token', 'expected an access token, got nothing');
  return await settings.tokens.token({ signal, refused, warn });
}

/** Can a refused token be replaced by another one? */
function asksAgain({ authentication, settings }: AuthenticationRun): boolean {
  if (!isByToken(authentication)) return false;
  return authentication.token === undefined
    ? settings.tokens?.renewable === true
    : typeof authentication.token === 'function';
}

/** An error that contains both the refusal of the token and the reason why there is no other. */
function notRenewed(refusal: EmailError, error: EmailError): EmailError {
  const { message, retryable, remedy, server } = error;
  return createEmailError('ERR_OAUTH2', `${refusal.message} Another token could not be obtained: ${message}`, {
    phase: 'authenticate',
    reply: refusal.reply,
    retryable,
    remedy,
    server,
    cause: error,
  });
}

/** Warns if a password is sent to Microsoft 365, with the date on which that ends. */
function warnOfPassword({ authentication, settings, warn }: AuthenticationRun): void {
  if (proofOf(authentication) !== 'password' || !isMicrosoft365(settings.host)) return;
  warn({
    code: 'WARN_BASIC_AUTHENTICATION',
    message:
      `A password is sent to ${settings.host}. Microsoft disables passwords for SMTP (basic SMTP AUTH) by ` +
      'default for existing tenants at the end of December 2026; tenants created later never have it, and ' +
      "Outlook.com has not accepted passwords since September 2024. Use OAuth 2.0: authentication.method 'xoauth2' with the " +
      "settings of sampleOAuth2Settings('microsoft').",
  });
}

function bindingFor({ secured }: AuthenticationRun, name: string): ReturnType<typeof channelBinding> {
  const type = secured && channelBindingOf(name, secured.report.protocol);
  return secured && type && channelBinding(secured.stream, secured.certificate, type);
}

/** The mechanisms that the server offers. */
export function offeredBy(session: Session): readonly string[] {
  return session.extensions.get('AUTH') ?? [];
}

/** Text for reports: the mechanism, the method that chose it, and the mechanisms that the server offers. */
export function describeChoice(name: string, { method }: Authentication, offered: readonly string[]): string {
  return `${name} by method '${method}'${method === 'password' ? ', the strongest' : ''} of ${showText(offered.join(' '))}`;
}

function rejected(
  { channel, session, settings, authentication }: AuthenticationRun,
  name: string,
  { mechanism, doubt, outcome }: Attempt,
): EmailError {
  const { reply } = outcome as Extract<AuthenticationOutcome, { readonly ok: false }>;
  const read = reply.read();
  const reason = failureOf(mechanism);
  const words = reason === undefined ? '' : `; the reason it gives: ${showText(channel.secrets.shown(reason))}`;
  const { host } = settings;
  const { secure, extensions } = session;
  const remedy = refusalRemedy({ reply: read, mechanism: name, authentication, host, secure, extensions });
  return createEmailError(
    'ERR_AUTH_REJECTED',
    `The server refused the authentication by ${name}: ${showReply(read)}${words}`,
    {
      phase: 'authenticate',
      reply: read,
      retryable: reply.code < 500 && read.enhancedCode !== '4.7.12',
      remedy: doubt === undefined ? remedy : `${doubt} ${remedy}`,
    },
  );
}

/**
 * Opens a connection: greeted, secured, authenticated, and ready for transactions.
 * @module
 */
import { connectionAlone } from './channel/exchange.js';
import { asError, createEmailError, isEmailError, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Warning } from '../model/reply.js';
import type { ConnectionTrace } from '../model/log.js';
import { connections, traced } from '../logging/diagnostics.js';
import { showTarget } from '../net/connector.js';
import type { StepTracer } from '../net/connector.js';
import type { SecuredStream } from '../net/tls/tls.js';
import { maskedKeyword, type Extensions } from '../smtp/extensions.js';
import { hello } from '../smtp/hello.js';
import type { Session } from '../smtp/session.js';
import { startTls } from '../smtp/simple-commands.js';
import { notify } from '../util/notify.js';
import { showText } from '../util/show.js';
import type { ConnectionObserver, ConnectionSettings, SmtpConnection } from './contract.js';
import { dial, secureStream, step, type Dialing, type Greeted, within } from './dial.js';
import { requireUsable } from './farewell.js';
import { defaultLocalName } from './local-name.js';
import { SharedState } from './shared.js';
import { EstablishedConnection } from './smtp-connection.js';

/** Options of `openConnection`. */
export interface OpenOptions {
  /** Number of the connection, for logs. */
  readonly id: number;
  /** Ends the opening. Has no effect once the connection is open. */
  readonly signal: AbortSignal;
  readonly observer?: ConnectionObserver | undefined;
  /** State shared by several connections of one transport. Default: a new state for this connection alone. */
  readonly shared?: SharedState | undefined;
}

/** Rejects with the EmailError of the step that failed; then nothing is left open. */
export async function openConnection(settings: ConnectionSettings, options: OpenOptions): Promise<SmtpConnection> {
  if (!connections.hasSubscribers) return await open(settings, options, undefined);
  const { host: server, port } = settings;
  const trace: ConnectionTrace = { connection: options.id, server, port };
  const traceStep: StepTracer = (step, run) => traced(connections, { ...trace, step }, run);
  return await traced(
    connections,
    trace,
    () => open(settings, options, traceStep),
    ({ mechanism, tls }) => Object.assign(trace, { mechanism, tls: tls?.protocol }),
  );
}

async function open(
  settings: ConnectionSettings,
  options: OpenOptions,
  traceStep: StepTracer | undefined,
): Promise<SmtpConnection> {
  const dialing: Dialing = {
    settings,
    shared: options.shared ?? new SharedState(),
    observer: safeObserver(options.observer),
    signal: options.signal,
    traced: { connection: options.id, server: settings.host, port: settings.port },
    traceStep,
  };
  const greeted = await dial(dialing);
  try {
    return await setUp(dialing, greeted, greeted.mustSecure, options.id);
  } catch (error) {
    greeted.channel.close(asError(error), 'caller');
    throw error;
  }
}

async function setUp(dialing: Dialing, greeted: Greeted, mustSecure: boolean, id: number): Promise<SmtpConnection> {
  const { settings, observer, signal, shared } = dialing;
  const { channel, session, closed } = greeted;
  const warnings: Warning[] = [];
  const warn = (warning: Warning): void => {
    warnings.push(warning);
    observer.event?.({ type: 'warning', level: 'warning', warning });
  };
  let { secured, streams } = greeted;
  const name = settings.localName ?? defaultLocalName(shared.hostName, channel.stream);
  await sayHello(dialing, greeted, name, secured);
  if (!session.secure && settings.security !== 'none') {
    if (session.extensions.has('STARTTLS')) {
      secured = await upgrade(dialing, greeted);
      streams = [...streams, secured.stream];
      await sayHello(dialing, greeted, name, secured);
    } else if (mustSecure) throw tlsRequired(settings, session.extensions);
    else
      warn({
        code: 'WARN_PLAINTEXT',
        message:
          `${showTarget(settings.host, settings.port)} offers no TLS: messages are sent in plain text. Set ` +
          "server.security to 'explicit' to refuse that, or to 'none' to allow it.",
      });
  }
  if (secured?.report.authorized === false) {
    warn({
      code: 'WARN_TLS_UNVERIFIED',
      message:
        `The certificate of ${settings.host} was not verified (server.tls.dangerouslyAcceptAnyCertificate): ` +
        'anyone may be at the other end.',
    });
  }
  const { authentication } = settings;
  let mechanism: string | undefined;
  if (authentication !== undefined) {
    const { describeChoice, offeredBy, proveIdentity } = await import('./authenticate.js');
    const run = { channel, session, settings, authentication, shared, signal, secured, warn };
    mechanism = await step(
      dialing,
      'authenticate',
      async () => {
        const name = await proveIdentity(run);
        await requireUsable(channel, closed, signal);
        return name;
      },
      (name) => describeChoice(name, authentication, offeredBy(session)),
    );
    observer.event?.({ type: 'connection', level: 'info', state: 'authenticated', detail: mechanism });
  }
  return new EstablishedConnection({
    id,
    host: settings.host,
    channel,
    session,
    mechanism,
    tls: secured?.report,
    warnings,
    streams,
    closed,
  });
}

async function sayHello(
  dialing: Dialing,
  { channel, session, closed }: Greeted,
  name: string,
  secured: SecuredStream | undefined,
): Promise<void> {
  await step(
    dialing,
    'ehlo',
    async () => {
      const hail = channel.run(hello(session, name), { ...connectionAlone, signal: dialing.signal });
      await (dialing.settings.localName === undefined
        ? hail.catch((error: unknown) => suspectName(error, name))
        : hail);
      await requireUsable(channel, closed, dialing.signal);
    },
    () => describeExtensions(session),
  );
  dialing.observer.found?.({ extensions: session.extensions, tls: secured?.report });
}

function describeExtensions({ extensions, ignored }: Session): string {
  const used = [...extensions.keys()].join(' ') || 'no extensions';
  return ignored.length === 0 ? used : `${used}; ignored by server.ignoreExtensions: ${ignored.join(' ')}`;
}

/**
 * Adds `server.localName` to the remedy of a temporary refusal: the server may refuse every attempt because of the EHLO
 * name. Google's relay answers 421 to the address literal of a container.
 */
function suspectName(error: unknown, name: string): never {
  if (!isEmailError(error) || error.reply === undefined || error.reply.code >= 500) throw error;
  const remedy =
    `If it happens each time, the server may not accept the name ${showText(name)} of this machine: ` +
    'set server.localName to the name of this machine in the DNS.';
  throw withDetails(error, { remedy: `${error.remedy ?? ''} ${remedy}`.trim() });
}

async function upgrade(dialing: Dialing, { channel, session }: Greeted): Promise<SecuredStream> {
  const { signal } = dialing;
  const stream = await step(
    dialing,
    'starttls',
    async () => {
      await channel.run(startTls(session), { ...connectionAlone, signal });
      return channel.detach();
    },
    () => 'accepted',
  );
  const secured = await within(dialing, signal, (limited) => secureStream(dialing, stream, limited));
  channel.attach(secured.stream);
  session.begin('secured');
  return secured;
}

function tlsRequired({ host, port, security }: ConnectionSettings, extensions: Extensions): EmailError {
  const masked = maskedKeyword(extensions);
  const why = security === 'automatic' ? 'port 465 is for TLS' : "server.security is 'explicit'";
  const what =
    masked === undefined
      ? 'does not offer STARTTLS'
      : `offers ${masked} instead of STARTTLS, so a firewall or another program probably overwrote the offer`;
  return createEmailError('ERR_TLS_REQUIRED', `${showTarget(host, port)} ${what}, and ${why}. Nothing was sent.`, {
    phase: 'starttls',
    remedy:
      masked === undefined
        ? "Check server.port: with 'explicit' it is usually 587, with 'implicit' 465. If the server offers TLS to " +
          'others, a firewall or an antivirus program may remove the offer. If the server has no TLS at all, ask its ' +
          "operator for it; server.security 'none' is only for a network that is trusted."
        : 'A firewall or an antivirus program inspects SMTP and removes TLS: have that inspection ' +
          "disabled for this machine, or use port 465 with server.security 'implicit'.",
  });
}

/** The observer, with exceptions caught. Absent functions stay absent, so that no event is made for them. */
function safeObserver(observer: ConnectionObserver | undefined): ConnectionObserver {
  return { event: safe(observer?.event), step: safe(observer?.step), found: safe(observer?.found) };
}

function safe<T>(listener: ((value: T) => void) | undefined): ((value: T) => void) | undefined {
  if (listener === undefined) return undefined;
  return (value) => notify(listener, value);
}

/**
 * Connects to host and port and reads the server's greeting, in plain text or under TLS.
 * @module
 */
import { connectionAlone } from './channel/exchange.js';
import type { Duplex } from 'node:stream';
import { createAbortController } from '../async/abort-controller.js';
import { joinSignals, withDeadline } from '../async/deadline-signal.js';
import { untilAborted } from '../async/until-aborted.js';
import { asError, createEmailError, isEmailError, reasonOf, withDetails } from '../errors/email-error.js';
import { areCommandsWatched } from '../logging/diagnostics.js';
import type { ConnectionStep } from '../model/error.js';
import type { SmtpReply } from '../model/reply.js';
import { reportStep, showTarget, type ConnectOptions, type StepTracer } from '../net/connector.js';
import { answeredInPlainText, answeredInTls } from '../net/tls/tls-answers.js';
import type { SecuredStream } from '../net/tls/tls.js';
import { greeting } from '../smtp/hello.js';
import { showReply } from '../smtp/reply.js';
import { Session } from '../smtp/session.js';
import { showText } from '../util/show.js';
import { Channel } from './channel/channel.js';
import { CommandTracing, type TracedConnection } from './command-tracing.js';
import type { ConnectionLogEvent, ConnectionObserver, ConnectionSettings } from './contract.js';
import { deadlinePassed } from './failures.js';
import { requireUsable } from './farewell.js';
import type { SharedState } from './shared.js';

/** Everything that the steps of an opening need. */
export interface Dialing {
  readonly settings: ConnectionSettings;
  readonly shared: SharedState;
  readonly observer: ConnectionObserver;
  readonly signal: AbortSignal;
  /** The connection, for traces. */
  readonly traced: TracedConnection;
  /** Present if tracing is on. */
  readonly traceStep: StepTracer | undefined;
}

/** A server that has greeted. */
export interface Greeted {
  readonly channel: Channel;
  readonly session: Session;
  readonly greeting: SmtpReply;
  readonly secured: SecuredStream | undefined;
  readonly streams: readonly Duplex[];
  readonly closed: Promise<void>;
}

/** After an abort, how long a connector may take to reject with its own, more precise error. */
const graceMs = 50;
/**
 * After this much silence on a plain connection, a second one starts with TLS: the server may be waiting for a
 * ClientHello.
 */
const silenceMs = 3_000;

/**
 * Connects as `security` says; 'automatic' finds out which way the server uses. With `mustSecure` the caller must use
 * STARTTLS or fail.
 */
export async function dial(dialing: Dialing): Promise<Greeted & { readonly mustSecure: boolean }> {
  const { security, port } = dialing.settings;
  // TLS is loaded while the network is at work. If that fails, its first use says so.
  if (security !== 'none') dialing.shared.tls().catch(() => {});
  if (security === 'explicit' || security === 'none')
    return { ...(await dialPlain(dialing)), mustSecure: security === 'explicit' };
  if (security === 'implicit') return { ...(await dialSecure(dialing)), mustSecure: true };
  if (port !== 465) return { ...(await detect(dialing)), mustSecure: false };
  try {
    return { ...(await dialSecure(dialing)), mustSecure: true };
  } catch (error) {
    // Port 465 is registered for TLS: a server that greets there in plain text must do STARTTLS.
    if (!isEmailError(error) || !answeredInPlainText(error)) throw error;
    return { ...(await dialPlain(dialing)), mustSecure: true };
  }
}

async function dialPlain(dialing: Dialing): Promise<Greeted> {
  return await greet(dialing, await within(dialing, dialing.signal, (signal) => connect(dialing, signal)), undefined);
}

async function dialSecure(dialing: Dialing, signal = dialing.signal): Promise<Greeted> {
  const { stream, secured } = await shakeHands(dialing, signal);
  return await greet(dialing, stream, secured);
}

async function shakeHands(dialing: Dialing, signal: AbortSignal): Promise<{ stream: Duplex; secured: SecuredStream }> {
  return await within(dialing, signal, async (limited) => {
    const stream = await connect(dialing, limited);
    return { stream, secured: await secureStream(dialing, stream, limited) };
  });
}

/** Does the TLS handshake on a stream, as the step 'tls'. Destroys the stream if it fails. */
export async function secureStream(dialing: Dialing, stream: Duplex, signal: AbortSignal): Promise<SecuredStream> {
  const { settings, shared, observer } = dialing;
  // The stream may fail while the code of TLS or the files of the settings are being read.
  stream.on('error', () => {});
  const run = async (): Promise<SecuredStream> => (await shared.tls()).secure(stream, settings, signal);
  try {
    const secured = await step(dialing, 'tls', run, describeTls);
    observer.event?.({ type: 'connection', level: 'info', state: 'secured', detail: describeTls(secured) });
    return secured;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function describeTls({ report, resumed }: SecuredStream): string {
  const { subject, issuer, validTo } = report.certificate;
  return (
    `${report.protocol}, ${report.cipher}${resumed ? ', resumed' : ''}; ${showText(subject)}, issued ` +
    `by ${showText(issuer)}, valid ` +
    `until ${validTo.toISOString().slice(0, 10)}${report.authorized ? '' : '; NOT VERIFIED'}`
  );
}

/** Opens a plain connection and, after silence, a second one with TLS. Continues with the first that is answered. */
async function detect(dialing: Dialing): Promise<Greeted> {
  const stream = await within(dialing, dialing.signal, (signal) => connect(dialing, signal));
  const second = createAbortController();
  const plainEnd = createAbortController();
  const plainSignal = joinSignals([dialing.signal, plainEnd.signal]);
  const plain = greet({ ...dialing, signal: plainSignal.signal }, stream, undefined).finally(plainSignal.dispose);
  const silent = await silence(plain);
  if (!silent) return await plain;
  const tlsSignal = joinSignals([dialing.signal, second.signal]);
  const tls = shakeHands(dialing, tlsSignal.signal).finally(tlsSignal.dispose);
  const winner = await firstToAnswer(plain, tls);
  if (winner === 'plain') {
    second.abort(createEmailError('ERR_CLOSED', 'In the meantime the server greeted in plain text.'));
    // The handshake may have succeeded just before the abort.
    tls.then(
      ({ stream: other }) => other.destroy(),
      () => {},
    );
    return await plain;
  }
  const lost = createEmailError(
    'ERR_CLOSED',
    'The server speaks TLS on this port, so the wait for a greeting in plain text ended.',
    {
      remedy: `Set server.security to 'implicit': that saves the ${silenceMs / 1000} s of waiting for a greeting.`,
    },
  );
  plainEnd.abort(lost);
  plain.then(
    ({ channel }) => channel.close(lost, 'caller'),
    () => {},
  );
  const { stream: below, secured } = await tls;
  return await greet(dialing, below, secured);
}

/** Resolves with true after `silenceMs` without a greeting, with false once the greeting arrived or failed. */
function silence(plain: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), silenceMs);
    const answered = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    plain.then(answered, answered);
  });
}

/**
 * Chooses between the plain and the TLS attempt: the first to succeed. TLS also wins if it fails in a way that proves
 * that the server speaks TLS (bad certificate, alert).
 */
async function firstToAnswer(plain: Promise<unknown>, tls: Promise<unknown>): Promise<'plain' | 'tls'> {
  const outcomes = [
    plain.then(
      () => 'plain' as const,
      () =>
        tls.then(
          () => 'tls' as const,
          () => 'plain' as const,
        ),
    ),
    tls.then(
      () => 'tls' as const,
      (error: unknown) =>
        isEmailError(error) && answeredInTls(error)
          ? ('tls' as const)
          : plain.then(
              () => 'plain' as const,
              () => 'plain' as const,
            ),
    ),
  ];
  return await Promise.race(outcomes);
}

/** Looks up the name and connects, through the proxy if there is one. */
async function connect({ settings, observer, traceStep }: Dialing, signal: AbortSignal): Promise<Duplex> {
  const { host, port, connector } = settings;
  const target = showTarget(showText(host, 255), port);
  observer.event?.({ type: 'connection', level: 'info', state: 'resolving', detail: target });
  const options: ConnectOptions = { signal, onStep: observer.step, traceStep };
  try {
    // A caller's own connector may ignore the signal.
    const stream = await untilAborted(connector.connect({ host, port }, options), signal, graceMs, (late) =>
      late.destroy(),
    );
    observer.event?.({
      type: 'connection',
      level: 'info',
      state: 'connected',
      detail: otherEnd(stream, port) ?? target,
    });
    return stream;
  } catch (cause) {
    if (isEmailError(cause)) throw cause;
    throw createEmailError('ERR_CONNECT', `No connection to ${target}: ${showText(reasonOf(cause))}`, {
      cause,
      phase: 'connect',
      retryable: true,
    });
  }
}

/** The address to which the stream is connected; the proxy's if there is one. */
function otherEnd(stream: Duplex, port: number): string | undefined {
  const { remoteAddress, remotePort = port } = stream as {
    readonly remoteAddress?: unknown;
    readonly remotePort?: number | undefined;
  };
  return typeof remoteAddress === 'string' ? showTarget(remoteAddress, remotePort) : undefined;
}

async function greet(dialing: Dialing, stream: Duplex, secured: SecuredStream | undefined): Promise<Greeted> {
  const { settings, observer, signal } = dialing;
  let onClosed: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const event = observer.event as ((event: ConnectionLogEvent) => void) | undefined;
  const channel = new Channel(secured?.stream ?? stream, {
    timeouts: settings.timeouts,
    event,
    knownSecrets: dialing.shared.sentSecrets,
    tracing: areCommandsWatched() ? new CommandTracing(dialing.traced) : undefined,
    onClosed: (reason) => {
      event?.({ type: 'connection', level: 'info', state: 'closed', detail: showText(reasonOf(reason)) });
      onClosed?.();
    },
  });
  const session = new Session(settings.protocol, secured !== undefined, settings.ignoreExtensions);
  let reply: SmtpReply;
  try {
    const run = async (): Promise<SmtpReply> => {
      const words = await channel.run(greeting(session), { ...connectionAlone, signal });
      await requireUsable(channel, closed, signal);
      return words;
    };
    const explained = (): Promise<SmtpReply> =>
      run().catch((error: unknown) => explainSilence(error, settings.security === 'automatic'));
    reply = await step(dialing, 'greeting', secured === undefined ? explained : run, showReply);
  } catch (error) {
    channel.close(asError(error), 'caller');
    throw error;
  }
  return {
    channel,
    session,
    greeting: reply,
    secured,
    streams: secured === undefined ? [stream] : [stream, secured.stream],
    closed,
  };
}

/** A server that waits for TLS and a web server are silent too, just like a slow server. */
function explainSilence(error: unknown, tlsWasTried: boolean): never {
  if (!isEmailError(error) || error.code !== 'ERR_TIMEOUT') throw error;
  const other = tlsWasTried
    ? 'Check server.port: the server on this port neither sends a greeting nor supports TLS; it may be a web server.'
    : "This port may expect TLS from the first octet, as 465 does: if so, set server.security to 'implicit'. If " +
      'the port does not belong to a mail server, correct server.port.';
  throw withDetails(error, { remedy: `${other} ${error.remedy ?? ''}`.trim() });
}

/** Runs a step of the set-up and reports it. Its errors get the step as their phase. */
export function step<T>(
  { observer, traceStep }: Dialing,
  name: ConnectionStep,
  run: () => Promise<T>,
  detail: (value: T) => string,
): Promise<T> {
  const told = async (): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw isEmailError(error) && error.phase === undefined ? withDetails(error, { phase: name }) : error;
    }
  };
  return reportStep(name, told, detail, { onStep: observer.step, traceStep });
}

/** Runs work with a signal that also aborts after `connectMs`. */
export async function within<T>(
  { settings }: Pick<Dialing, 'settings'>,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { connectMs } = settings.timeouts;
  return await withDeadline(signal, { ms: connectMs, passed: () => deadlinePassed('connectMs', connectMs) }, run);
}

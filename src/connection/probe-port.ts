/**
 * Finds out which service listens at a port, for the report of testConnection() after a failed step or during silence.
 * A probe opens two connections, one that listens and one that starts TLS. It sends no credential and never throws.
 * @module
 */
import type { Duplex } from 'node:stream';
import { withDeadline } from '../async/deadline-signal.js';
import { onAbort } from '../async/on-abort.js';
import { untilAborted } from '../async/until-aborted.js';
import { isEmailError } from '../errors/email-error.js';
import { answeredInTls } from '../net/tls/tls-answers.js';
import { TlsClient } from '../net/tls/tls-client.js';
import { showText } from '../util/show.js';
import type { ConnectionSettings } from './contract.js';
import { deadlinePassed } from './failures.js';

/** The service at a port. `text` is the first line that it sent, escaped. */
export type PortAnswer =
  | { readonly kind: 'smtp' | 'http' | 'other'; readonly text: string }
  /** 'silent' accepted a connection and sent nothing; 'unreachable' accepted none. */
  | { readonly kind: 'tls' | 'silent' | 'unreachable' };

/** Time limits in milliseconds: for the whole probe, and for listening before it sends EHLO. */
export interface ProbeTimes {
  readonly totalMs: number;
  readonly listenMs: number;
}

/** Probes `port` of the server's host. Resolves within `times.totalMs`, or when `signal` aborts. */
export async function probePort(
  { host, connector }: Pick<ConnectionSettings, 'host' | 'connector'>,
  port: number,
  times: ProbeTimes,
  signal: AbortSignal,
): Promise<PortAnswer> {
  const deadline = { ms: times.totalMs, passed: () => deadlinePassed('connectMs', times.totalMs) };
  return await withDeadline(signal, deadline, async (limited): Promise<PortAnswer> => {
    const opened = (): Promise<Duplex> =>
      untilAborted(connector.connect({ host, port }, { signal: limited }), limited, 0, (late) => late.destroy());
    const plain = opened().then((stream) => firstWords(stream, times.listenMs, limited));
    const tls = opened().then((stream) => speaksTls(stream, { host, port }, limited));
    const [heard, secured] = await Promise.all([plain.catch(() => undefined), tls.catch(() => undefined)]);
    if (secured === true) return { kind: 'tls' };
    if (heard !== undefined && heard !== '') return { kind: kindOf(heard), text: showText(heard, 100) };
    return { kind: heard === undefined && secured === undefined ? 'unreachable' : 'silent' };
  });
}

function kindOf(line: string): 'smtp' | 'http' | 'other' {
  if (/^HTTP\/|^<(?:!doctype|html)/i.test(line)) return 'http';
  return /^[245]\d\d(?:[ -]|$)/.test(line) ? 'smtp' : 'other';
}

/**
 * The first line that arrives. After `listenMs` of silence an EHLO is sent, which a web server answers too. '' if none
 * arrives.
 */
function firstWords(stream: Duplex, listenMs: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    let stopListening = (): void => {};
    const done = (): void => {
      clearTimeout(timer);
      stopListening();
      stream.removeListener('data', onData).destroy();
      resolve(text.split(/\r?\n/)[0] ?? '');
    };
    const onData = (chunk: Uint8Array): void => {
      text += Buffer.from(chunk).toString('latin1');
      if (text.includes('\n') || text.length > 1000) done();
    };
    const timer = setTimeout(() => stream.write('EHLO localhost\r\n\r\n'), listenMs);
    stream.on('data', onData).on('error', done).on('end', done).on('close', done);
    stopListening = onAbort(signal, done);
  });
}

async function speaksTls(
  stream: Duplex,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<boolean> {
  const tls = { dangerouslyAcceptAnyCertificate: true };
  try {
    const { stream: secured } = await new TlsClient().secure(stream, { ...target, tls }, signal);
    secured.destroy();
    return true;
  } catch (error) {
    return isEmailError(error) && answeredInTls(error);
  } finally {
    stream.destroy();
  }
}

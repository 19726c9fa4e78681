/**
 * Looks for the cause after a step of testConnection() failed, and turns it into a remedy: other ports that answer, a
 * port that starts with TLS, a web server instead of a mail server, a wrong clock.
 * @module
 */
import type { PortAnswer, ProbeTimes } from '../connection/probe-port.js';
import { createEmailError, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Security } from '../model/settings/server.js';
import { showTarget } from '../net/connector.js';
import { answeredInPlainText, endedByNetwork } from '../net/tls/tls-answers.js';

/** The server under test, and functions for a closer look. */
export interface TestedServer {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly connectMs: number;
  readonly greetingMs: number;
  /** Does the profile have `authentication`? */
  readonly authenticates: boolean;
  readonly probe: (port: number, times: ProbeTimes, signal: AbortSignal) => Promise<PortAnswer>;
}

/** Submission with STARTTLS, submission with TLS, relay (RFC 6409, RFC 8314, RFC 5321). */
const mailPorts = [587, 465, 25] as const;

/**
 * A port is probed after this much silence. A mail server greets sooner, and 'automatic' starts its own TLS attempt at
 * that time.
 */
const silenceMs = 3_000;
const probeMs = 5_000;

/**
 * Milliseconds of silence after which the port is probed: less than the deadline of the greeting, so that the probe can
 * end first.
 */
export function patienceOf({ greetingMs }: TestedServer): number {
  return greetingMs === 0 ? silenceMs : Math.min(silenceMs, greetingMs / 3);
}

/** An error that explains why a server is silent; undefined if the probe found no explanation. */
export async function explainSilence(server: TestedServer, signal: AbortSignal): Promise<EmailError | undefined> {
  const patience = patienceOf(server);
  const totalMs = server.greetingMs === 0 ? probeMs : Math.min(probeMs, server.greetingMs / 2);
  const answer = await server.probe(server.port, { totalMs, listenMs: Math.min(patience, 1_000) }, signal);
  const target = showTarget(server.host, server.port);
  if (answer.kind === 'tls' && server.security !== 'automatic')
    return createEmailError('ERR_TLS', `${target} expects TLS: it sends nothing in plain text, but answers to TLS.`, {
      phase: 'greeting',
      remedy: `Set server.security to 'implicit', or use the port for STARTTLS (587) with '${server.security}'.`,
    });
  if (answer.kind === 'http' || answer.kind === 'other')
    return createEmailError('ERR_SMTP_PROTOCOL', `${target} is not a mail server: ${describe(answer)}.`, {
      phase: 'greeting',
      remedy: otherService,
    });
  return undefined;
}

const otherService =
  'Check server.host and server.port. If they are right, another device answers instead of the ' +
  'server, such as the sign-in page of a guest network.';

function describe({ kind, text }: Extract<PortAnswer, { readonly text: string }>): string {
  return kind === 'http' ? `a web server answers there ("${text}")` : `it answers "${text}"`;
}

/** The same error with a remedy from a closer look. `steps` says what happened before. */
export async function diagnose(
  error: EmailError,
  server: TestedServer,
  seen: { readonly greeting: string | undefined; readonly now: Date },
  signal: AbortSignal,
): Promise<EmailError> {
  if ((error.phase ?? 'connect') === 'connect' && (error.code === 'ERR_CONNECT' || error.code === 'ERR_TIMEOUT'))
    return await withOpenPorts(error, server, signal);
  if (error.code === 'ERR_TLS' && error.phase === 'tls') {
    const clock = clockProblem(seen.greeting, seen.now);
    if (clock !== undefined && /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/.test(error.message))
      return withDetails(error, { remedy: `${clock} ${error.remedy ?? ''}`.trim() });
    if (server.security === 'implicit' || server.port === 465) return await withPlainGreeting(error, server, signal);
  }
  return error;
}

/** The port did not answer, but other mail ports may. */
async function withOpenPorts(error: EmailError, server: TestedServer, signal: AbortSignal): Promise<EmailError> {
  const others = mailPorts.filter((port) => port !== server.port);
  const totalMs = server.connectMs === 0 ? probeMs : Math.min(probeMs, server.connectMs);
  const answers = await Promise.all(
    others.map(async (port) => {
      const { kind } = await server.probe(port, { totalMs, listenMs: totalMs / 2 }, signal);
      return (port === 465 ? kind === 'tls' : kind === 'smtp') ? port : undefined;
    }),
  );
  const open = answers.filter((port) => port !== undefined);
  const [best] = open;
  if (best === undefined) return error;
  const blocked =
    server.port === 25 && error.code === 'ERR_TIMEOUT'
      ? 'Port 25 is blocked, as in many networks.'
      : `Port ${server.port} does not answer.`;
  return withDetails(error, {
    remedy:
      `${blocked} The host accepts mail on port ${open.join(' and ')}: set server.port to ${best} and ` +
      `server.security to '${best === 465 ? 'implicit' : 'explicit'}'.`,
  });
}

/** TLS failed, perhaps because the port starts in plain text. Its first line shows which service it is. */
async function withPlainGreeting(error: EmailError, server: TestedServer, signal: AbortSignal): Promise<EmailError> {
  if (!answeredInPlainText(error) && !endedByNetwork(error)) return error;
  const answer = await server.probe(server.port, { totalMs: probeMs, listenMs: 1_000 }, signal);
  if (answer.kind === 'smtp')
    return withDetails(error, {
      remedy:
        `The server greets in plain text on this port ("${answer.text}"): set server.security to 'explicit' for ` +
        'STARTTLS, or use port 465.',
    });
  if (answer.kind === 'http' || answer.kind === 'other')
    return withDetails(error, { remedy: `This is not a mail server: ${describe(answer)}. ${otherService}` });
  return error;
}

/** A date and time as in greetings of servers (RFC 5322 section 3.3), with or without the day of the week. */
const greetingDate =
  /\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d(?::\d\d)? ?(?:[+-]\d{4}|GMT|UTC?)/;

/**
 * Compares the clock of this machine with the date in the server's greeting. Returns a sentence if they differ by more
 * than a day.
 */
function clockProblem(greeting: string | undefined, now: Date): string | undefined {
  const found = greetingDate.exec(greeting ?? '')?.[0];
  const theirs = found === undefined ? NaN : Date.parse(found);
  if (!(Math.abs(theirs - now.getTime()) > 86_400_000)) return undefined;
  return (
    `The clock of this machine looks wrong: it says ${now.toISOString()}, and the server ` +
    `says ${new Date(theirs).toISOString()}. Set it first.`
  );
}

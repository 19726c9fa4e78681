/**
 * `testConnection()`: opens and ends one connection and reports everything on the way. If a step fails or the server is
 * silent, further connections look for the cause.
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import { onAbort } from '../async/on-abort.js';
import type { ConnectionLogEvent, ConnectionObserver, SmtpConnection } from '../connection/contract.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { Warning } from '../model/reply.js';
import type { ConnectionReport, ConnectionStepReport } from '../model/report.js';
import { showText } from '../util/show.js';
import { createConnectionReport } from './connection-report.js';
import { diagnose, explainSilence, patienceOf, type TestedServer } from './diagnosis.js';

export async function testConnection(
  open: (signal: AbortSignal, observer: ConnectionObserver) => Promise<SmtpConnection>,
  server: TestedServer,
  signal: AbortSignal,
): Promise<ConnectionReport> {
  if (signal.aborted) throw abortError(signal);
  const steps: ConnectionStepReport[] = [];
  const transcript: string[] = [];
  const warnings: Warning[] = [];
  let found: Pick<SmtpConnection, 'extensions' | 'tls'> = { extensions: new Map(), tls: undefined };
  const opening = createAbortController();
  const stopListening = onAbort(signal, () => opening.abort(signal.reason));
  const silence = new SilenceWatch(server, opening);
  const observer: ConnectionObserver = {
    step: (step) => {
      steps.push(step);
      silence.heard(step);
    },
    found: (latest) => (found = latest),
    event: (event) => {
      if (event.type === 'warning') warnings.push(event.warning);
      else transcript.push(...transcriptLines(event));
    },
  };
  const start = performance.now();
  try {
    const connection = await open(opening.signal, observer);
    const { extensions, mechanism, tls } = connection;
    const ending = performance.now();
    const refusal = await connection.quit();
    const durationMs = Math.round(performance.now() - ending);
    if (refusal !== undefined) steps.push({ ...failedStep(refusal, durationMs), name: 'quit' });
    else steps.push({ name: 'quit', ok: true, durationMs, detail: 'closed' });
    if (!server.authenticates && extensions.has('AUTH')) warnings.push(mayWantAuthentication(extensions.get('AUTH')));
    return createConnectionReport({
      ok: refusal === undefined,
      steps,
      extensions,
      transcript,
      warnings,
      mechanism,
      tls,
    });
  } catch (cause) {
    const error = isEmailError(cause)
      ? cause
      : createEmailError('ERR_CONNECT', reasonOf(cause), { cause, phase: 'connect' });
    if (signal.aborted || error.code === 'ERR_ABORTED' || error.code === 'ERR_CLOSED') throw abortError(signal);
    if (error.code === 'ERR_PROFILE_INVALID') throw error;
    const greeting = steps.find(({ name, ok }) => name === 'greeting' && ok)?.detail;
    const explained = await diagnose(error, server, { greeting, now: new Date() }, signal);
    if (signal.aborted) throw abortError(signal);
    // A failure between two steps becomes a step of its own, so that every report contains the step that ended it.
    const at = steps.findLastIndex((step) => step.error?.message === error.message);
    const failed = steps[at];
    if (failed === undefined) steps.push(failedStep(explained, Math.round(performance.now() - start)));
    else steps[at] = { ...failed, error: explained, remedy: explained.remedy };
    return createConnectionReport({ ok: false, steps, ...found, transcript, warnings, mechanism: undefined });
  } finally {
    silence.stop();
    stopListening();
  }
}

/** Probes a port that stays silent while the greeting is awaited, and ends the wait if it finds the reason. */
class SilenceWatch {
  readonly #server: TestedServer;
  readonly #opening: AbortController;
  readonly #stopped = createAbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(server: TestedServer, opening: AbortController) {
    this.#server = server;
    this.#opening = opening;
  }

  /**
   * The watch starts with the first established connection and ends with the greeting. Meanwhile a TLS attempt of
   * 'automatic' may fail.
   */
  heard({ name, ok }: ConnectionStepReport): void {
    if (name === 'greeting') return this.stop();
    if (!ok || name !== 'connect' || this.#server.security === 'implicit') return;
    this.#timer ??= setTimeout(() => void this.#look(), patienceOf(this.#server));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  async #look(): Promise<void> {
    const reason = await explainSilence(this.#server, this.#stopped.signal);
    if (reason !== undefined && !this.#stopped.signal.aborted) this.#opening.abort(reason);
  }
}

function mayWantAuthentication(offered: readonly string[] = []): Warning {
  return {
    code: 'WARN_NO_AUTHENTICATION',
    message:
      `The server offers AUTH (${showText(offered.join(' '), 200)}) and the profile has no authentication: the ` +
      'server may refuse mail with 530. Set authentication, unless the server accepts mail from this machine ' +
      'without it.',
  };
}

function failedStep(error: ReturnType<typeof createEmailError>, durationMs: number): ConnectionStepReport {
  const phase = error.phase ?? 'connect';
  const name = phase === 'transaction' || phase === 'content' || phase === 'acceptance' ? 'connect' : phase;
  return { name, ok: false, durationMs, detail: error.message, error, remedy: error.remedy };
}

/** Lines with `C:` and `S:`, as in the RFCs. */
function transcriptLines(event: ConnectionLogEvent): string[] {
  if (event.type === 'command') return [`C: ${showText(event.display)}`];
  if (event.type !== 'reply') return [];
  const { code, enhancedCode, lines } = event.reply;
  const enhanced = enhancedCode === undefined ? '' : `${enhancedCode} `;
  return lines.map((line, i) => `S: ${code}${i < lines.length - 1 ? '-' : ' '}${enhanced}${showText(line)}`);
}

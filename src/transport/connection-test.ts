/** `testConnection()`: one connection, opened and ended, and everything that was seen on the way. */
import type { ConnectionLogEvent, ConnectionObserver, SmtpConnection } from '../connection/contract.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { ConnectionReport, ConnectionStepReport } from '../model/report.js';
import type { Warning } from '../model/reply.js';
import { showText } from '../util/show.js';
import { createConnectionReport } from './connection-report.js';

export async function testConnection(
  open: (signal: AbortSignal, observer: ConnectionObserver) => Promise<SmtpConnection>,
  signal: AbortSignal,
): Promise<ConnectionReport> {
  if (signal.aborted) throw abortError(signal);
  const steps: ConnectionStepReport[] = [];
  const transcript: string[] = [];
  const warnings: Warning[] = [];
  let found: Pick<SmtpConnection, 'extensions' | 'tls'> = { extensions: new Map(), tls: undefined };
  const observer: ConnectionObserver = {
    step: (step) => void steps.push(step),
    found: (latest) => (found = latest),
    event: (event) => {
      if (event.type === 'warning') warnings.push(event.warning);
      else transcript.push(...transcriptLines(event));
    },
  };
  const start = performance.now();
  let connection: SmtpConnection;
  try {
    connection = await open(signal, observer);
  } catch (cause) {
    const error = isEmailError(cause)
      ? cause
      : createEmailError('ERR_CONNECT', reasonOf(cause), { cause, phase: 'connect' });
    if (signal.aborted || error.code === 'ERR_ABORTED' || error.code === 'ERR_CLOSED') throw abortError(signal);
    if (error.code === 'ERR_PROFILE_INVALID') throw error;
    // A failure between two steps is a step of its own: each report has the one that ended it.
    if (!steps.some((step) => step.error?.message === error.message))
      steps.push(failedStep(error, performance.now() - start));
    return createConnectionReport({ ok: false, steps, ...found, transcript, warnings, mechanism: undefined });
  }
  const { extensions, mechanism, tls } = connection;
  const ending = performance.now();
  const refusal = await connection.quit();
  const durationMs = performance.now() - ending;
  if (refusal !== undefined) steps.push({ ...failedStep(refusal, durationMs), name: 'quit' });
  else steps.push({ name: 'quit', ok: true, durationMs, detail: 'closed' });
  return createConnectionReport({ ok: refusal === undefined, steps, extensions, transcript, warnings, mechanism, tls });
}

function failedStep(error: ReturnType<typeof createEmailError>, durationMs: number): ConnectionStepReport {
  const phase = error.phase ?? 'connect';
  const name = phase === 'transaction' || phase === 'content' || phase === 'acceptance' ? 'connect' : phase;
  return { name, ok: false, durationMs, detail: error.message, error, remedy: error.remedy };
}

/** `C:` and `S:` as in the RFCs. */
function transcriptLines(event: ConnectionLogEvent): string[] {
  if (event.type === 'command') return [`C: ${showText(event.display)}`];
  if (event.type !== 'reply') return [];
  const { code, enhancedCode, lines } = event.reply;
  const enhanced = enhancedCode === undefined ? '' : `${enhancedCode} `;
  return lines.map((line, i) => `S: ${code}${i < lines.length - 1 ? '-' : ' '}${enhanced}${showText(line)}`);
}

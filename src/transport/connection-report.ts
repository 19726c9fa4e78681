/** The report of `testConnection()`, for programs and, by toString(), for people. */
import type { ConnectionReport, ConnectionStepReport, TlsReport } from '../model/report.js';
import type { Warning } from '../model/reply.js';

/** What a test gathered. */
export interface TestFindings {
  readonly steps: readonly ConnectionStepReport[];
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  readonly transcript: readonly string[];
  readonly warnings: readonly Warning[];
  readonly mechanism: string | undefined;
  readonly tls: TlsReport | undefined;
}

export function createConnectionReport(findings: TestFindings): ConnectionReport {
  const { steps, extensions, transcript, warnings, mechanism, tls } = findings;
  const size = Number(extensions.get('SIZE')?.[0] ?? 0);
  return {
    ok: steps.every((step) => step.ok),
    steps,
    extensions: Object.assign(Object.create(null) as Record<string, readonly string[]>, Object.fromEntries(extensions)),
    transcript,
    warnings,
    mechanism,
    tls,
    maxMessageBytes: Number.isSafeInteger(size) && size > 0 ? size : undefined,
    toString: () => reportText(steps, warnings),
  };
}

function reportText(steps: readonly ConnectionStepReport[], warnings: readonly Warning[]): string {
  const lines = steps.flatMap((step) => {
    const mark = step.ok ? 'ok  ' : 'FAIL';
    const line = `${mark} ${step.name.padEnd(12)} ${String(Math.round(step.durationMs)).padStart(6)} ms  ${step.detail}`;
    const cause = step.error ? [`     ${step.error.message}`] : [];
    const remedy = step.remedy ? [`     -> ${step.remedy}`] : [];
    return [line, ...cause, ...remedy];
  });
  return [...lines, ...warnings.map(({ code, message }) => `warn ${code}: ${message}`)].join('\n');
}

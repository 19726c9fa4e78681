/** The report of `testConnection()`, for programs and, by toString(), for people. */
import type { ConnectionReport, ConnectionStepReport, TlsReport } from '../model/report.js';
import type { Warning } from '../model/reply.js';

/** What a test gathered. */
export interface TestFindings {
  readonly ok: boolean;
  readonly steps: readonly ConnectionStepReport[];
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  readonly transcript: readonly string[];
  readonly warnings: readonly Warning[];
  readonly mechanism: string | undefined;
  readonly tls: TlsReport | undefined;
}

export function createConnectionReport(findings: TestFindings): ConnectionReport {
  const { ok, steps, extensions, transcript, warnings, mechanism, tls } = findings;
  const size = Number(extensions.get('SIZE')?.[0] ?? 0);
  return {
    ok,
    steps,
    extensions: Object.assign(Object.create(null) as Record<string, readonly string[]>, Object.fromEntries(extensions)),
    transcript,
    warnings,
    mechanism,
    tls,
    maxMessageBytes: Number.isSafeInteger(size) && size > 0 ? size : undefined,
    toString: () => reportText(ok, steps, warnings),
  };
}

/** Where the connection came about all the same, there is nothing to be done about a step that failed. */
function reportText(ok: boolean, steps: readonly ConnectionStepReport[], warnings: readonly Warning[]): string {
  const lines = steps.flatMap(({ ok: passed, name, durationMs, detail, error, remedy }) => {
    const mark = passed ? 'ok  ' : ok ? '--  ' : 'FAIL';
    const text = [`${mark} ${name.padEnd(12)} ${String(Math.round(durationMs)).padStart(6)} ms  ${detail}`];
    if (passed || ok) return text;
    if (error && !detail.endsWith(error.message)) text.push(`     ${error.message}`);
    if (remedy) text.push(`     -> ${remedy}`);
    return text;
  });
  return [...lines, ...warnings.map(({ code, message }) => `warn ${code}: ${message}`)].join('\n');
}

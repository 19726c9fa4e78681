/**
 * The report of `testConnection()`: an object for programs, toJSON() for forms, and toString() for people.
 * @module
 */
import type { Warning } from '../model/reply.js';
import type { ConnectionReport, ConnectionStepReport, TlsReport } from '../model/report.js';

/** The results of a test. */
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
  const report = {
    ok,
    steps,
    extensions: Object.assign(Object.create(null), Object.fromEntries(extensions)),
    transcript,
    warnings,
    mechanism,
    tls,
    maxMessageBytes: Number.isSafeInteger(size) && size > 0 ? size : undefined,
  };
  return { ...report, toString: () => reportText(report), toJSON: () => reportData(report) };
}

/** The report of a transport that has nothing to test. */
export function emptyReport(): ConnectionReport {
  const report = createConnectionReport({
    ok: true,
    steps: [],
    extensions: new Map(),
    transcript: [],
    warnings: [],
    mechanism: undefined,
    tls: undefined,
  });
  return { ...report, toString: () => 'The transport has nothing to test.' };
}

type ReportData = Omit<ConnectionReport, 'toString' | 'toJSON'>;

/** Plain data: errors by their own toJSON(). */
function reportData(report: ReportData): object {
  return {
    ...report,
    steps: report.steps.map((step) => ({
      ...step,
      error: step.error?.toJSON(),
    })),
  };
}

/** If the connection succeeded anyway, a failed step needs no remedy. */
function reportText({ ok, steps, warnings, maxMessageBytes }: ReportData): string {
  const lines = steps.flatMap(({ ok: passed, name, durationMs, detail, error, remedy }) => {
    const mark = passed ? 'ok  ' : ok ? '--  ' : 'FAIL';
    const text = [`${mark} ${name.padEnd(12)} ${String(Math.round(durationMs)).padStart(6)} ms  ${detail}`];
    if (passed || ok) return text;
    if (error && !detail.endsWith(error.message)) text.push(`     ${error.message}`);
    if (remedy) text.push(`     -> ${remedy}`);
    return text;
  });
  if (ok && maxMessageBytes !== undefined)
    lines.push(`size limit of the server: ${maxMessageBytes} octets per message`);
  return [...lines, ...warnings.map(({ code, message }) => `warn ${code}: ${message}`)].join('\n');
}

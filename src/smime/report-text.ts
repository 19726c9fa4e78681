/**
 * The report of `testSigning()` or `testEncryption()`: an object for programs, toString() for people.
 * @module
 */
import type { SmimeProblem, SmimeReport } from '../model/report.js';
import { showText } from '../util/show.js';

/** Makes the report. It is ok if no problem is an error and no certificate is missing. */
export function createSmimeReport(
  certificates: SmimeReport['certificates'],
  missing: readonly string[],
  problems: readonly SmimeProblem[],
): SmimeReport {
  const ok = missing.length === 0 && problems.every(({ severity }) => severity !== 'error');
  const report = { ok, certificates, missing, problems };
  // Not enumerable, so that comparing, copying and showing a report leaves it out.
  return Object.defineProperty(report, 'toString', { value: () => reportText(report) });
}

function reportText({ ok, certificates, missing, problems }: Omit<SmimeReport, 'toString'>): string {
  const lines = certificates.map(({ subject, emails, validTo, fingerprint }) => {
    const names = emails.length === 0 ? 'no address' : emails.join(', ');
    return `cert ${showText(subject)} (${showText(names)}), until ${validTo.toISOString().slice(0, 10)}, SHA-256 ${fingerprint}`;
  });
  for (const { severity, code, message, remedy } of problems) {
    lines.push(`${severity === 'error' ? 'FAIL' : 'warn'} ${code}: ${message}`);
    if (remedy !== undefined) lines.push(`     -> ${remedy}`);
  }
  if (missing.length > 0) lines.push(`without a usable certificate: ${showText(missing.join(', '))}`);
  return [...lines, ok ? 'ok' : 'not ok'].join('\n');
}

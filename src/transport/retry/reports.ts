/**
 * One connection report of several servers.
 * @module
 */
import type { ConnectionReport } from '../../model/report.js';
import { emptyReport } from '../connection-report.js';

/** The report of one server as it is; several are put together. */
export function reportOfServers(
  tested: readonly { readonly name: string | undefined; readonly report: ConnectionReport }[],
): ConnectionReport {
  const [first] = tested;
  if (first === undefined) return emptyReport();
  if (tested.length === 1) return first.report;
  const servers = tested.map(({ name, report }) => named(report, name));
  const { extensions, mechanism, tls, maxMessageBytes } = first.report;
  const report = {
    ok: servers.every(({ ok }) => ok),
    steps: servers.flatMap(({ steps }) => steps),
    extensions,
    transcript: servers.flatMap(({ transcript }) => transcript),
    warnings: servers.flatMap(({ warnings }) => warnings),
    mechanism,
    tls,
    maxMessageBytes,
    server: undefined,
    servers,
  };
  return {
    ...report,
    toString: () => servers.map((each) => `${each.server}\n${String(each)}`).join('\n\n'),
    toJSON: () => ({
      ...report,
      steps: report.steps.map((step) => ({ ...step, error: step.error?.toJSON() })),
      servers: servers.map((each) => each.toJSON()),
    }),
  };
}

function named(report: ConnectionReport, server: string | undefined): ConnectionReport {
  return {
    ...report,
    server,
    toString: () => report.toString(),
    toJSON: () => ({ server, ...report.toJSON() }),
  };
}

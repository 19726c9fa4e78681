/**
 * Helpers shared by the library's own connectors, and their options.
 * @module
 */
import type { Duplex } from 'node:stream';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { ConnectionStep } from '../model/error.js';
import type { Connector } from '../model/settings/proxy.js';
import type { ConnectionStepReport } from '../model/report.js';

/** Options of the library's own connectors. Connectors of the caller only use `signal`. */
export interface ConnectOptions {
  readonly signal: AbortSignal;
  /** Called at the end of each step ('resolve', 'connect', 'proxy'), even a failed one. */
  readonly onStep?: ((step: ConnectionStepReport) => void) | undefined;
  /** Wraps each step, to trace its beginning and end. */
  readonly traceStep?: StepTracer | undefined;
}

/** Runs a step of a connection that is being opened. */
export type StepTracer = <T>(step: ConnectionStep, run: () => Promise<T>) => Promise<T>;

/** A connector of the library. */
export interface OwnConnector extends Connector {
  connect(target: { readonly host: string; readonly port: number }, options: ConnectOptions): Promise<Duplex>;
}

/** A connector of the caller. Its result is checked: a value that is not a stream is ERR_CONNECT. */
export function foreignConnector(connector: Connector): Connector {
  return {
    connect: async (target, options) => {
      const stream: unknown = await connector.connect(target, options);
      if (isDuplex(stream)) return stream;
      throw createEmailError('ERR_CONNECT', 'The connector returned no stream.', {
        phase: 'connect',
        remedy: 'connect() of the custom connector must resolve with a connected Duplex.',
      });
    },
  };
}

function isDuplex(value: unknown): value is Duplex {
  if (typeof value !== 'object' || value === null) return false;
  const { on, write, destroy } = value as Partial<Duplex>;
  return typeof on === 'function' && typeof write === 'function' && typeof destroy === 'function';
}

/** Runs a step, times it and reports it with the text of `detail`. Its error is rethrown. */
export function reportStep<T>(
  name: ConnectionStep,
  run: () => Promise<T>,
  detail: (value: T) => string,
  { onStep, traceStep }: Pick<ConnectOptions, 'onStep' | 'traceStep'>,
): Promise<T> {
  const traced = traceStep === undefined ? run : () => traceStep(name, run);
  return onStep === undefined ? traced() : reported(name, traced, detail, onStep);
}

/** Whole milliseconds since `start`. */
function elapsed(start: number): number {
  return Math.round(performance.now() - start);
}

type Reporting = NonNullable<ConnectOptions['onStep']>;

async function reported<T>(
  name: ConnectionStep,
  run: () => Promise<T>,
  detail: (value: T) => string,
  onStep: Reporting,
): Promise<T> {
  const start = performance.now();
  try {
    const value = await run();
    onStep({ name, ok: true, durationMs: elapsed(start), detail: detail(value) });
    return value;
  } catch (cause) {
    const error = isEmailError(cause)
      ? cause
      : createEmailError('ERR_CONNECT', reasonOf(cause), { cause, phase: name });
    onStep({
      name,
      ok: false,
      durationMs: elapsed(start),
      detail: error.message,
      error,
      remedy: error.remedy,
    });
    throw cause;
  }
}

/** `host:port` with IPv6 addresses in brackets. */
export function showTarget(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

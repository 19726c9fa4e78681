/**
 * OpenTelemetry for sealpost: spans for sends, connections and commands, and metrics with MailKit's names. It
 * subscribes to the channels of `node:diagnostics_channel`, so the library itself needs no dependency. No attribute
 * contains an address, a subject, a Message-ID or a text of a server.
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';

/**
 * Commands without a span of their own. Each takes one round trip at most, which it shares with others if the server
 * offers PIPELINING.
 */
const quietVerbs = new Set([
  'EHLO',
  'LHLO',
  'HELO',
  'STARTTLS',
  'AUTH',
  'MAIL',
  'RCPT',
  'DATA',
  'RSET',
  'NOOP',
  'QUIT',
]);

/**
 * Starts tracing. Call it before mailers open connections; the returned function stops it. With `quiet: false` every
 * command has a span.
 *
 * @param {{ tracer?: import('@opentelemetry/api').Tracer, meter?: import('@opentelemetry/api').Meter, quiet?: boolean }} [options]
 */
export function instrumentSealpost({ tracer = trace.getTracer('sealpost'), meter, quiet = true } = {}) {
  /** The context of the surrounding span. It is preserved while a send waits in the queue of the pool. */
  const current = new AsyncLocalStorage();
  const record = meter ? metrics(meter) : undefined;
  const stops = [
    watch('send', {
      name: () => 'send',
      kind: SpanKind.CLIENT,
      attributes: ({ profile }) => ({ 'sealpost.profile': profile }),
      end: ({ accepted, rejected, bytes }) => ({
        'sealpost.recipients.accepted': accepted,
        'sealpost.recipients.rejected': rejected,
        'sealpost.content.bytes': bytes,
      }),
      operation: () => 'send',
    }),
    watch('connection', {
      name: ({ step }) => step ?? 'open connection',
      kind: SpanKind.CLIENT,
      attributes: ({ connection }) => ({ 'sealpost.connection': connection }),
      end: ({ mechanism, tls }) => ({ 'sealpost.mechanism': mechanism, 'tls.protocol.version': tls }),
      operation: ({ step }) => (step === 'connect' || step === 'authenticate' ? step : undefined),
    }),
    watch('command', {
      name: ({ verb }) => (verb === 'BDAT' ? 'content' : verb),
      kind: SpanKind.CLIENT,
      attributes: ({ connection }) => ({ 'sealpost.connection': connection }),
      end: ({ code, enhancedCode, bytes }) => ({
        'smtp.response.code': code,
        'smtp.response.enhanced_code': enhancedCode,
        'sealpost.content.bytes': bytes || undefined,
      }),
      isQuiet: ({ verb }) => quiet && quietVerbs.has(verb),
      operation: () => undefined,
    }),
  ];

  function watch(channel, { name, kind, attributes, end, operation, isQuiet = () => false }) {
    const channels = tracingChannel(`sealpost:${channel}`);
    const spans = new WeakMap();
    channels.start.bindStore(current, (data) => {
      const parent = current.getStore() ?? context.active();
      if (isQuiet(data)) return parent;
      const server = { 'server.address': data.server, 'server.port': data.port };
      const span = tracer.startSpan(name(data), { kind, attributes: { ...server, ...attributes(data) } }, parent);
      spans.set(data, { span, startedAt: performance.now() });
      return trace.setSpan(parent, span);
    });
    const subscribers = {
      asyncEnd(data) {
        const started = spans.get(data);
        if (started === undefined) return;
        const { span, startedAt } = started;
        span.setAttributes(end(data));
        if (data.error !== undefined) {
          // The error's message may name recipients, so it is left out.
          const type = errorType(data.error);
          span.setAttribute('error.type', type);
          span.setStatus({ code: SpanStatusCode.ERROR, message: type });
        }
        span.end();
        record?.(operation(data), data, performance.now() - startedAt);
      },
    };
    channels.subscribe(subscribers);
    return () => {
      channels.unsubscribe(subscribers);
      channels.start.unbindStore(current);
    };
  }
  return () => {
    for (const stop of stops) stop();
  };
}

/** The code of the reply, as MailKit reports it, otherwise the code of the error. */
function errorType(error) {
  const code = error?.reply?.code ?? error?.code;
  return code === undefined ? 'unknown' : String(code);
}

/** Metrics with the names of https://github.com/jstedfast/MailKit/blob/master/Telemetry.md. */
function metrics(meter) {
  const connects = meter.createCounter('mailkit.net.socket.connect.count', {
    unit: '{attempt}',
    description: 'The number of times a socket attempted to connect to a remote host.',
  });
  const connectTimes = meter.createHistogram('mailkit.net.socket.connect.duration', {
    unit: 'ms',
    description: 'The number of milliseconds taken for a socket to connect to a remote host.',
  });
  const operations = meter.createCounter('mailkit.net.smtp.client.operation.count', {
    unit: '{operation}',
    description: 'The number of times a client performed an operation on an SMTP server.',
  });
  const operationTimes = meter.createHistogram('mailkit.net.smtp.client.operation.duration', {
    unit: 'ms',
    description: 'The amount of time it takes for the SMTP server to perform an operation.',
  });
  return (operation, { server, port, error }, durationMs) => {
    if (operation === undefined) return;
    const attributes = {
      'server.address': server,
      'server.port': port,
      ...(error === undefined ? {} : { 'error.type': errorType(error) }),
    };
    if (operation === 'connect') {
      connects.add(1, attributes);
      connectTimes.record(durationMs, attributes);
    }
    const ofOperation = { ...attributes, 'network.operation': operation };
    operations.add(1, ofOperation);
    operationTimes.record(durationMs, ofOperation);
  };
}

/** Gauges from `mailer.stats()`. `name` distinguishes several mailers. */
export function observeMailer(meter, mailer, name) {
  const gauges = {
    'sealpost.connections.open': ({ connections }) => connections.open,
    'sealpost.connections.idle': ({ connections }) => connections.idle,
    'sealpost.messages.waiting': ({ waiting }) => waiting,
    'sealpost.messages.in_flight': ({ inFlight }) => inFlight,
  };
  for (const [gauge, value] of Object.entries(gauges))
    meter
      .createObservableGauge(gauge)
      .addCallback((result) => result.observe(value(mailer.stats()), { 'sealpost.profile': name }));
}

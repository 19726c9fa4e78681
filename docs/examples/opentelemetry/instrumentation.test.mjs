/**
 * The instrumentation with the real SDK and an embedded server.
 * @module
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';
import { instrumentSealpost, observeMailer } from './instrumentation.mjs';

const spans = new InMemorySpanExporter();
const measurements = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
let provider;
let meters;
let stop;
before(() => {
  provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  provider.register();
  meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: measurements, exportIntervalMillis: 2 ** 30 })],
  });
  metrics.setGlobalMeterProvider(meters);
  stop = instrumentSealpost({ meter: metrics.getMeter('sealpost') });
});
after(async () => {
  stop();
  await provider.shutdown();
  await meters.shutdown();
});
beforeEach(() => spans.reset());

const message = { to: ['bob@example.org', 'eve@example.org'], subject: 'a subject', text: 'some text' };
const password = 'correct horse';
const startServer = (options = {}) =>
  TestSmtpServer.start({ security: 'starttls', users: { ann: password }, ...options });
const profileOf = (server, more = {}) => ({
  name: 'office',
  sender: { email: 'ann@example.com' },
  server: { host: server.host, port: server.port, security: 'explicit', tls: { ca: server.ca } },
  authentication: { method: 'plain', username: 'ann', password },
  ...more,
});

/** Names of the spans below this one. */
function tree(root) {
  const below = spans
    .getFinishedSpans()
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === root.spanContext().spanId)
    .sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]);
  return below.length === 0 ? root.name : { [root.name]: below.map(tree) };
}
const roots = () => spans.getFinishedSpans().filter(({ parentSpanContext }) => parentSpanContext === undefined);

describe('spans', () => {
  it('of a send have the connection, its steps and the content below them', async () => {
    const server = await startServer();
    const mailer = createMailer(profileOf(server));
    await trace.getTracer('program').startActiveSpan('payroll', async (span) => {
      await mailer.send(message);
      await mailer.send(message);
      span.end();
    });
    await mailer.close();
    await server.close();
    const opening = {
      'open connection': ['resolve', 'connect', 'greeting', 'ehlo', 'starttls', 'tls', 'ehlo', 'authenticate'],
    };
    assert.deepEqual(roots().map(tree), [{ payroll: [{ send: [opening, 'content'] }, { send: ['content'] }] }]);
    const [send] = spans.getFinishedSpans().filter(({ name }) => name === 'send');
    assert.deepEqual(
      { ...send.attributes, 'sealpost.content.bytes': undefined },
      {
        'server.address': server.host,
        'server.port': server.port,
        'sealpost.profile': 'office',
        'sealpost.recipients.accepted': 2,
        'sealpost.recipients.rejected': 0,
        'sealpost.content.bytes': undefined,
      },
    );
    assert.ok(send.attributes['sealpost.content.bytes'] > 100);
  });

  it('are those of their own send, also of many that wait for one connection', async () => {
    const server = await startServer();
    const mailer = createMailer(profileOf(server), { pool: { maxConnections: 1, maxMessagesPerConnection: 2 } });
    const tracer = trace.getTracer('program');
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        tracer.startActiveSpan(`message ${index}`, (span) => mailer.send(message).finally(() => span.end())),
      ),
    );
    await mailer.close();
    await server.close();
    assert.equal(roots().length, 8);
    let openings = 0;
    for (const root of roots()) {
      const [send] = tree(root)[root.name];
      const children = send.send;
      assert.equal(children.at(-1), 'content', `${root.name} has its content`);
      openings += children.length - 1;
    }
    assert.equal(openings, 4);
  });

  it('of a failure have its code, and not its words', async () => {
    const server = await startServer();
    const authentication = { method: 'plain', username: 'ann', password: 'wrong' };
    const mailer = createMailer(profileOf(server, { authentication }));
    await assert.rejects(mailer.send(message));
    await mailer.close();
    await server.close();
    const failed = spans.getFinishedSpans().filter(({ status }) => status.code === 2);
    assert.deepEqual(failed.map(({ name }) => name).sort(), ['authenticate', 'open connection', 'send']);
    for (const { attributes } of failed) assert.equal(attributes['error.type'], '535');
  });

  it('have no address, subject, Message-ID, password or text of the server in them', async () => {
    const server = await startServer({ replies: { RCPT: ['250 ok', '550 5.1.1 eve@example.org is unknown'] } });
    const verbose = instrumentSealpost({ quiet: false });
    const mailer = createMailer(profileOf(server));
    const { messageId } = await mailer.send(message);
    await assert.rejects(mailer.send({ ...message, to: 'not an address' }));
    await mailer.close();
    await server.close();
    verbose();
    const text = JSON.stringify(
      spans
        .getFinishedSpans()
        .map(({ name, attributes, events, status, links }) => [name, attributes, events, status, links]),
    );
    assert.ok(spans.getFinishedSpans().some(({ name }) => name === 'RCPT'));
    for (const word of ['bob', 'eve', 'ann@', 'example.org', 'a subject', messageId, password, 'unknown', 'not an'])
      assert.ok(!text.includes(word), `${word} in ${text}`);
  });
});

describe('metrics', () => {
  it('have the names of MailKit', async () => {
    const server = await startServer();
    const mailer = createMailer(profileOf(server));
    observeMailer(metrics.getMeter('sealpost'), mailer, 'office');
    await mailer.send(message);
    await mailer.send(message);
    await meters.forceFlush();
    const found = new Map(
      measurements
        .getMetrics()
        .at(-1)
        .scopeMetrics.flatMap(({ metrics: all }) => all)
        .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints]),
    );
    const own = (name) => found.get(name).filter(({ attributes }) => attributes['server.port'] === server.port);
    assert.equal(own('mailkit.net.socket.connect.count')[0].value, 1);
    assert.equal(own('mailkit.net.socket.connect.duration')[0].value.count, 1);
    const byOperation = Object.fromEntries(
      own('mailkit.net.smtp.client.operation.count').map(({ attributes, value }) => [
        attributes['network.operation'],
        value,
      ]),
    );
    assert.deepEqual(byOperation, { connect: 1, authenticate: 1, send: 2 });
    assert.ok(own('mailkit.net.smtp.client.operation.duration').every(({ value }) => value.sum >= 0));
    assert.equal(found.get('sealpost.connections.open')[0].value, 1);
    assert.equal(found.get('sealpost.messages.in_flight')[0].value, 0);
    await mailer.close();
    await server.close();
  });
});

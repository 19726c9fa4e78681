/**
 * The transport for nodemailer, called as nodemailer calls it. test/nodemailer has the same with nodemailer itself.
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealpostTransport, type NodemailerError, type SealpostTransport } from '../../../src/nodemailer.js';
import { TestSmtpServer } from '../../../src/testing.js';

let server: TestSmtpServer;
let transport: SealpostTransport;
const profileOf = (envelopeFrom?: string) =>
  ({
    name: 'p',
    sender: { email: 'ann@example.com', envelopeFrom },
    server: { host: server.host, port: server.port, security: 'none' },
  }) as const;
beforeAll(async () => {
  server = await TestSmtpServer.start({ security: 'none' });
  transport = sealpostTransport(profileOf());
});
afterAll(async () => {
  await transport.close();
  await server.close();
});

interface Envelope {
  readonly from?: string | false;
  readonly to?: readonly string[];
}
/** Sends a composed message. Resolves with the error or the info. */
function send(data: object, envelope: Envelope, by = transport): Promise<unknown> {
  const message = {
    getEnvelope: () => envelope,
    messageId: () => '<id@example.com>',
    createReadStream: async function* () {
      yield Buffer.from('Subject: x\r\n\r\nHello\r\n');
    },
  };
  return new Promise((resolve) =>
    by.send({ data, message }, (error: NodemailerError | null, info?: unknown) => resolve(error ?? info)),
  );
}
const lastEnvelope = (): unknown => {
  const { from, to } = server.messages.at(-1)?.envelope ?? {};
  return [from, to?.map(({ address }) => address)];
};
const to = ['bob@example.org'];

test('sends the octets to the envelope of nodemailer', async () => {
  expect(await send({}, { from: 'a@example.com', to })).toMatchObject({
    messageId: '<id@example.com>',
    accepted: to,
    envelope: { from: 'a@example.com', to },
  });
  expect(Buffer.from(server.messages.at(-1)?.content ?? []).toString()).toBe('Subject: x\r\n\r\nHello\r\n');
  expect(transport.isIdle()).toBe(true);
});

test.each<[Envelope, object, string]>([
  [{ from: false, to }, {}, ''],
  [{ to }, {}, ''],
  [{ from: 'a@example.com', to }, { envelope: { from: 'a@example.com' } }, 'a@example.com'],
])('the reverse path of %j', async (envelope, data, expected) => {
  expect(await send(data, envelope)).not.toBeInstanceOf(Error);
  expect(lastEnvelope()).toEqual([expected, to]);
});

test('envelopeFrom of the profile wins over from, and not over an envelope of the message', async () => {
  const bounces = sealpostTransport(profileOf('bounces@example.com'));
  await send({}, { from: 'a@example.com', to }, bounces);
  expect(lastEnvelope()).toEqual(['bounces@example.com', to]);
  await send({ envelope: {} }, { from: 'a@example.com', to }, bounces);
  expect(lastEnvelope()).toEqual(['a@example.com', to]);
  await bounces.close({ force: true });
});

test('dsn stands in the message or in its envelope', async () => {
  for (const data of [{ dsn: { id: 'i', notify: 'never' } }, { envelope: { dsn: { id: 'i', notify: 'never' } } }]) {
    expect(await send(data, { from: 'a@example.com', to })).not.toBeInstanceOf(Error);
    expect(server.transcript.findLast((line) => line.includes('RCPT TO'))).toContain('NOTIFY=NEVER');
    expect(server.transcript.findLast((line) => line.includes('MAIL FROM'))).toContain('ENVID=i');
  }
});

test.each<[object, Envelope, object]>([
  [{ requireTLSExtensionEnabled: true }, { from: 'a@example.com', to }, { code: 'ETLS' }],
  [{ envelope: { requireTLSExtensionEnabled: true } }, { from: 'a@example.com', to }, { code: 'ETLS' }],
  [{ auth: { user: 'u' } }, { from: 'a@example.com', to }, { cause: { problems: [{ path: 'auth' }] } }],
  [{ dsn: { return: 'x' } }, { from: 'a@example.com', to }, { cause: { problems: [{ path: 'dsn.return' }] } }],
  [{ signal: AbortSignal.abort() }, { from: 'a@example.com', to }, { code: 'EABORT' }],
  [{}, { from: 'a@example.com' }, { code: 'EENVELOPE' }],
])('%j is an error', async (data, envelope, error) => {
  const before = server.messages.length;
  expect(await send(data, envelope)).toMatchObject(error);
  expect(server.messages).toHaveLength(before);
});

test('verify tests the connection', async () => {
  expect(await transport.verify()).toBe(true);
  const closed = sealpostTransport({
    ...profileOf(),
    server: { host: server.host, port: server.port, security: 'implicit' },
  });
  const error = await new Promise((resolve) => closed.verify((failure) => resolve(failure)));
  expect(error).toMatchObject({ cause: { code: 'ERR_TLS' } });
  await closed.close();
});

test('pool.maxConnections says when it is idle', async () => {
  const one = sealpostTransport(profileOf(), { pool: { maxConnections: 1 } });
  const sent = send({}, { from: 'a@example.com', to }, one);
  expect(one.isIdle()).toBe(false);
  await sent;
  expect(one.isIdle()).toBe(true);
  await one.close();
});

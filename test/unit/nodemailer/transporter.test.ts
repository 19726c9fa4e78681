/**
 * The object that createTransport returns: its forms of calls, its events, its results and errors.
 * @module
 */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../src/index.js';
import { createTransport } from '../../../src/nodemailer.js';
import type { TransportOptions } from '../../../src/nodemailer.js';
import { TestSmtpServer } from '../../../src/testing.js';

const message = { from: 'ann@example.com', to: 'bob@example.org', text: 'Hello' };

function way({ host, port }: TestSmtpServer): TransportOptions {
  return { host, port, tls: { rejectUnauthorized: false } };
}

test('info has nodemailer’s fields, and the result of sealpost with its warnings', async () => {
  await using server = await TestSmtpServer.start();
  const transporter = createTransport(way(server));
  const { sealpost, ...info } = await transporter.sendMail({ ...message, messageId: '<a@example.com>' });
  expect(info).toEqual({
    messageId: '<a@example.com>',
    envelope: { from: 'ann@example.com', to: ['bob@example.org'] },
    accepted: ['bob@example.org'],
    rejected: [],
    pending: [],
    response: '250 2.0.0 OK',
    messageSize: server.messages[0]?.content.length,
    messageTime: expect.any(Number),
  });
  expect(sealpost.warnings.map(({ code }) => code)).toEqual(['WARN_TLS_UNVERIFIED']);
  await transporter.close();
});

test('an error has the EmailError as its cause, and replies of several lines as they came', async () => {
  await using server = await TestSmtpServer.start({ replies: { MAIL: ['550-5.7.1 not you\r\n550 5.7.1 go away'] } });
  const transporter = createTransport(way(server));
  const error: unknown = await transporter.sendMail(message).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: 'Error',
    code: 'EENVELOPE',
    command: 'MAIL FROM',
    responseCode: 550,
    response: '550-5.7.1 not you\n550 5.7.1 go away',
    permanent: true,
    cause: { code: 'ERR_SMTP_REPLY', delivery: 'not-delivered' },
  });
  expect(isEmailError((error as Error).cause)).toBe(true);
  await transporter.close();
});

describe('codes', () => {
  test.each([
    ['ETIMEDOUT', { faults: [{ at: 'greeting', do: 'silence' }] }, { greetingTimeout: 200 }],
    ['ECONNECTION', { faults: [{ at: 'MAIL', do: 'drop' }] }, {}],
    ['EPROTOCOL', { replies: { GREETING: ['554 5.3.2 closed'] } }, {}],
    ['EMESSAGE', { extensions: ['SIZE 10'] }, {}],
    ['EENVELOPE', { replies: { DATA: ['451 4.3.0 later'] }, extensions: [] }, {}],
    ['EAUTH', {}, { auth: { user: 'u', pass: 'secret' } }],
    ['ETLS', { security: 'none' }, { requireTLS: true }],
  ] as const)('%s', async (code, options, more) => {
    await using server = await TestSmtpServer.start(options);
    const transporter = createTransport({ ...way(server), ...more });
    await expect(transporter.sendMail(message)).rejects.toMatchObject({ code });
    await transporter.close();
  });

  test('EDNS for a host that does not exist', async () => {
    const transporter = createTransport({ host: 'no-such-host.invalid', port: 25 });
    await expect(transporter.sendMail(message)).rejects.toMatchObject({ code: 'EDNS', command: 'CONN' });
    await transporter.close();
  });

  test('EABORT by a signal, with the name AbortError', async () => {
    await using server = await TestSmtpServer.start();
    const transporter = createTransport(way(server));
    const signal = AbortSignal.abort();
    await expect(transporter.sendMail({ ...message, signal })).rejects.toMatchObject({
      code: 'EABORT',
      name: 'AbortError',
    });
    await transporter.close();
  });

  test('ECONNECTION after close()', async () => {
    await using server = await TestSmtpServer.start();
    const transporter = createTransport(way(server));
    await transporter.close();
    await expect(transporter.sendMail(message)).rejects.toMatchObject({ code: 'ECONNECTION' });
  });
});

test('callbacks get an error or null and the result', async () => {
  await using server = await TestSmtpServer.start({ replies: { RCPT: ['550 5.1.1 no'] } });
  const transporter = createTransport(way(server));
  const call = () =>
    new Promise<unknown[]>((resolve) => {
      expect(transporter.sendMail(message, (...args) => resolve(args))).toBeUndefined();
    });
  expect(await call()).toEqual([expect.objectContaining({ code: 'EENVELOPE', rejected: ['bob@example.org'] })]);
  expect(await call()).toEqual([null, expect.objectContaining({ accepted: ['bob@example.org'] })]);
  const verified = await new Promise<unknown[]>((resolve) => transporter.verify((...args) => resolve(args)));
  expect(verified).toEqual([null, true]);
  await transporter.close();
});

test('verify rejects with the error of the step that failed', async () => {
  await using server = await TestSmtpServer.start();
  const transporter = createTransport({ host: server.host, port: server.port });
  await expect(transporter.verify()).rejects.toMatchObject({ code: 'ESOCKET', cause: { code: 'ERR_TLS' } });
  await transporter.close();
});

test('a pool says when it is idle, and the usual loop sends all', async () => {
  await using server = await TestSmtpServer.start();
  const transporter = createTransport({ ...way(server), pool: true, maxConnections: 2 });
  const waiting = Array.from({ length: 7 }, (_, i) => ({ ...message, subject: `${i}` }));
  const sends: Promise<unknown>[] = [];
  transporter.on('idle', () => {
    for (let next = waiting.shift(); next !== undefined; next = transporter.isIdle() ? waiting.shift() : undefined)
      sends.push(transporter.sendMail(next));
  });
  await once(transporter, 'idle');
  while (waiting.length > 0) await once(transporter, 'idle');
  await Promise.all(sends);
  await transporter.close();
  expect(server.messages.map(({ subject }) => subject).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
});

test('without a pool each message has a connection of its own', async () => {
  await using server = await TestSmtpServer.start();
  const transporter = createTransport(way(server));
  await transporter.sendMail(message);
  await transporter.sendMail(message);
  await transporter.close();
  expect(server.transcript.filter((line) => /C: STARTTLS/.test(line))).toHaveLength(2);
});

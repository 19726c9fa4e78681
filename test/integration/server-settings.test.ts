/**
 * `server.maxRecipients` and `server.ignoreExtensions`, from the profile to the wire.
 * @module
 */
import { afterEach, describe, expect, test } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type { OutgoingServer } from '../../src/index.js';
import { TestSmtpServer, type TestSmtpServerOptions } from '../../src/testing.js';
import { failure } from '../support/engine.js';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function setUp(settings: Partial<OutgoingServer>, options: TestSmtpServerOptions = {}) {
  const smtp = await TestSmtpServer.start(options);
  const server = { host: smtp.host, port: smtp.port, tls: { ca: smtp.ca }, ...settings };
  const mailer = createMailer({ name: 'p', sender: { email: 'a@example.com' }, server });
  open.push(
    () => smtp.close(),
    () => mailer.close({ force: true }),
  );
  return { smtp, mailer };
}

const verbs = (smtp: TestSmtpServer): readonly string[] =>
  smtp.transcript.flatMap((line) => /C: (MAIL|RCPT|DATA|BDAT)/.exec(line)?.[1] ?? []);

describe('server.maxRecipients', () => {
  const to = Array.from({ length: 7 }, (_, n) => `r${n}@example.org`);

  test.each([['CHUNKING', 'PIPELINING'], ['PIPELINING'], []])(
    'is a transaction for so many, and another for the rest: %s %s',
    async (...extensions) => {
      const { smtp, mailer } = await setUp(
        { maxRecipients: 3 },
        { extensions: extensions.filter(Boolean) as string[] },
      );
      const result = await mailer.send({ to, text: 'hello' });
      expect(smtp.messages.map(({ envelope }) => envelope.to.length)).toEqual([3, 3, 1]);
      expect(result.accepted).toEqual(to);
      expect(result.transactions.map(({ recipients }) => recipients)).toEqual([
        to.slice(0, 3),
        to.slice(3, 6),
        to.slice(6),
      ]);
      expect(new Set(smtp.messages.map(({ content }) => Buffer.from(content).toString())).size).toBe(1);
      expect(result.bytes).toBe(3 * (smtp.messages[0]?.content.length ?? 0));
    },
  );

  test('sends a stream to all, whole', async () => {
    const { smtp, mailer } = await setUp({ maxRecipients: 4 });
    const content = (async function* () {
      for (let i = 0; i < 20; i++) yield Buffer.alloc(10_000, `${i % 10}`);
    })();
    await mailer.send({ to, text: 'x', attachments: [{ filename: 'a.bin', content }] });
    expect(smtp.messages.map(({ content }) => content.length > 200_000)).toEqual([true, true]);
  });

  test('is one transaction where all fit', async () => {
    const { smtp, mailer } = await setUp({ maxRecipients: 7 });
    await mailer.send({ to, text: 'hello' }, { requireAllRecipients: true });
    expect(smtp.messages).toHaveLength(1);
  });

  test('and requireAllRecipients refuse together what does not fit', async () => {
    const { smtp, mailer } = await setUp({ maxRecipients: 6 });
    expect(await failure(mailer.send({ to, text: 'x' }, { requireAllRecipients: true }))).toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
      delivery: 'not-delivered',
    });
    expect(smtp.transcript).toEqual([]);
  });
});

describe('server.ignoreExtensions', () => {
  test.each([
    [['CHUNKING'], ['MAIL', 'RCPT', 'DATA']],
    [
      ['chunking', 'Pipelining'],
      ['MAIL', 'RCPT', 'DATA'],
    ],
    [[], ['MAIL', 'RCPT', 'BDAT']],
    [['X-NOT-OFFERED'], ['MAIL', 'RCPT', 'BDAT']],
  ])('%j: %j', async (ignoreExtensions, expected) => {
    const { smtp, mailer } = await setUp({ ignoreExtensions });
    await mailer.send({ to: 'b@example.org', text: 'hello' });
    expect(verbs(smtp)).toEqual(expected);
    expect(smtp.messages).toHaveLength(1);
  });

  test('hold for each EHLO, under TLS too, and what needs one is refused with its name', async () => {
    const { mailer } = await setUp({ ignoreExtensions: ['smtputf8'], security: 'explicit' });
    const error = await failure(mailer.send({ to: 'grün@example.org', text: 'x' }));
    expect(error).toMatchObject({ code: 'ERR_EXTENSION_MISSING', delivery: 'not-delivered' });
    expect(error.message).toContain('server.ignoreExtensions leaves out SMTPUTF8');
    expect(isEmailError(error) && error.remedy).toContain('remove SMTPUTF8 from server.ignoreExtensions');
  });

  test('are shown by testConnection(), which has the others as the extensions', async () => {
    const { mailer } = await setUp({ ignoreExtensions: ['CHUNKING', 'X-NONE'] }, { extensions: ['CHUNKING', 'SIZE'] });
    const report = await mailer.testConnection();
    expect(report.ok).toBe(true);
    expect(report.extensions).not.toHaveProperty('CHUNKING');
    expect(report.steps.filter(({ name }) => name === 'ehlo').at(-1)?.detail).toMatch(
      /SIZE.*; ignored by server\.ignoreExtensions: CHUNKING$/,
    );
    expect(report.transcript.join('\n')).toContain('CHUNKING');
  });
});

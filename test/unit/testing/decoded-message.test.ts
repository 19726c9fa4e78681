import { describe, expect, it } from 'vitest';
import { createMailer } from '../../../src/index.js';
import type { MailMessage } from '../../../src/index.js';
import { type DecodedMessage, MemoryTransport, TestSmtpServer } from '../../../src/testing.js';

const sender = { email: 'app@example.com' };

async function inMemory(message: MailMessage): Promise<DecodedMessage | undefined> {
  const transport = new MemoryTransport();
  await using mailer = createMailer({ name: 'test', sender, server: { host: 'localhost' } }, { transport });
  await mailer.send(message);
  return transport.sent[0];
}

async function byServer(message: MailMessage): Promise<DecodedMessage> {
  await using server = await TestSmtpServer.start();
  await using mailer = createMailer({ name: 'test', sender, server: server.settings });
  await mailer.send(message);
  return await server.waitForMessage();
}

describe.each([
  ['MemoryTransport', inMemory],
  ['TestSmtpServer', byServer],
])('a message decoded by %s', (_name, send) => {
  it.each([
    ['alone', {}],
    ['beside HTML', { html: '<p>Hello Ann</p>' }],
    ['beside an attachment', { attachments: [{ filename: 'a.txt', content: 'x' }] }],
  ])('has its text as written: %s', async (_what, more) => {
    for (const text of ['Hello Ann', 'Hello Ann\n', 'Grüße\r\nAnn'])
      expect((await send({ to: 'ann@example.com', text, ...more }))?.text).toBe(
        text.replaceAll('\r\n', '\n').replace(/\n$/, ''),
      );
  });

  it('has subject, fields, HTML and attachments', async () => {
    const decoded = await send({
      to: 'ann@example.com',
      subject: 'Grüße',
      text: 'x',
      html: '<p>ü</p>',
      headers: { 'X-Campaign': 'q3' },
      attachments: [{ filename: 'Übersicht.csv', content: 'a;b\n' }],
    });
    expect(decoded).toMatchObject({
      subject: 'Grüße',
      headers: { 'x-campaign': ['q3'] },
      html: '<p>ü</p>',
      attachments: [{ filename: 'Übersicht.csv', contentType: 'text/csv' }],
    });
    expect(Buffer.from(decoded?.attachments[0]?.content ?? []).toString()).toMatch(/^a;b\r?\n$/);
  });
});

describe('the settings of a test server', () => {
  it.each(['none', 'starttls', 'implicit'] as const)("lead to it with security '%s'", async (security) => {
    await using server = await TestSmtpServer.start({ security });
    await using mailer = createMailer({ name: 'test', sender, server: server.settings });
    await mailer.send({ to: 'ann@example.com', text: 'x' });
    expect((await server.waitForMessage()).secure).toBe(security !== 'none');
  });

  it('lead to one that speaks LMTP', async () => {
    await using server = await TestSmtpServer.start({ protocol: 'lmtp' });
    await using mailer = createMailer({ name: 'test', sender, server: server.settings });
    expect((await mailer.send({ to: 'ann@example.com', text: 'x' })).accepted).toEqual(['ann@example.com']);
  });
});

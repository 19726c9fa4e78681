/**
 * nodemailer composes, sealpost sends: `nodemailer.createTransport(sealpostTransport(profile))`.
 * @module
 */
import * as nodemailer from 'nodemailer';
import { expect, test } from 'vitest';
import { sealpostTransport } from '../../src/nodemailer.js';
import { TestSmtpServer } from '../../src/testing.js';

const sender = { email: 'app@example.com' };

test('sends what nodemailer composed, by its envelope, and gives its info', async () => {
  await using server = await TestSmtpServer.start({ users: { app: 'secret' } });
  const transporter = nodemailer.createTransport(
    sealpostTransport({
      name: 'app',
      sender,
      server: server.settings,
      authentication: { method: 'password', username: 'app', password: 'secret' },
    }),
    { from: 'App <app@example.com>' },
  );
  const info = await transporter.sendMail({
    to: 'bob@example.org',
    bcc: 'carl@example.org',
    subject: 'Grüße',
    text: 'Hello',
    attachments: [{ filename: 'a.txt', content: 'a' }],
    dsn: { id: 'id-1', return: 'headers', notify: 'failure', recipient: 'bob@example.org' },
  });
  expect(await transporter.verify()).toBe(true);
  expect(transporter.isIdle()).toBe(true);
  const [message] = server.messages;
  expect(message?.subject).toBe('Grüße');
  expect(message?.text).toBe('Hello');
  expect(message?.user).toBe('app');
  expect(message?.attachments.map(({ filename }) => filename)).toEqual(['a.txt']);
  expect(message?.headers['bcc']).toBeUndefined();
  expect(message?.envelope.to.map(({ address }) => address)).toEqual(['bob@example.org', 'carl@example.org']);
  expect(message?.envelope.parameters).toMatchObject({ ENVID: 'id-1', RET: 'HDRS' });
  expect(info.messageId).toBe(message?.headers['message-id']?.[0]);
  expect(info.accepted).toEqual(['bob@example.org', 'carl@example.org']);
  expect(info.envelope).toEqual({ from: 'app@example.com', to: ['bob@example.org', 'carl@example.org'] });
  expect(info.sealpost.warnings).toEqual([]);
  transporter.close();
});

test('uses the reverse path of the profile, unless the message has an envelope', async () => {
  await using server = await TestSmtpServer.start();
  const profile = { name: 'app', sender: { ...sender, envelopeFrom: 'bounce@example.com' }, server: server.settings };
  const transporter = nodemailer.createTransport(sealpostTransport(profile));
  await transporter.sendMail({ from: 'app@example.com', to: 'bob@example.org', text: 'a' });
  await transporter.sendMail({
    from: 'app@example.com',
    text: 'a',
    envelope: { from: 'other@example.com', to: 'bob@example.org' },
  });
  expect(server.messages.map(({ envelope }) => envelope.from)).toEqual(['bounce@example.com', 'other@example.com']);
  transporter.close();
});

test("fails with nodemailer's codes and the EmailError as cause", async () => {
  await using server = await TestSmtpServer.start({ replies: { RCPT: ['550 5.1.1 no'] } });
  const transporter = nodemailer.createTransport(sealpostTransport({ name: 'app', sender, server: server.settings }));
  const message = { from: 'app@example.com', to: 'bob@example.org', text: 'a' };
  await expect(transporter.sendMail(message)).rejects.toMatchObject({
    code: 'EENVELOPE',
    responseCode: 550,
    rejected: ['bob@example.org'],
    cause: { code: 'ERR_RECIPIENTS_REJECTED' },
  });
  const signal = AbortSignal.abort();
  await expect(transporter.sendMail({ ...message, signal })).rejects.toMatchObject({ code: 'EABORT' });
  await expect(transporter.sendMail({ ...message, auth: { user: 'a', pass: 'b' } })).rejects.toMatchObject({
    code: 'EMESSAGE',
    message: expect.stringContaining('auth: is not supported'),
  });
  transporter.close();
});

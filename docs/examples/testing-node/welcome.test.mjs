import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createEmailError, createMailer } from 'sealpost';
import { MemoryTransport, TestSmtpServer } from 'sealpost/testing';
import { invite, welcome } from './welcome.mjs';

const profile = { name: 'app', sender: { name: 'App', email: 'app@example.com' }, server: { host: 'localhost' } };

describe('without a server', () => {
  let transport;
  let mailer;
  beforeEach(() => {
    transport = new MemoryTransport();
    mailer = createMailer(profile, { transport });
  });
  afterEach(() => mailer.close());

  test('a welcome goes to the new user', async () => {
    await welcome(mailer, { name: 'Ann', email: 'ann@example.com' });
    assert.equal(transport.sent.length, 1);
    const [message] = transport.sent;
    assert.equal(message.subject, 'Welcome, Ann');
    assert.equal(message.text, 'Hello Ann, your account is ready.');
    assert.deepEqual(message.envelope.to, ['ann@example.com']);
  });

  test('a mailbox that does not exist is told to the person', async () => {
    transport.rejectRecipient('gone@example.com', { code: 550, lines: ['no such user'] });
    assert.equal(await invite(mailer, 'gone@example.com'), 'There is no such mailbox.');
  });

  test('a server that is away is tried again later', async () => {
    transport.failNext(createEmailError('ERR_CONNECT', 'No connection', { retryable: true }));
    assert.equal(await invite(mailer, 'ann@example.com'), 'We try again later.');
  });
});

describe('with a server', () => {
  test('the application signs in over TLS', async (context) => {
    const server = await TestSmtpServer.start({ users: { app: 'secret' } });
    context.after(() => server.close());
    const authentication = { method: 'password', username: 'app', password: 'secret' };
    const mailer = createMailer({ ...profile, server: server.settings, authentication });
    context.after(() => mailer.close());
    await welcome(mailer, { name: 'Ann', email: 'ann@example.com' });
    const [message] = server.messages;
    assert.equal(message.subject, 'Welcome, Ann');
    assert.equal(message.user, 'app');
    assert.equal(message.secure, true);
  });
});

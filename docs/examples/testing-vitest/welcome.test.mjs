import { createEmailError, createMailer } from 'sealpost';
import { MemoryTransport, TestSmtpServer } from 'sealpost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
    expect(transport.sent).toHaveLength(1);
    expect(transport.sent[0]).toMatchObject({
      subject: 'Welcome, Ann',
      text: 'Hello Ann, your account is ready.',
      envelope: { to: ['ann@example.com'] },
    });
  });

  test('a mailbox that does not exist is told to the person', async () => {
    transport.rejectRecipient('gone@example.com', { code: 550, lines: ['no such user'] });
    expect(await invite(mailer, 'gone@example.com')).toBe('There is no such mailbox.');
  });

  test('a server that is away is tried again later', async () => {
    transport.failNext(createEmailError('ERR_CONNECT', 'No connection', { retryable: true }));
    expect(await invite(mailer, 'ann@example.com')).toBe('We try again later.');
  });
});

describe('with a server', () => {
  test('the application signs in over TLS', async () => {
    const server = await TestSmtpServer.start({ users: { app: 'secret' } });
    const authentication = { method: 'password', username: 'app', password: 'secret' };
    const mailer = createMailer({ ...profile, server: server.settings, authentication });
    try {
      await welcome(mailer, { name: 'Ann', email: 'ann@example.com' });
      expect(server.messages[0]).toMatchObject({ subject: 'Welcome, Ann', user: 'app', secure: true });
    } finally {
      await mailer.close();
      await server.close();
    }
  });
});

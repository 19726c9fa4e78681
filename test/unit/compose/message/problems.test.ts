import { describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../../../src/index.js';
import type { EmailError, EmailProfile, MailMessage } from '../../../../src/index.js';
import { MemoryTransport } from '../../../../src/testing.js';

const profile: EmailProfile = { name: 't', sender: { email: 'a@example.com' }, server: { host: 'localhost' } };

async function refusal(message: unknown): Promise<EmailError> {
  const transport = new MemoryTransport();
  const mailer = createMailer(profile, { transport });
  try {
    await mailer.send(message as MailMessage);
  } catch (error) {
    if (!isEmailError(error)) throw error;
    expect(transport.sent).toEqual([]);
    return error;
  } finally {
    await mailer.close();
  }
  throw new Error('the message was sent');
}

const pathsOf = async (message: unknown): Promise<readonly string[]> =>
  (await refusal(message)).problems?.map(({ path }) => path) ?? [];

describe('the problems of a message', () => {
  it('are told all at once: two bad recipients, a bad header and a subject with a line break', async () => {
    const error = await refusal({
      to: ['b@example.com', 'not an address'],
      cc: 'also not',
      subject: 'one\r\nBcc: two@example.com',
      headers: [
        { name: 'X-Fine', value: 'x' },
        { name: 'X-Mine', value: 'a\r\nb' },
      ],
      text: 'x',
    });
    expect(error.code).toBe('ERR_MESSAGE_INVALID');
    expect(error.problems?.map(({ path }) => path).sort()).toEqual(['cc', 'headers.1 (X-Mine)', 'subject', 'to.1']);
    expect(error.message).toContain('headers.1 (X-Mine): ');
  });

  it.each<[string, unknown, readonly string[]]>([
    [
      'wrong kinds, unknown keys and wrong values',
      { to: [5, 'bad', 'b@example.com'], subject: 5, txt: 'x', messageId: 'no id', date: 'today', priority: 'high' },
      ['to.0', 'subject', 'txt', 'date', 'priority', 'to.1', 'messageId'],
    ],
    [
      'those of every list',
      {
        to: 'b@example.com',
        references: ['a@b', 'no id', '<>'],
        list: { unsubscribe: ['ftp', 'https://example.com', '\n'], help: 'x y', id: 'x' },
        envelope: { to: ['b@example.com', 'x', 'y'], from: 'z' },
      },
      [
        'envelope.from',
        'envelope.to.1',
        'envelope.to.2',
        'references.1',
        'references.2',
        'list.unsubscribe.0',
        'list.unsubscribe.2',
        'list.id',
        'list.help',
      ],
    ],
    [
      'those of attachments',
      {
        to: 'b@example.com',
        attachments: [
          { content: 'x', contentType: 'nonsense' },
          { filename: '' },
          5,
          { content: 'x', name: 'a' },
          { path: '/x', content: 'x' },
        ],
      },
      [
        'attachments.0.contentType',
        'attachments.1.filename',
        'attachments.1.content',
        'attachments.2',
        'attachments.3.name',
        'attachments.4.path',
      ],
    ],
    [
      'those of addresses in parts',
      { to: [{ email: 'x' }, { name: 5, email: 'b@example.com' }, { email: 5 }] },
      ['to.0.email', 'to.1.name', 'to.2.email'],
    ],
    ['no recipient at all', { subject: 'a\nb' }, ['to', 'subject']],
  ])('are told all at once: %s', async (_, message, paths) => {
    expect([...(await pathsOf(message))].sort()).toEqual([...paths].sort());
  });

  it('are told in the words of a profile', async () => {
    const { message } = await refusal({ to: 'b@example.com', subject: 5, txt: 'x' });
    expect(message).toBe(
      'The message cannot be sent: subject: expected text, got the number 5; txt: is not a known key; did you mean text?',
    );
    const wrong = { ...profile, server: { host: 'localhost', port: '25', prt: 1 } } as unknown as EmailProfile;
    expect(() => createMailer(wrong)).toThrow(
      'The profile is not valid: server.port: expected a whole number from 1 to 65535, got a string: write the ' +
        'number without quotes; server.prt: is not a known key; did you mean port?',
    );
  });

  it('are a hundred at most, of which the message quotes five', async () => {
    const error = await refusal({ to: Array.from({ length: 1000 }, () => 'x') });
    expect(error.problems).toHaveLength(100);
    expect(error.message).toMatch(/to\.4: .*; and 95 more$/);
  });

  it('name a header field where headers are a list, in a profile too', () => {
    const headers = [{ name: 'X-Mine', value: 'a\nb' }];
    expect(() => createMailer({ ...profile, headers })).toThrow('headers.0 (X-Mine): holds a control character');
  });
});

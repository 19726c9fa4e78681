import { describe, expect, it } from 'vitest';
import { Composer } from '../../../../src/compose/composer.js';
import { LateComposer } from '../../../../src/compose/late-composer.js';
import { PlainMessages } from '../../../../src/compose/message/plain-message.js';
import type { SenderSettings } from '../../../../src/compose/message/envelope.js';
import type { PreparedMessage } from '../../../../src/compose/prepared-message.js';
import { takeMessage } from '../../../../src/compose/taken-message.js';
import type { MailMessage } from '../../../../src/model/message.js';
import { random, seedOfRun } from '../../../support/random.js';

const { signal } = new AbortController();
const ann: SenderSettings = { sender: { name: 'Ann Example', email: 'ann@example.com' } };
const hello: MailMessage = { to: 'bob@example.org', subject: 'Hello', text: 'Hello Bob' };

const abilities = { eightBitMime: true, binaryMime: true, smtpUtf8: true, maxBytes: undefined };
const taken = (message: MailMessage) => takeMessage(message, signal, new WeakSet());
const plainly = (message: MailMessage, profile = ann): PreparedMessage | undefined =>
  PlainMessages.of(profile)?.prepare(taken(message), true);
const fully = (message: MailMessage, profile = ann): Promise<PreparedMessage> =>
  new Composer(profile, true, undefined).prepare(taken(message), signal, true);

/** Everything of a prepared message, with the same Message-ID and time in each. */
async function shown(prepared: PreparedMessage): Promise<unknown> {
  const { copies, identity, messageId, dispose, ...rest } = prepared;
  const contents = await Promise.all(copies.map(({ compose }) => compose(abilities)));
  const known = (text: string): string =>
    text.replace(messageId, '<id>').replace(/(\r\nDate: )[^\r]*/, (_line, name: string) => `${name}now`);
  return {
    ...rest,
    domain: messageId.replace(/.*@/, ''),
    hasIdentity: identity?.id === `<${messageId}>`,
    hasDispose: dispose !== undefined,
    envelopes: copies.map(({ envelope }) => envelope),
    contents: contents.map(({ bytes, ...facts }) => ({ ...facts, text: known(String(bytes)) })),
  };
}

describe('a plain message', () => {
  it('is what the composer makes of it, octet for octet', async () => {
    const next = random(seedOfRun);
    const pick = <T>(values: readonly T[]): T => values[next(values.length)] as T;
    const texts = [
      'a',
      'Hello',
      'x y',
      '',
      ' b',
      'c ',
      '=?utf-8?q?a?=',
      'a =? b',
      'From me',
      '.dot',
      '\t',
      'é',
      'a"b',
      '\0',
    ];
    const someText = (): string => Array.from({ length: 1 + next(20) }, () => pick(texts)).join(pick([' ', '']));
    const lineEnd = (): string => pick(['\n', '\n', '\r\n', '\r\n', '\r', '\n\n']);
    const body = (): string => {
      const end = lineEnd();
      const lines = Array.from({ length: next(60) }, () =>
        pick(['', 'plain text', 'a'.repeat(next(1200)), someText()]),
      );
      return lines.join(next(5) === 0 ? lineEnd() : end) + pick(['', end]);
    };
    const mailboxes = [
      'bob@example.org',
      'Bob Example <bob@example.org>',
      'carol@mail.example.com',
      { email: 'dave@example.org' },
      { name: 'Dave', email: 'dave@example.org' },
      { name: '', email: 'eve@example.org' },
      { name: 'Eve, Q.', email: 'eve@example.org' },
      { name: 'Zoë', email: 'zoe@example.org' },
      '"Quoted" <q@example.org>',
      'long.local.part.of.a.mailbox.that.fills.most.of.a.line@mail.example.org',
      'Bob@Example.ORG',
      'jörg@example.org',
      'x@bücher.example',
    ];
    const some = () => pick([pick(mailboxes), Array.from({ length: next(5) }, () => pick(mailboxes)), undefined]);
    const make = (): MailMessage => ({
      to: some(),
      ...(next(3) === 0 && { cc: some() }),
      ...(next(3) === 0 && { bcc: some() }),
      subject: pick(['Hello', 'a'.repeat(67), 'a'.repeat(68), someText(), undefined]),
      text: pick(['Hello Bob', 'a\nb\n', body(), body()]),
      ...(next(10) === 0 && { html: undefined }),
    });
    const senders = [
      ann,
      { sender: { email: 'ann@example.com' } },
      { sender: { name: 'A', email: 'a@mail.example.org' } },
    ];
    let plain = 0;
    for (let i = 0; i < 3000; i++) {
      const message = make();
      const profile = pick(senders);
      const prepared = plainly(message, profile);
      if (prepared === undefined) continue;
      plain++;
      const case_ = `seed ${seedOfRun}: ${JSON.stringify(message)}`;
      expect(await shown(prepared), case_).toEqual(await shown(await fully({ ...message }, profile)));
    }
    expect(plain).toBeGreaterThan(200);
  });

  it.each<[string, Partial<MailMessage>]>([
    ['bare text', {}],
    ['no subject', { subject: undefined }],
    ['several recipients on one line', { to: ['a@example.org', 'B <b@example.org>'], cc: { email: 'c@example.org' } }],
    ['blind copies alone', { to: undefined, bcc: 'c@example.org' }],
    ['line ends of any one kind', { text: 'a\nb\n' }],
    ['a long text', { text: 'Hello Bob, this is a line of text.\r\n'.repeat(1000) }],
    ['fields that are undefined', { html: undefined, attachments: undefined, smime: undefined }],
  ])('has %s', (_what, fields) => {
    expect(plainly({ ...hello, ...fields })).toBeDefined();
  });

  it.each<[string, Partial<MailMessage>]>([
    ['another field', { replyTo: 'c@example.org' }],
    ['false for a field', { readReceiptTo: false }],
    ['an unknown field', { from_: 'x' } as never],
    ['no recipient', { to: [] }],
    ['a name to quote', { to: 'Q. Bob <bob@example.org>' }],
    ['an unknown part of an address', { to: { email: 'bob@example.org', phone: '1' } as never }],
    ['a subject to encode', { subject: 'Grüße' }],
    ['a subject with a line end', { subject: 'a\r\nBcc: x@example.org' }],
    ['a long subject', { subject: 'a'.repeat(68) }],
    ['an empty text', { text: '' }],
    ['text to encode', { text: 'Grüße' }],
    ['a blank at the end of a line', { text: 'a \nb' }],
    ['a line that begins with From', { text: 'a\nFrom b' }],
    ['a long line', { text: 'a'.repeat(999) }],
    ['a bare CR', { text: 'a\rb' }],
    ['text in bytes', { text: Buffer.from('a') }],
    [
      'a getter that throws in an address',
      {
        to: {
          get email(): string {
            throw new Error('no');
          },
        },
      },
    ],
  ])('has not %s', (_what, fields) => {
    let prepared: PreparedMessage | undefined;
    try {
      prepared = plainly({ ...hello, ...fields });
    } catch (error) {
      // The message could not be copied.
      expect(error).toMatchObject({ code: 'ERR_MESSAGE_INVALID' });
    }
    expect(prepared).toBeUndefined();
  });

  it('is one of a plain object', () => {
    class Notice {
      to = 'bob@example.org';
      text = 'Hello';
    }
    expect(plainly(new Notice())).toBeUndefined();
    expect(plainly(Object.create(hello) as MailMessage)).toBeUndefined();
  });

  it.each<[string, Partial<SenderSettings> | Partial<SenderSettings['sender']>]>([
    ['header fields', { headers: { 'X-Mine': 'a' } }],
    ['a priority', { priority: 'urgent' }],
    ['a sensitivity', { sensitivity: 'private' }],
    ['an importance', { importance: 'high' }],
    ['a DKIM key', { dkim: { domain: 'example.com', selector: 's', privateKey: 'k' } }],
    ['a sender with an organization', { sender: { email: 'ann@example.com', organization: 'Example' } }],
    ['a sender with a reply address', { sender: { email: 'ann@example.com', replyTo: 'b@example.com' } }],
    ['a sender with a reverse path', { sender: { email: 'ann@example.com', envelopeFrom: 'b@example.com' } }],
    ['a sender with a name to encode', { sender: { email: 'ann@example.com', name: 'Zoë' } }],
  ])('is none of a profile with %s', (_what, settings) => {
    expect(PlainMessages.of({ ...ann, ...settings })).toBeUndefined();
  });

  it.each([
    ['S/MIME', async () => Promise.reject(new Error('loaded')), {}],
    ['a recipient policy', undefined, { loadGuard: () => Promise.reject(new Error('loaded')) }],
  ])('goes through the composer with %s', async (_what, loadProtector, options) => {
    const composer = new LateComposer(ann, true, loadProtector, options);
    await expect(composer.prepare(hello, signal)).rejects.toThrow('loaded');
  });

  it('keeps its Message-ID when its send failed, whichever way it is prepared then', async () => {
    const message = { ...hello };
    const first = plainly(message);
    expect(plainly(message)?.messageId).not.toBe(first?.messageId);
    const second = plainly(message);
    second?.identity?.release();
    const third = await fully(message);
    expect(third.messageId).toBe(second?.messageId);
    third.identity?.release();
    expect(plainly(message)?.messageId).toBe(second?.messageId);
  });

  it('is not prepared once its signal has aborted', async () => {
    const composer = new LateComposer(ann, true, undefined);
    await expect(composer.prepare(hello, AbortSignal.abort())).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

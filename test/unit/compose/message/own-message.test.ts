import { describe, expect, it } from 'vitest';
import { LateComposer } from '../../../../src/compose/late-composer.js';
import type { MailMessage } from '../../../../src/model/message.js';

const signal = new AbortController().signal;
const composer = new LateComposer({ sender: { email: 'ann@example.com' } }, true, undefined);
async function text(message: MailMessage, change: () => void = () => undefined): Promise<string> {
  const preparing = composer.prepare(message, signal);
  change();
  const prepared = await preparing;
  const { bytes } = await prepared.copies[0]!.compose();
  return `${JSON.stringify(prepared.envelope)}\n${Buffer.from(bytes as Uint8Array).toString()}`;
}
const refusal = (message: unknown) =>
  composer.prepare(message as MailMessage, signal).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a message', () => {
  it('is what it was at the call, whatever becomes of the object', async () => {
    const message = {
      to: [{ name: 'Ann', email: 'ann@example.org' }],
      subject: 'for Ann',
      text: 'for Ann',
      date: new Date(0),
      headers: [{ name: 'X-For', value: 'Ann' }],
      attachments: [{ filename: 'ann.txt', content: 'for Ann' }],
      envelope: { dsn: { notify: ['success' as const] }, holdUntil: new Date(0) },
      list: { unsubscribe: ['https://example.com/ann'] },
    };
    const before = await text(message);
    expect(before).toMatch(/ann\.txt/);
    const after = await text({ ...message, messageId: 'x@y' }, () => undefined);
    const changing = { ...structuredClone(message), messageId: 'x@y' };
    const changed = await text(changing, () => {
      changing.to[0]!.email = 'bob@example.org';
      changing.subject = changing.text = 'for Bob';
      changing.headers[0]!.value = 'Bob';
      changing.attachments[0]!.content = 'for Bob';
      changing.attachments.push({ filename: 'bob.txt', content: 'for Bob' });
      changing.date.setTime(1e12);
      changing.envelope.holdUntil.setTime(1e12);
      changing.envelope.dsn.notify.pop();
      changing.list.unsubscribe[0] = 'https://example.com/bob';
    });
    const withoutBoundaries = (content: string): string => content.replace(/=_[0-9a-f-]{36}/g, 'boundary');
    expect(withoutBoundaries(changed)).toBe(withoutBoundaries(after));
    expect(changed).not.toMatch(/bob/i);
  });

  it('may be frozen, and may be of a class that has the fields itself', async () => {
    class Letter {
      to = 'b@example.org';
      text = 'x';
    }
    expect(await text(new Letter())).toContain('b@example.org');
    expect(
      await text(
        Object.freeze({
          to: Object.freeze(['b@example.org']),
          text: 'x',
          attachments: Object.freeze([Object.freeze({ content: 'x' })]),
        }),
      ),
    ).toContain('b@example.org');
  });

  it('that inherits a field is refused, for it may have been meant', async () => {
    const template = { text: 'the template', bcc: 'archive@example.org' };
    expect(await refusal(Object.assign(Object.create(template) as MailMessage, { to: 'b@example.org' }))).toMatchObject(
      {
        code: 'ERR_MESSAGE_INVALID',
        problems: [{ path: 'bcc' }, { path: 'text' }],
      },
    );
  });

  it('has no field of Object.prototype (prototype pollution)', async () => {
    const polluted = ['bcc', 'html', 'subject', 'from'];
    const { prototype } = Object as unknown as { prototype: Record<string, unknown> };
    try {
      for (const key of polluted) prototype[key] = 'evil@example.net';
      expect(await text({ to: 'b@example.org', text: 'x' })).not.toMatch(/evil/);
    } finally {
      for (const key of polluted) delete prototype[key];
    }
    expect(await refusal(JSON.parse('{"to":"b@example.org","__proto__":{"bcc":"evil@example.net"}}'))).toMatchObject({
      problems: [{ path: '__proto__' }],
    });
  });
});

describe('what a message holds', () => {
  it.each<[string, unknown]>([
    ['message', null],
    ['message', 'text'],
    ['list', { list: [] }],
    ['list.unsubscribe', { list: { unsubscribe: 5 } }],
    ['list.unsubscribe.0', { list: { unsubscribe: [5] } }],
    ['list.oneClick', { list: { oneClick: 'yes' } }],
    ['calendar.filename', { calendar: { method: 'REQUEST', content: 'x', filename: 5 } }],
    ['calendar.content', { calendar: { method: 'REQUEST' } }],
    ['smime.sign', { smime: { sign: 'yes' } }],
    ['envelope.dsn', { envelope: { dsn: 5 } }],
    ['envelope.dsn.retrn', { envelope: { dsn: { retrn: 'full' } } }],
    ['envelope.dsn.recipients', { envelope: { dsn: { recipients: { 'other@example.org': { notify: 'never' } } } } }],
    [
      'envelope.dsn.recipients.b@example.org.notfy',
      { envelope: { dsn: { recipients: { 'b@example.org': { notfy: 'never' } } } } },
    ],
    ['envelope.requireTls', { envelope: { requireTls: 'yes' } }],
    ['envelope.deliverBy.second', { envelope: { deliverBy: { second: 5, mode: 'return' } } }],
    ['envelope.mtPriority', { envelope: { mtPriority: '3' } }],
    ['dkim.privateKey', { dkim: { domain: 'example.com', selector: 's' } }],
    ['dkim.0', { dkim: [5] }],
    ['dkim.selektor', { dkim: { domain: 'example.com', selector: 's', selektor: 's', privateKey: 'x' } }],
    ['dkim', { raw: 'Subject: x\r\n\r\n', dkim: { domain: 'example.com', selector: 's', privateKey: 'x' } }],
    ['attachments.0.filename', { attachments: [{ filename: '', content: 'x' }] }],
    ['attachments.0.content', { attachments: [{ filename: 'x' }] }],
    ['attachments.0.content', { attachments: [{ content: [1, 2] }] }],
    ['attachments.0', { attachments: ['x'] }],
    ['a\\x0ab', { 'a\nb': 1 }],
  ])('is refused, naming %s', async (path, message) => {
    const error = await refusal(
      typeof message === 'object' && message !== null ? { to: 'b@example.org', ...message } : message,
    );
    expect(error).toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
      problems: expect.arrayContaining([expect.objectContaining({ path })]) as unknown,
    });
  });

  it('may be DKIM settings that are none: no signature, whatever the profile has', async () => {
    const signing = new LateComposer(
      {
        sender: { email: 'a@example.com' },
        dkim: { domain: 'example.com', selector: 's', privateKey: { env: 'SURELY_NOT_SET_ANYWHERE' } },
      },
      true,
      undefined,
    );
    expect(await signing.prepare({ to: 'b@example.org' }, signal).catch(({ code }: { code: string }) => code)).toBe(
      'ERR_SECRET',
    );
    expect((await signing.prepare({ to: 'b@example.org', dkim: [] }, signal)).copies).toHaveLength(1);
  });

  it('is told with its first problems, and has the rest in `problems`', async () => {
    const error = (await refusal({ to: 'b@example.org', attachments: Array(1000).fill(5) })) as {
      message: string;
      problems: unknown[];
    };
    expect(error.message).toMatch(/; and 95 more$/);
    expect(error.problems).toHaveLength(100);
  });
});

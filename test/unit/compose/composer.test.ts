import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LateComposer } from '../../../src/compose/late-composer.js';
import type { FileAccess } from '../../../src/compose/content/file-access.js';
import type { MailMessage } from '../../../src/model/message.js';
import type { EmailProfile } from '../../../src/model/settings/profile.js';
import type { ContentCapabilities } from '../../../src/model/transport.js';

const signal = new AbortController().signal;
const base: EmailProfile = {
  name: 'p',
  sender: { name: 'Ann Example', email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
};
const folder = mkdtempSync(join(tmpdir(), 'compose-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const secret = join(folder, 'outside.txt');
writeFileSync(secret, 'outside');

async function collect(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString('utf8');
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function compose(
  message: MailMessage,
  profile: Partial<EmailProfile> = {},
  fileAccess: FileAccess = true,
  accepts?: ContentCapabilities,
) {
  const prepared = await new LateComposer({ ...base, ...profile }, fileAccess, undefined).prepare(message, signal);
  const content = await prepared.copies[0]!.compose(accepts);
  const text = await collect(content.bytes);
  await prepared.dispose?.();
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const fields = head.replace(/\r\n(?=[ \t])/g, '').split('\r\n');
  return { prepared, content, text, fields, body: rest.join('\r\n\r\n') };
}
const refusal = (message: MailMessage, profile: Partial<EmailProfile> = {}, access: FileAccess = true) =>
  compose(message, profile, access).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('header fields', () => {
  it.each(['no', 'auto-generated', 'auto-replied', 'auto-notified'] as const)(
    'say Auto-Submitted: %s (RFC 3834)',
    async (autoSubmitted) => {
      const { fields } = await compose({ to: 'b@example.org', text: 't', autoSubmitted });
      expect(fields).toContain(`Auto-Submitted: ${autoSubmitted}`);
    },
  );

  it('say nothing of Auto-Submitted by default, and refuse other words', async () => {
    expect((await compose({ to: 'b@example.org', text: 't' })).text).not.toContain('Auto-Submitted');
    const wrong = await refusal({ to: 'b@example.org', autoSubmitted: 'auto-generatd' as never });
    expect(String(wrong)).toContain(
      "autoSubmitted: expected 'no', 'auto-generated', 'auto-replied' or 'auto-notified'",
    );
    const twice = { autoSubmitted: 'no', headers: { 'Auto-Submitted': 'no' } } as const;
    expect(String(await refusal({ to: 'b@example.org', ...twice }))).toContain('written from its own setting already');
    expect(String(await refusal({ to: 'b@example.org', raw: 'x', autoSubmitted: 'no' }))).toContain(
      'combined with raw',
    );
  });

  it('come from the profile, in its order, as the settings page has them', async () => {
    const { fields } = await compose(
      {
        to: 'b@example.org',
        subject: 's',
        text: 't',
        date: new Date('2026-01-02T03:04:05Z'),
        messageId: 'id@example.com',
      },
      {
        sender: {
          name: 'Ann Example',
          email: 'ann@example.com',
          organization: 'Example Ltd',
          replyTo: ['r1@example.com', 'Two <r2@example.com>'],
          readReceiptTo: 'read@example.com',
          returnReceiptTo: 'return@example.com',
        },
        priority: 'urgent',
        sensitivity: 'company-confidential',
        importance: 'high',
        headers: [
          { name: 'X-One', value: 'first' },
          { name: 'X-Two', value: 'second' },
        ],
      },
    );
    expect(fields.slice(0, -2)).toEqual([
      'From: Ann Example <ann@example.com>',
      'Reply-To: r1@example.com, Two <r2@example.com>',
      'To: b@example.org',
      'Subject: s',
      expect.stringMatching(/^Date: Fri, 0?2 Jan 2026 \d\d:04:05 [+-]\d{4}$/),
      'Message-ID: <id@example.com>',
      'Organization: Example Ltd',
      'Disposition-Notification-To: read@example.com',
      'Return-Receipt-To: return@example.com',
      'Priority: urgent',
      'Sensitivity: Company-Confidential',
      'Importance: high',
      'X-Priority: 1 (Highest)',
      'X-MSMail-Priority: High',
      'X-One: first',
      'X-Two: second',
      'MIME-Version: 1.0',
    ]);
  });

  it('are overridden by the message, and switched off by false and unspecified', async () => {
    const { fields } = await compose(
      {
        to: 'b@example.org',
        from: 'other@example.com',
        sender: 'sender@example.com',
        replyTo: false,
        readReceiptTo: false,
        importance: 'low',
        priority: 'unspecified',
        headers: { 'x-one': 'mine' },
        inReplyTo: 'a@b',
        references: ['a@b', '<c@d>'],
      },
      {
        sender: { email: 'ann@example.com', replyTo: 'r@example.com', readReceiptTo: 'r@example.com' },
        priority: 'urgent',
        importance: 'high',
        headers: { 'X-One': 'profile', 'X-Two': 'stays' },
      },
    );
    const text = fields.join('\n');
    expect(text).toContain('From: other@example.com\nSender: sender@example.com\nTo:');
    expect(text).not.toMatch(/Reply-To: r@|Disposition|^Priority/m);
    expect(text).toContain('In-Reply-To: <a@b>\nReferences: <a@b> <c@d>');
    expect(text).toContain(
      'Importance: low\nX-Priority: 5 (Lowest)\nX-MSMail-Priority: Low\nX-Two: stays\nx-one: mine',
    );
  });

  it('never name Bcc', async () => {
    const { text, prepared } = await compose({
      to: 'a@example.org',
      cc: 'b@example.org',
      bcc: ['c@example.org', 'a@example.org'],
      text: 't',
    });
    expect(text).not.toContain('c@example.org');
    expect(prepared.envelope.to).toEqual(['a@example.org', 'b@example.org', 'c@example.org']);
  });

  it('write mailing-list fields (RFC 2369, 2919, 8058)', async () => {
    const { fields } = await compose({
      to: 'a@example.org',
      list: {
        id: 'News <news.example.com>',
        unsubscribe: ['https://example.com/u?x=1,2', 'leave@example.com'],
        oneClick: true,
        help: 'https://example.com/h',
      },
    });
    expect(fields.filter((field) => field.startsWith('List-'))).toEqual([
      'List-Id: News <news.example.com>',
      'List-Help: <https://example.com/h>',
      'List-Unsubscribe: <https://example.com/u?x=1%2C2>, <mailto:leave@example.com>',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    ]);
  });

  it.each([
    ['News, weekly (all)', '"News, weekly (all)" <news.example.com>'],
    ['"News, weekly"', '"News, weekly" <news.example.com>'],
    ['"a \\"b\\""', '"a \\"b\\"" <news.example.com>'],
    ['Žluť', '=?UTF-8?B?xb1sdcWl?= <news.example.com>'],
    ['', '<news.example.com>'],
  ])('write the description %s of a list as a phrase (RFC 2919 section 3)', async (description, value) => {
    const { fields } = await compose({ to: 'a@example.org', list: { id: `${description} <news.example.com>` } });
    expect(fields).toContain(`List-Id: ${value}`);
  });

  it('look at a list address in time that its length allows (RFC 2369)', async () => {
    const begun = process.cpuUsage().user;
    for (const shape of ['@', 'a@', 'mailto:', '<', '"', '\\', 'a ']) {
      const text = shape.repeat(Math.floor(200_000 / shape.length));
      expect(await refusal({ to: 'a@example.org', list: { unsubscribe: `${text}/` } })).toMatchObject({
        problems: [{ path: 'list.unsubscribe.0' }],
      });
      expect(await refusal({ to: 'a@example.org', list: { id: text } })).toMatchObject({
        problems: [{ path: 'list.id' }],
      });
    }
    // Linear time is tens of milliseconds; quadratic time would be minutes.
    expect(process.cpuUsage().user - begun).toBeLessThan(3e6);
  });

  it.each([
    [{ subject: 'a\r\nBcc: x@example.com' }, 'subject'],
    [{ headers: { 'X-A': 'b\nc' } }, 'headers.X-A'],
    [{ headers: [{ name: 'X A', value: 'b' }] }, 'headers.0 (X A)'],
    [{ headers: { Bcc: 'x@example.com' } }, 'headers.Bcc'],
    [{ headers: { 'Resent-Bcc': 'x@example.com' } }, 'headers.Resent-Bcc'],
    [{ headers: { 'DKIM-Signature': 'x' } }, 'headers.DKIM-Signature'],
    [{ headers: new Map([['X-A', 'b']]) as unknown as Record<string, string> }, 'headers'],
    [{ headers: new Headers({ 'X-A': 'b' }) as unknown as Record<string, string> }, 'headers'],
    [{ messageId: 'a b' }, 'messageId'],
    [{ messageId: 'a' }, 'messageId'],
    [{ messageId: '<a@b@c>' }, 'messageId'],
    [{ references: ['<a@b>', '<x\r\ny>'] }, 'references.1'],
    [{ list: { unsubscribe: 'https://example.com/>\r\nX: y' } }, 'list.unsubscribe.0'],
    [{ list: { unsubscribe: 'a@b.example (comment)', oneClick: true } }, 'list.unsubscribe.0'],
    [{ list: { unsubscribe: 'leave@example.com', oneClick: true } }, 'list.oneClick'],
    [{ list: { id: 'x\0' } }, 'list.id'],
    [{ from: { name: 'a\nb', email: 'a@b.example' } }, 'from.name'],
    [{ to: 'a@b.example, c@d.example' }, 'to'],
    [{ to: ['a@b.example', 'broken'] }, 'to.1'],
    [{ attachments: [{ filename: 'a\r\nb', content: '' }] }, 'attachments.0.filename'],
    [{ attachments: [{ contentType: 'text/plain\r\nX: y', content: '' }] }, 'attachments.0.contentType'],
    [{ attachments: [{ cid: 'a>b', content: '' }] }, 'attachments.0.cid'],
    [{ calendar: { method: 'RE\nQ', content: '' } }, 'calendar.method'],
    [{ envelope: { to: ['a@b.example\r\nRCPT TO:<c@d>'] } }, 'envelope.to.0'],
    [{ priority: 'high' as 'urgent' }, 'priority'],
  ] satisfies [MailMessage, string][])('refuse %j, naming %s', async (message, path) => {
    const error = await refusal({ to: 'b@example.org', ...message });
    expect(error).toMatchObject({ code: 'ERR_MESSAGE_INVALID', delivery: 'not-delivered' });
    const problems = (error as { problems: { path: string }[] }).problems;
    expect(problems[0]?.path).toBe(path);
  });

  it.each([
    [{ headers: { 'x-priority': '1' }, importance: 'low' }, 'headers.x-priority'],
    [
      {
        headers: [
          { name: 'X-A', value: 'b' },
          { name: 'List-Unsubscribe', value: '<x>' },
        ],
        list: { unsubscribe: 'a@b.example' },
      },
      'headers.1 (List-Unsubscribe)',
    ],
    [{ headers: { Organization: 'Other' } }, 'headers.Organization'],
  ] satisfies [MailMessage, string][])(
    'of %j are refused where a setting writes the same field, naming %s',
    async (message, path) => {
      const sender = { email: 'ann@example.com', organization: 'Example Ltd' };
      expect(await refusal({ to: 'b@example.org', ...message }, { sender })).toMatchObject({ problems: [{ path }] });
      expect((await compose({ to: 'b@example.org', headers: { 'X-Priority': '2' } }, { sender })).fields).toContain(
        'X-Priority: 2',
      );
    },
  );
});

describe('a message', () => {
  it('with an unknown field is refused, with what was meant', async () => {
    const error = await refusal({
      to: 'b@example.org',
      body: 'x',
      attachments: [{ path: 'y', content: '' }],
    } as unknown as MailMessage);
    expect(error).toMatchObject({
      problems: [
        { path: 'body', message: expect.stringContaining('text or html') as string },
        { path: 'attachments.0.path', message: expect.stringContaining('{ file }') as string },
      ],
    });
  });

  it('without a recipient is refused', async () => {
    expect(await refusal({ text: 'x' })).toMatchObject({ problems: [{ path: 'to' }] });
  });

  it('keeps its Message-ID from one attempt to the next', async () => {
    const composer = new LateComposer(base, true, undefined);
    const message = { to: 'b@example.org', text: 'x' };
    const ids = [
      await composer.prepare(message, signal),
      await composer.prepare(message, signal),
      await composer.prepare({ ...message }, signal),
    ].map(({ messageId }) => messageId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(ids[0]).toMatch(/@example\.com$/);
  });

  it('has an invisible one on its object, even if that is frozen or sealed, whichever mailer sends it', async () => {
    const idOf = async (message: MailMessage, email = 'ann@example.com') =>
      (await new LateComposer({ ...base, sender: { email } }, true, undefined).prepare(message, signal)).messageId;
    for (const shut of [
      (message: MailMessage) => message,
      (message: MailMessage) => Object.seal(message),
      (message: MailMessage) => Object.freeze(message),
    ]) {
      const message = shut({ to: 'b@example.org', text: 'x' });
      const id = await idOf(message);
      expect([await idOf(message, 'ann@example.net'), await idOf(message), await idOf(Object.freeze(message))]).toEqual(
        [id, id, id],
      );
      expect(Reflect.ownKeys(message)).toEqual(['to', 'text']);
      expect(await idOf({ ...message })).not.toBe(id);
      expect(structuredClone(message)).toEqual({ to: 'b@example.org', text: 'x' });
    }
  });

  it('takes its reverse path from envelope, envelopeFrom, from, sender, in this order', async () => {
    const sender = { email: 'ann@example.com', envelopeFrom: 'bounce@example.com' };
    const from = async (message: MailMessage, profile: Partial<EmailProfile> = {}) =>
      (await compose({ to: 'b@example.org', ...message }, profile)).prepared.envelope.from;
    expect(await from({ envelope: { from: '' }, from: 'f@example.com' }, { sender })).toBe('');
    expect(await from({ from: 'f@example.com' }, { sender })).toBe('bounce@example.com');
    expect(await from({ from: 'F <f@example.com>' })).toBe('f@example.com');
    expect(await from({})).toBe('ann@example.com');
  });

  it('asks for notifications with a return receipt (RFC 3461)', async () => {
    const { prepared } = await compose({ to: 'b@example.org', returnReceiptTo: 'ann@example.com', messageId: 'i@d' });
    expect(prepared.envelope.dsn).toEqual({
      return: 'headers',
      envelopeId: 'i@d',
      notify: ['success', 'failure', 'delay'],
    });
    expect(prepared.dsnIfOffered).toBe(true);
  });

  it('needs SMTPUTF8 where a local part is not ASCII, and sends domains as A-labels', async () => {
    const { content, prepared } = await compose({ to: ['jürgen@example.org', 'b@bücher.example'], text: 'x' });
    expect(content.smtpUtf8).toBe(true);
    expect(prepared.envelope.to).toEqual(['jürgen@example.org', 'b@xn--bcher-kva.example']);
    expect((await compose({ to: 'b@bücher.example', subject: 'ü', text: 'ü' })).content.smtpUtf8).toBe(false);
  });

  it('is in memory, with its exact size, where its content is', async () => {
    const { content } = await compose({
      to: 'b@example.org',
      text: 'x',
      attachments: [{ filename: 'a.bin', content: new Uint8Array(1000) }],
    });
    expect(content.bytes).toBeInstanceOf(Uint8Array);
    expect(content.size).toBe((content.bytes as Uint8Array).length);
    expect(content.canonical).toBe(true);
  });

  it('refuses S/MIME that the profile has no settings for', async () => {
    expect(await refusal({ to: 'b@example.org', smime: { sign: true } })).toMatchObject({
      problems: [{ path: 'smime.sign' }],
    });
  });

  it('refuses bytes of text that are not UTF-8', async () => {
    expect(await refusal({ to: 'b@example.org', text: Uint8Array.of(0xff) })).toMatchObject({
      problems: [{ path: 'text' }],
    });
    const stream = (...chunks: number[][]) =>
      async function* () {
        for (const chunk of chunks) yield Uint8Array.from(chunk);
      };
    for (const bad of [stream([0x61, 0xe9]), stream([0x61], [0xc3]), stream([0xc3], [0x28])]) {
      expect(await refusal({ to: 'b@example.org', html: bad })).toMatchObject({
        code: 'ERR_CONTENT',
        phase: 'content',
        message: expect.stringContaining('html: the bytes are not UTF-8') as string,
      });
      expect(await refusal({ to: 'b@example.org', alternatives: [{ content: bad }] })).toMatchObject({
        message: expect.stringContaining('alternatives.0.content') as string,
      });
      expect(
        await refusal({ to: 'b@example.org', attachments: [{ contentType: 'text/plain', content: bad }] }),
      ).toBeUndefined();
    }
    expect((await compose({ to: 'b@example.org', text: stream([0x61, 0xc3], [0xa9]) })).body).toBe('a=C3=A9\r\n');
  });
});

describe('content', () => {
  const expected = 'hello, content ✓';
  const bytes = Buffer.from(expected);
  const file = join(folder, 'content.txt');
  writeFileSync(file, expected);
  async function* generate() {
    yield bytes.subarray(0, 5);
    yield bytes.subarray(5);
  }
  it.each([
    ['text', expected],
    ['bytes', bytes],
    ['an ArrayBuffer', new Uint8Array(bytes).buffer],
    ['a Blob', new Blob([bytes])],
    ['a file', { file }],
    ['a file URL', { file: pathToFileURL(file) }],
    ['a stream', Readable.from([bytes])],
    ['a generator', generate()],
    ['a function', () => generate()],
  ])('may be %s', async (_, content) => {
    const { body } = await compose({ to: 'b@example.org', attachments: [{ filename: 'a.bin', content }] });
    expect(body).toContain(bytes.toString('base64'));
    const text = await compose({
      to: 'b@example.org',
      text:
        typeof content === 'object' && !(content instanceof Uint8Array) && Symbol.asyncIterator in content
          ? expected
          : content,
    });
    expect(text.body).toMatch(/hello, content =E2=9C=93|aGVsbG8sIGNvbnRlbnQg4pyT/);
  });

  it('keeps the charset of bytes, and has UTF-8 for a string whatever it said', async () => {
    const latin1 = Buffer.from('caf\u00e9', 'latin1');
    async function* open() {
      yield latin1;
    }
    const contentType = 'text/csv; charset=iso-8859-1';
    for (const content of [latin1, open()]) {
      for (const part of ['attachments', 'alternatives'] as const) {
        const given = content === latin1 ? latin1 : open();
        const { text } = await compose({ to: 'b@example.org', text: 'x', [part]: [{ contentType, content: given }] });
        expect(text).toMatch(/Content-Type: text\/csv; charset=iso-8859-1\r\n[^]*(?:Y2Fm6Q==|caf=E9)/);
      }
    }
    for (const part of ['attachments', 'alternatives'] as const) {
      const { text } = await compose({
        to: 'b@example.org',
        text: 'x',
        [part]: [{ contentType, content: 'caf\u00e9' }],
      });
      expect(text).toMatch(/Content-Type: text\/csv; charset=utf-8\r\n[^]*(?:Y2Fmw6k=|caf=C3=A9)/);
    }
  });

  it('that is a string is never a path', async () => {
    const { body } = await compose({
      to: 'b@example.org',
      text: 'x',
      attachments: [{ filename: 'a.txt', content: file }],
    });
    expect(body).not.toContain(Buffer.from(expected).toString('base64'));
    expect(body).toContain(file);
  });

  it('names its file by default', async () => {
    const { text } = await compose({ to: 'b@example.org', attachments: [{ content: { file } }] });
    expect(text).toMatch(/Content-Type: text\/plain;[^]*name=content\.txt/);
    expect(text).toContain('filename=content.txt');
  });

  it('from files stays below fileAccess.root, links included', async () => {
    const root = join(folder, 'root');
    const { mkdirSync } = await import('node:fs');
    mkdirSync(root);
    writeFileSync(join(root, 'in.txt'), 'inside');
    symlinkSync(secret, join(root, 'link.txt'));
    const attach = (path: string) => ({ to: 'b@example.org', attachments: [{ content: { file: path } }] });
    expect((await compose(attach(join(root, 'in.txt')), {}, { root })).body).toContain(
      Buffer.from('inside').toString('base64'),
    );
    for (const path of [secret, join(root, 'link.txt'), join(root, '..', 'outside.txt')]) {
      expect(await refusal(attach(path), {}, { root })).toMatchObject({
        code: 'ERR_MESSAGE_INVALID',
        problems: [{ path: 'attachments.0.content' }],
      });
    }
    expect(await refusal(attach(join(root, 'in.txt')), {}, false)).toMatchObject({
      problems: [{ message: expect.stringContaining('fileAccess') as string }],
    });
  });

  it('from a file that is not there, or is none, is an error before anything is sent', async () => {
    expect(await refusal({ to: 'b@example.org', text: { file: join(folder, 'none') } })).toMatchObject({
      code: 'ERR_CONTENT',
      delivery: 'not-delivered',
    });
    expect(await refusal({ to: 'b@example.org', text: { file: folder } })).toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
    });
  });

  it('that fails, or is not bytes, is ERR_CONTENT with its place', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error('disk on fire');
    }
    const error = await refusal({ to: 'b@example.org', attachments: [{ content: broken() }] });
    expect(error).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringMatching(/attachments\.0\.content.*disk on fire/) as string,
    });
    expect(
      await refusal({ to: 'b@example.org', attachments: [{ content: Readable.from([5]) as never }] }),
    ).toMatchObject({
      code: 'ERR_CONTENT',
    });
  });

  it('that is needed twice is spooled past 1 MiB, and the file removed', async () => {
    const spools = mkdtempSync(join(tmpdir(), 'sealpost-spool-'));
    vi.stubEnv('TMPDIR', spools);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(spools, { recursive: true });
    });
    const block = Buffer.alloc(700_000, 'x');
    async function* large() {
      for (let i = 0; i < 3; i++) yield block;
    }
    const message = { to: ['b@example.org', 'c@example.org'], attachments: [{ filename: 'a.bin', content: large() }] };
    const prepared = await new LateComposer(base, true, undefined).prepare(message, signal);
    expect(readdirSync(spools)).toEqual([expect.stringMatching(/^sealpost-[A-Za-z0-9]{6}$/)]);
    const copy = prepared.copies[0]!;
    const first = await collect((await copy.compose()).bytes);
    const second = await collect((await copy.compose()).bytes);
    expect(first.length).toBeGreaterThan(2_800_000);
    expect(second.length).toBe(first.length);
    await prepared.dispose?.();
    expect(readdirSync(spools)).toEqual([]);
  });
});

describe('a raw message', () => {
  const raw = 'From: a@example.com\r\nMessage-ID: <raw@example.com>\r\nSubject: x\r\n\r\nbody\r\n';
  it('is sent as it is', async () => {
    const { text, prepared, content } = await compose({ to: 'b@example.org', raw });
    expect(text).toBe(raw);
    expect(prepared.messageId).toBe('raw@example.com');
    expect(content).toMatchObject({ body: '7bit', smtpUtf8: false });
  });

  it('has its header found however its stream is cut, in time that its length allows', async () => {
    const stream = (text: string, step: number) =>
      async function* () {
        for (let at = 0; at < text.length; at += step) yield Buffer.from(text.slice(at, at + step));
      };
    for (const lineEnd of ['\r\n', '\n', '\r']) {
      const hidden = raw.replace('Subject', 'Bcc').replaceAll('\r\n', lineEnd);
      for (const step of [1, 2, 3, 5, 1000]) {
        expect(
          (await compose({ to: 'b@example.org', raw: stream(raw.replaceAll('\r\n', lineEnd), step) })).prepared
            .messageId,
        ).toBe('raw@example.com');
        expect(await refusal({ to: 'b@example.org', raw: stream(hidden, step) })).toMatchObject({
          code: 'ERR_MESSAGE_INVALID',
        });
      }
    }
    const begun = process.cpuUsage().user;
    const long = `From: a@example.com\r\n${'X-A: b\r\n'.repeat(100_000)}\r\nbody`;
    expect(await refusal({ to: 'b@example.org', raw: stream(long, 100) })).toBeUndefined();
    expect(process.cpuUsage().user - begun).toBeLessThan(3e6);
  });

  it('says what it needs of the server', async () => {
    expect((await compose({ to: 'b@example.org', raw: `${raw}ü` })).content).toMatchObject({
      body: '8bitmime',
      smtpUtf8: false,
    });
    expect((await compose({ to: 'b@example.org', raw: raw.replace('x', 'ü') })).content).toMatchObject({
      body: '8bitmime',
      smtpUtf8: true,
    });
    const seven: ContentCapabilities = { eightBitMime: false, binaryMime: false, smtpUtf8: false };
    expect(
      (await compose({ to: 'b@example.org', raw: Readable.from([Buffer.from(raw)]) }, {}, true, seven)).content.body,
    ).toBe('7bit');
  });

  it.each([
    ['a Bcc field', raw.replace('Subject', 'bCC'), {}],
    ['a folded Bcc field', raw.replace('Subject:', 'Bcc :'), {}],
    ['no header', 'just text', {}],
    ['a subject beside it', raw, { subject: 's' }],
  ])('with %s is refused', async (_, text, more) => {
    expect(await refusal({ to: 'b@example.org', raw: text, ...more })).toMatchObject({ code: 'ERR_MESSAGE_INVALID' });
  });
});

/**
 * Messages in nodemailer's form: how they are converted, and which keys are refused by name.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isEmailError } from '../../../src/index.js';
import { createTransport } from '../../../src/nodemailer.js';
import type { NodemailerError, SendMailOptions, TransportOptions } from '../../../src/nodemailer.js';
import { TestSmtpServer } from '../../../src/testing.js';
import type { TestMessage } from '../../../src/testing.js';

let server: TestSmtpServer;
const folder = mkdtempSync(join(tmpdir(), 'nodemailer-'));
beforeAll(async () => {
  server = await TestSmtpServer.start({ security: 'none' });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const base = { from: 'ann@example.com', to: 'bob@example.org', text: 'Hello' };

async function sent(
  more: SendMailOptions,
  options: TransportOptions = {},
  defaults?: SendMailOptions,
): Promise<TestMessage> {
  const transporter = createTransport({ host: server.host, port: server.port, ...options }, defaults);
  await transporter.sendMail({ ...base, ...more });
  await transporter.close();
  const message = server.messages.at(-1);
  if (message === undefined) throw new Error('nothing arrived');
  return message;
}

async function refusal(
  more: object,
  options: TransportOptions = {},
): Promise<NodemailerError & { problems: readonly string[] }> {
  const before = server.messages.length;
  const transporter = createTransport({ host: server.host, port: server.port, ...options });
  const error: NodemailerError = await transporter.sendMail({ ...base, ...more }).then(
    () => new Error('it was sent'),
    (reason: NodemailerError) => reason,
  );
  await transporter.close();
  expect(server.messages).toHaveLength(before);
  const { cause } = error;
  const found = isEmailError(cause) ? (cause.problems ?? []) : [];
  return Object.assign(error, { problems: found.map(({ path, message }) => `${path}: ${message}`) });
}

describe('what becomes of a message', () => {
  test('defaults fill in what the message lacks, headers one by one', async () => {
    const message = await sent(
      { from: undefined, headers: { 'X-A': 'own' } },
      {},
      {
        from: 'default@example.com',
        subject: 'Default',
        headers: { 'x-a': 'default', 'X-B': 'default' },
      },
    );
    expect(message.subject).toBe('Default');
    expect(message.headers).toMatchObject({ from: ['default@example.com'], 'x-a': ['own'], 'x-b': ['default'] });
  });

  test('headers that have a field of the message fill that in', async () => {
    const message = await sent({
      subject: 'own',
      headers: { 'Message-ID': '<a@example.com>', Subject: 'not this', 'Reply-To': 'r@example.com, s@example.com' },
    });
    expect(message.headers).toMatchObject({
      'message-id': ['<a@example.com>'],
      subject: ['own'],
      'reply-to': ['r@example.com, s@example.com'],
    });
  });

  test('a file, where allowFiles allows it', async () => {
    writeFileSync(join(folder, 'a.txt'), 'from a file');
    const attachments = [{ path: join(folder, 'a.txt') }];
    const message = await sent(
      { attachments, html: { path: join(folder, 'a.txt') } },
      { allowFiles: { root: folder } },
    );
    expect(message.html).toBe('from a file');
    expect(message.attachments[0]).toMatchObject({ filename: 'a.txt', contentType: 'text/plain' });
  });

  test.each<[string, SendMailOptions, TransportOptions]>([
    ['the message', { attachDataUrls: true }, {}],
    ['the transport', {}, { attachDataUrls: true }],
    ['the transport, whatever the message says', { attachDataUrls: false }, { attachDataUrls: true }],
  ])('images in data: URLs, where attachDataUrls of %s asks for parts', async (_name, more, options) => {
    const html = Readable.from([Buffer.from('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">')]);
    const message = await sent({ html, ...more }, options);
    expect(message.html).toMatch(/^<img src="cid:[0-9a-f]+@data\.invalid">$/);
    expect(message.attachments).toMatchObject([{ filename: 'image-1.gif', contentType: 'image/gif' }]);
  });

  test('images in data: URLs stay where nothing asks for parts', async () => {
    const html = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">';
    expect(await sent({ html })).toMatchObject({ html, attachments: [] });
  });

  test('content of content, with its encoding', async () => {
    const message = await sent({
      text: { content: Buffer.from('bytes') },
      html: { content: 'PGI+', encoding: 'base64' },
      attachments: [
        { filename: 'hex.bin', content: '0102', encoding: 'hex' },
        { filename: 'u.txt', path: 'data:,a%20b' },
      ],
    });
    expect([message.text, message.html]).toEqual(['bytes', '<b>']);
    expect(message.attachments.map(({ content }) => Buffer.from(content).toString('latin1'))).toEqual([
      '\x01\x02',
      'a b',
    ]);
  });

  test('an event without method has that of its content', async () => {
    const icalEvent = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n';
    const message = await sent({ icalEvent });
    expect(Buffer.from(message.content).toString('latin1')).toMatch(/text\/calendar;[^]*method="?CANCEL/i);
    expect(message.attachments.map(({ filename }) => filename)).toContain('invite.ics');
    expect((await sent({ icalEvent: { content: icalEvent, filename: false } })).attachments).toHaveLength(1);
  });

  test('REQUIRETLS is asked for, and dsn in the envelope', async () => {
    await using secure = await TestSmtpServer.start();
    const transporter = createTransport({ host: secure.host, port: secure.port, tls: { ca: secure.ca } });
    await transporter.sendMail({
      ...base,
      requireTLSExtensionEnabled: true,
      envelope: { from: 'b@example.com', to: 'bob@example.org', dsn: { ret: 'FULL', envid: 'e', notify: 'never' } },
    });
    await transporter.close();
    expect(secure.messages[0]?.envelope.parameters).toMatchObject({ REQUIRETLS: '', RET: 'FULL', ENVID: 'e' });
    expect(secure.messages[0]?.envelope.to[0]?.parameters).toMatchObject({ NOTIFY: 'NEVER' });
  });
});

describe('what is refused', () => {
  test.each([
    [
      { attachments: [{ path: '/etc/hostname' }] },
      'EFILEACCESS',
      'attachments.0.path: names a file, but files are not allowed',
    ],
    [
      { attachments: [{ href: 'https://example.com/a' }] },
      'EURLACCESS',
      'attachments.0.href: is not supported: nothing is fetched',
    ],
    [
      { attachments: [{ path: 'https://example.com/a' }] },
      'EURLACCESS',
      'attachments.0.path: is not supported: nothing is fetched',
    ],
    [{ html: { path: '/etc/hostname' } }, 'EFILEACCESS', 'html.path: names a file'],
    [{ raw: { path: '/etc/hostname' }, text: undefined }, 'EFILEACCESS', 'raw.path: names a file'],
    [
      { attachments: [{ content: { path: '/etc/hostname' } }] },
      'EFILEACCESS',
      'attachments.0.content.path: names a file',
    ],
    [{ icalEvent: { href: 'https://example.com/a.ics' } }, 'EURLACCESS', 'icalEvent.href: is not supported'],
    [
      { attachments: [{ content: 'a', headers: { 'X-A': '1' } }] },
      'EMESSAGE',
      'attachments.0.headers: is not supported',
    ],
    [{ attachments: [{ raw: 'a' }] }, 'EMESSAGE', 'attachments.0.raw: is not supported'],
    [
      { attachments: [{ content: 'a', contentTransferEncoding: '7bit' }] },
      'EMESSAGE',
      'contentTransferEncoding: is not supported',
    ],
    [
      { attachments: [{ content: 'a', contentDisposition: 'x' }] },
      'EMESSAGE',
      'attachments.0.contentDisposition: expected',
    ],
    [
      { attachments: [{ content: 'a', encoding: 'rot13' }] },
      'EMESSAGE',
      'attachments.0.encoding: expected an encoding',
    ],
    [{ attachments: { content: 'a' } }, 'EMESSAGE', 'attachments: expected an array'],
    [{ encoding: 'base64' }, 'EMESSAGE', 'encoding: is not supported'],
    [{ textEncoding: 'B' }, 'EMESSAGE', 'textEncoding: is not supported'],
    [{ attachDataUrls: 1 }, 'EMESSAGE', 'attachDataUrls: expected true or false'],
    [
      { attachDataUrls: true, html: '<img src="data:image/png;base64,%%%">' },
      'EMESSAGE',
      'html: the data: URL at character 10 is not well-formed base64',
    ],
    [{ otp: { code: '1' } }, 'EMESSAGE', 'otp: is not supported'],
    [{ auth: { user: 'u' } }, 'EMESSAGE', 'auth: is not supported: make a transport for each account'],
    [{ template: 'x' }, 'EMESSAGE', 'template: is of a plug-in'],
    [{ subjct: 'x' }, 'EMESSAGE', 'subjct: is not a known key; did you mean subject?'],
    [
      { headers: { 'X-A': { prepared: true, value: 'x' } } },
      'EMESSAGE',
      'headers.X-A: expected text; a prepared value',
    ],
    [{ priority: 'urgent' }, 'EMESSAGE', "priority: expected 'high'"],
    [{ date: 'never' }, 'EMESSAGE', 'date: expected a Date'],
    [{ subject: 'a\r\nBcc: x@example.com' }, 'EMESSAGE', 'subject: '],
    [{ from: undefined }, 'EENVELOPE', 'from: is missing'],
    [{ from: 'a@example.com, b@example.com' }, 'EENVELOPE', 'from: is one mailbox'],
    [{ to: 'no address' }, 'EENVELOPE', 'to: '],
    [{ to: { name: 'Ann', email: 'a@example.com' } }, 'EENVELOPE', 'to.email: is called address here'],
    [{ to: undefined }, 'EENVELOPE', 'to: '],
    [{ envelope: { from: 'a@example.com' } }, 'EENVELOPE', 'envelope.to: is missing'],
    [{ dsn: { return: 'all' } }, 'EENVELOPE', "dsn.return: expected 'full'"],
    [{ dsn: { notify: 'always' } }, 'EENVELOPE', "dsn.notify: expected 'never'"],
    [{ list: { help: { url: 'a b' } } }, 'EMESSAGE', 'list.help.url: has a space'],
    [{ to: ['a@example.com', 'b@example.com'], maxRecipients: 1 }, 'EMAXRECIPIENTS', 'to: has 2 recipients'],
    [{ raw: 'From: a@example.com\r\n\r\nx' }, 'EMESSAGE', 'text: cannot be combined with raw'],
    [{ icalEvent: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n' }, 'EMESSAGE', 'icalEvent.content: has no METHOD'],
    [{ icalEvent: Readable.from(['x']) }, 'EMESSAGE', 'icalEvent.content: expected text or bytes'],
  ])('%j by %s', async (more, code, problem) => {
    const error = await refusal(more);
    expect(error.problems).toContainEqual(expect.stringContaining(problem));
    expect(error.code).toBe(code);
    expect(error.command).toBe('API');
  });

  test('a file, where the message or its transport disables files', async () => {
    const attachments = [{ path: '/etc/hostname' }];
    expect((await refusal({ attachments, disableFileAccess: true }, { allowFiles: true })).code).toBe('EFILEACCESS');
    expect((await refusal({ attachments }, { allowFiles: true, disableFileAccess: true })).code).toBe('EFILEACCESS');
  });

  test('a message whose streams are then closed', async () => {
    const [raw, nested] = [Readable.from([]), Readable.from([])];
    await refusal({ subjct: 'x', html: raw, attachments: [{ filename: 'a', content: nested }] });
    expect([raw.destroyed, nested.destroyed]).toEqual([true, true]);
  });

  test('a password without TLS, unless allowPlaintext', async () => {
    await using open = await TestSmtpServer.start({ security: 'none', users: { u: 'secret' }, mechanisms: ['PLAIN'] });
    const options = { host: open.host, port: open.port, auth: { user: 'u', pass: 'secret' } };
    const strict = createTransport(options);
    await expect(strict.sendMail(base)).rejects.toMatchObject({ code: 'EAUTH', cause: { code: 'ERR_AUTH_PLAINTEXT' } });
    await strict.close();
    const lax = createTransport({ ...options, auth: { ...options.auth, allowPlaintext: true } });
    expect((await lax.sendMail(base)).accepted).toEqual(['bob@example.org']);
    await lax.close();
  });
});

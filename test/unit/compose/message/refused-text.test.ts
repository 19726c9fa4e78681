import { describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../../../src/index.js';
import type { EmailProfile, MailMessage } from '../../../../src/index.js';
import { MemoryTransport } from '../../../../src/testing.js';

const profile: EmailProfile = { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } };

/** Every text of a message that reaches a header field or a command, by its path. */
const texts: readonly [path: string, message: (text: string) => MailMessage][] = [
  ['to', (text) => ({ to: `b${text}@example.org` })],
  ['to', (text) => ({ to: `"b${text}"@example.org` })],
  ['to', (text) => ({ to: `Ann ${text} <b@example.org>` })],
  ['to', (text) => ({ to: `"Ann ${text}" <b@example.org>` })],
  ['to', (text) => ({ to: `b@example.org (${text})` })],
  ['to.0.name', (text) => ({ to: [{ name: `Ann ${text}`, email: 'b@example.org' }] })],
  ['to.0.email', (text) => ({ to: [{ email: `b@exa${text}mple.org` }] })],
  ['cc', (text) => ({ cc: `b@example.org${text}` })],
  ['bcc.0', (text) => ({ bcc: [`${text}b@example.org`] })],
  ['from', (text) => ({ from: `Ann <b@example.org${text}>` })],
  ['from.name', (text) => ({ from: { name: text, email: 'b@example.org' } })],
  ['sender', (text) => ({ sender: `Ann${text} <b@example.org>` })],
  ['replyTo.0', (text) => ({ replyTo: [`b@example.org${text}`] })],
  ['readReceiptTo', (text) => ({ readReceiptTo: `b@example.org${text}` })],
  ['returnReceiptTo', (text) => ({ returnReceiptTo: `b@example.org${text}` })],
  ['subject', (text) => ({ subject: `x${text}Bcc: c@example.org` })],
  ['headers.X-A', (text) => ({ headers: { 'X-A': `x${text}` } })],
  ['headers.0', (text) => ({ headers: [{ name: 'X-A', value: text }] })],
  ['headers.0', (text) => ({ headers: [{ name: `X-A${text}`, value: 'x' }] })],
  ['messageId', (text) => ({ messageId: `a${text}@b` })],
  ['inReplyTo', (text) => ({ inReplyTo: `<a@b${text}>` })],
  ['references.1', (text) => ({ references: ['a@b', `a@b${text}`] })],
  ['priority', (text) => ({ priority: `urgent${text}` as 'urgent' })],
  ['sensitivity', (text) => ({ sensitivity: `private${text}` as 'private' })],
  ['importance', (text) => ({ importance: `high${text}` as 'high' })],
  ['list.unsubscribe.0', (text) => ({ list: { unsubscribe: `https://example.com/${text}` } })],
  ['list.unsubscribe.1', (text) => ({ list: { unsubscribe: ['https://example.com/', `leave${text}@example.com`] } })],
  ['list.help', (text) => ({ list: { help: `https://example.com/${text}` } })],
  ['list.archive', (text) => ({ list: { archive: `<https://example.com/${text}>` } })],
  ['list.id', (text) => ({ list: { id: `news${text}.example.com` } })],
  ['list.id', (text) => ({ list: { id: `News${text} <news.example.com>` } })],
  ['list.id', (text) => ({ list: { id: `News${text}<news.example.com>` } })],
  ['calendar.method', (text) => ({ calendar: { method: `REQUEST${text}`, content: 'x' } })],
  [
    'calendar.filename',
    (text) => ({ calendar: { method: 'REQUEST', content: 'METHOD:REQUEST', filename: `a${text}.ics` } }),
  ],
  ['attachments.0.filename', (text) => ({ attachments: [{ filename: `a${text}.txt`, content: 'x' }] })],
  ['attachments.0.contentType', (text) => ({ attachments: [{ contentType: `text/plain${text}`, content: 'x' }] })],
  [
    'attachments.0.contentType',
    (text) => ({ attachments: [{ contentType: `text/plain; x="a${text}"`, content: 'x' }] }),
  ],
  ['attachments.0.cid', (text) => ({ attachments: [{ cid: `a${text}`, content: 'x' }] })],
  ['alternatives.0.filename', (text) => ({ alternatives: [{ filename: `a${text}.txt`, content: 'x' }] })],
  [
    'alternatives.0.contentType',
    (text) => ({ alternatives: [{ contentType: `text/x-amp-html${text}`, content: 'x' }] }),
  ],
  ['envelope.from', (text) => ({ envelope: { from: `a@example.com${text}` } })],
  ['envelope.to.0', (text) => ({ envelope: { to: [`a${text}@example.com`] } })],
  ['dkim.domain', (text) => ({ dkim: { domain: `example.com${text}`, selector: 's', privateKey: 'x' } })],
  ['dkim.selector', (text) => ({ dkim: { domain: 'example.com', selector: `s${text}`, privateKey: 'x' } })],
  [
    'dkim.headers.1',
    (text) => ({ dkim: { domain: 'example.com', selector: 's', privateKey: 'x', headers: ['From', `X-A${text}`] } }),
  ],
];

async function refusal(message: MailMessage): Promise<{ path: string | undefined; sent: number }> {
  const transport = new MemoryTransport();
  const mailer = createMailer(profile, { transport });
  try {
    await mailer.send({ to: 'b@example.org', text: 'x', ...message });
    return { path: undefined, sent: transport.sent.length };
  } catch (error) {
    if (!isEmailError(error) || error.code !== 'ERR_MESSAGE_INVALID') throw error;
    // The error's message is one line too.
    expect(error.message).not.toMatch(/[\0\r\n]/);
    expect(JSON.stringify(error.problems)).not.toMatch(/\\[rn]|\\u0000/);
    // An error names a header field by its number, followed by its name.
    const path = error.problems?.[0]?.path.replace(/^(headers\.\d+) \(X-A.*\)$/, '$1');
    return { path, sent: transport.sent.length };
  } finally {
    await mailer.close();
  }
}

describe('CR, LF and NUL are refused with the field’s name, and nothing is sent (PHPMailer CVE-2012-0796, Ruby CVE-2015-9096, nodemailer GHSA-268h-hp4c-crq3)', () => {
  it.each(texts)('in %s', async (path, message) => {
    for (const control of ['\r\n', '\r', '\n', '\0', '\r\n ', '\n\t']) {
      expect(await refusal(message(control)), JSON.stringify(message(control))).toEqual({ path, sent: 0 });
    }
  });

  it('and in a name of a header field, which is shown on one line', async () => {
    expect(await refusal({ headers: { 'X-A\r\nBcc': 'c@example.org' } })).toEqual({
      path: 'headers.X-A\\x0d\\x0aBcc',
      sent: 0,
    });
  });
});

describe('half of a surrogate pair, which has no UTF-8, is refused with the field’s name', () => {
  const whole: readonly [string, (text: string) => MailMessage][] = [
    ['text', (text) => ({ text })],
    ['html', (text) => ({ html: text })],
    ['calendar', (text) => ({ calendar: { method: 'REQUEST', content: `METHOD:REQUEST\r\n${text}` } })],
    ['alternatives.0', (text) => ({ alternatives: [{ content: text }] })],
    ['attachments.0.content', (text) => ({ attachments: [{ content: text }] })],
    ['raw', (text) => ({ text: undefined, raw: `Subject: x\r\n\r\n${text}` })],
  ];
  const fields = texts.filter(([path]) => !/^(?:dkim|priority|sensitivity|importance)/.test(path));
  it.each([...fields, ...whole])('in %s', async (path, message) => {
    for (const half of ['\ud83d', '\ude80']) expect(await refusal(message(half))).toEqual({ path, sent: 0 });
  });
});

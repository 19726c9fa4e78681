/**
 * Content and fields that other libraries send wrongly. The error says what to write instead.
 * @module
 */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createMailer } from '../../../../src/index.js';
import type { MailMessage } from '../../../../src/index.js';
import { MemoryTransport } from '../../../../src/testing.js';
import { failure } from '../../../support/engine.js';

async function composed(message: MailMessage): Promise<string> {
  await using mailer = createMailer({ name: 't', sender: { email: 'app@example.com' }, server: { host: 'localhost' } });
  return Buffer.from((await mailer.compose({ to: 'b@example.com', ...message })).content).toString();
}
const field = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}: *((?:.|\\r\\n[ \\t])*)`, 'mi')
    .exec(text)?.[1]
    ?.replace(/\r\n(?=[ \t])/g, '')
    .trim();
const refusal = async (message: MailMessage): Promise<string> => {
  const error = await failure(composed(message));
  expect(error.code).toBe('ERR_MESSAGE_INVALID');
  return error.message;
};

describe('the METHOD of a calendar object', () => {
  const calendar = (...lines: readonly string[]): MailMessage => ({
    text: 'x',
    calendar: {
      method: 'REQUEST',
      content: ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n'),
    },
  });

  it.each([
    ['METHOD:REQUEST'],
    ['method:request'],
    ['METHOD;X-A=b:REQUEST'],
    ['METHOD:REQ\r\n UEST'],
    ['METHOD:REQUEST ', 'BEGIN:VEVENT', 'DESCRIPTION:METHOD:CANCEL', 'END:VEVENT'],
  ])('is taken: %s', async (...lines) => {
    expect(await composed(calendar(...lines))).toContain('method=REQUEST');
  });

  it.each([
    [/calendar\.content: has no METHOD: add a line METHOD:REQUEST/, []],
    [/calendar\.content: has no METHOD/, ['X-METHOD:REQUEST']],
    [/calendar\.method: is REQUEST, and the content has METHOD:CANCEL/, ['METHOD:CANCEL']],
    [/METHOD:CANCEL/, ['METHOD:REQUEST', 'METHOD:CANCEL']],
  ])('is refused with %s', async (words, lines) => {
    expect(await refusal(calendar(...lines))).toMatch(words);
  });
});

describe('parameters of a content type that the library writes itself', () => {
  it.each([
    'application/pdf; name=evil.exe',
    "application/pdf; name*=utf-8''evil.exe",
    'application/pdf; name*0=evil; name*1=.exe',
    "application/pdf; NAME*0*=utf-8''evil; name*1*=.exe",
    "application/pdf; charset*=utf-8''utf-7",
    'application/pdf; charset*0=utf; charset*1=-7',
    'application/pdf; boundary*0=x; boundary*1=y',
    "application/pdf; Boundary*=utf-8''x",
  ])('are taken off: %s', async (contentType) => {
    const text = await composed({ text: 'x', attachments: [{ content: 'z', filename: 'report.pdf', contentType }] });
    expect(text).toMatch(/Content-Type: application\/pdf; name=report\.pdf\r\n/);
    expect(text).not.toMatch(/evil|utf-7|\*/);
  });

  it('leave others alone', async () => {
    const attachments = [
      { content: 'z', filename: 'a.txt', contentType: "text/plain; title*=utf-8''x; format=flowed" },
    ];
    expect(await composed({ text: 'x', attachments })).toMatch(/title\*=/);
  });
});

describe('raw content', () => {
  const raw = 'Subject: x\n\nline\r.\nMAIL FROM:<evil@evil.example>\n';
  const canonical = 'Subject: x\r\n\r\nline\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n';
  const octets = (text: string) =>
    async function* () {
      for (const octet of Buffer.from(text)) yield Buffer.of(octet);
    };

  it.each<[string, MailMessage['raw']]>([
    ['text', raw],
    ['bytes', Buffer.from(raw)],
    ['octets of a stream', octets(raw)],
  ])('has CRLF line ends in compose() and for transports of others: %s', async (_form, content) => {
    expect(await composed({ raw: content })).toBe(canonical);
    const transport = new MemoryTransport();
    await using mailer = createMailer(
      { name: 't', sender: { email: 'a@example.com' }, server: { host: 'x' } },
      { transport },
    );
    await mailer.send({ to: 'b@example.com', raw: content });
    expect(Buffer.from(transport.sent[0]?.content ?? []).toString()).toBe(canonical);
  });

  it.each<[string, MailMessage['raw']]>([
    ['text', 'Subject: x\r\n\r\na\0b'],
    ['bytes', Buffer.from('Subject: x\r\n\r\na\0b')],
    ['octets of a stream', octets('Subject: x\r\n\r\na\0b')],
  ])('has no NUL: %s', async (_form, content) => {
    const error = await failure(composed({ raw: content }));
    expect([error.code, error.message]).toEqual(['ERR_CONTENT', expect.stringContaining('NUL at octet 15')]);
  });
});

describe('custom header fields', () => {
  const url = '<https://x.example/u/dXNlckBleGFtcGxlLmNvbQ==?c=1>, <mailto:u@example.com?subject=unsubscribe>';

  it.each([
    ['List-Unsubscribe', url],
    ['Archived-At', '<https://x.example/?a==?utf-8?q?x?=>'],
    ['Original-Message-ID', '<a=?b?c@example.com>'],
    ['X-Data', '{"a":"=?","b":"?="}'],
    ['X-Data', 'a =? b ?= c'],
    ['X-Token', `v=${'x'.repeat(990)}`],
  ])('%s goes as it is', async (name, value) => {
    expect(field(await composed({ text: 'x', headers: { [name]: value } }), name)).toBe(value);
  });

  it.each(['=?utf-8?q?evil?=', 'a =?utf-8?B?eA==?= b', '=?utf-8?q?a b?=', '=?x?Q??=', 'Grüße', 'a\u0085b'])(
    'unstructured text that a reader would decode, or that is not ASCII, is encoded: %s',
    async (value) => {
      const text = await composed({ text: 'x', headers: { 'X-Note': value } });
      expect(field(text, 'X-Note')).not.toBe(value);
      expect(field(text, 'X-Note')).toMatch(/=\?utf-8\?/i);
    },
  );

  it('begin on the line of their name, however long the first word: some readers keep the blank of a line that follows', async () => {
    const value = `=?=?${'y'.repeat(300)} z`;
    for (const name of ['X-Data', 'Subject'])
      expect(
        await composed(name === 'Subject' ? { text: 'x', subject: value } : { text: 'x', headers: { [name]: value } }),
      ).toContain(`${name}: =?=?yyy`);
  });

  it('that are structured are refused where they are not ASCII', async () => {
    expect(await refusal({ text: 'x', headers: { 'List-Help': '<https://exämple.com>' } })).toMatch(
      /only ASCII is allowed in List-Help/,
    );
  });

  it.each([
    ['X-Data', `{"a":"${'x'.repeat(1000)}"}`],
    ['List-Unsubscribe', `<https://x.example/${'a'.repeat(1000)}>`],
  ])('%s with a word that fits no line is refused', async (name, value) => {
    expect(await refusal({ text: 'x', headers: { [name]: value } })).toMatch(/998/);
  });
});

describe('refusals that say what to do', () => {
  it.each<[string, MailMessage, RegExp]>([
    ['dots of Japanese carriers', { to: 'user..name@docomo.ne.jp' }, /quote it: "user\.\.name"@/],
    ['a dot at the end', { to: 'user.@docomo.ne.jp' }, /quote it: "user\."@/],
    [
      'a long unsubscribe URL',
      { list: { unsubscribe: `https://x.example/${'a'.repeat(900)}` } },
      /the URL has 918 characters, and a header field can contain up to 900/,
    ],
    [
      'two URLs in one text',
      { list: { unsubscribe: '<https://x.example/>, <mailto:u@example.com>' } },
      /give each URL separately, without angle brackets; for several use an array/,
    ],
  ])('%s', async (_what, message, words) => {
    expect(await refusal({ text: 'x', ...message })).toMatch(words);
  });

  it('the quoted form of such an address is taken', async () => {
    expect(field(await composed({ to: '"user..name"@docomo.ne.jp', text: 'x' }), 'To')).toBe(
      '"user..name"@docomo.ne.jp',
    );
  });
});

describe('a stream of text', () => {
  const attached = async (content: MailMessage['text']): Promise<Buffer> => {
    const transport = new MemoryTransport();
    await using mailer = createMailer(
      { name: 't', sender: { email: 'a@example.com' }, server: { host: 'x' } },
      { transport },
    );
    await mailer.send({
      to: 'b@example.com',
      text: 'x',
      attachments: [{ filename: 'a.bin', content: content as never }],
    });
    return Buffer.from(transport.sent[0]?.attachments[0]?.content ?? []);
  };

  it('is taken as UTF-8, a character cut between two chunks included', async () => {
    expect((await attached(Readable.from(['a;b\n', '1;ü\n', '\ud83d', '\ude80']) as never)).toString()).toBe(
      'a;b\n1;ü\n🚀',
    );
  });

  it.each([[['\ud83d']], [['\ud83d', 'x']], [['\ude80']]])(
    'with half of a character is refused: %j',
    async (chunks) => {
      const error = await failure(attached(Readable.from(chunks) as never));
      expect([error.code, error.message]).toEqual(['ERR_CONTENT', expect.stringContaining('half of a surrogate pair')]);
    },
  );
});

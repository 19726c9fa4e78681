import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { AddressInput, Attachment, ContentInput, EmailProfile, MailMessage } from '../../src/index.js';
import { random } from '../support/random.js';
import { readByPython } from './python-email.js';
import type { PythonPart } from './python-email.js';

const base: EmailProfile = { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } };

async function compose(message: MailMessage, profile = base): Promise<Buffer> {
  const mailer = createMailer(profile);
  try {
    const content = Buffer.from((await mailer.compose(message)).content);
    expect(content.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|[^\r\n]{999}|[^\x01-\x7f]/);
    return content;
  } finally {
    await mailer.close();
  }
}

const leaves = (part: PythonPart): PythonPart[] => part.parts?.flatMap(leaves) ?? [part];
const canonical = (text: string): string => text.replace(/\r\n?|\n/g, '\r\n');

test('Python reads awkward content and names as they were given', async () => {
  const files = [
    Buffer.alloc(0),
    Buffer.of(0),
    randomBytes(5 << 20),
    Buffer.from('.\r\n..\n.\r.'),
    Buffer.from(`${'x'.repeat(10_000)}\n`),
    Buffer.from('From me\n=20 \t\n'),
  ];
  const names = [
    '"a" (b), \\c.txt',
    'a/b/../c;d=e.txt',
    "100%25*'.txt",
    'é'.repeat(150),
    'x'.repeat(300),
    '👩‍👩‍👧‍👦 \u202eשלום.pdf',
  ];
  const text = `${'abc def '.repeat(1250)}\n.\n..\nFrom here\ntrailing \n\0\u0085\u2028\u560d\u560a`;
  const subject = `${'Žluť 👩‍👩‍👧‍👦 =?utf-8?q?x?= שלום '.repeat(70)}`.slice(0, 2000).trim();
  const message: MailMessage = {
    to: { name: 'bob@example.net <x@y>', email: 'b@example.org' },
    subject,
    text,
    html: text,
    headers: { 'X-A': '\u560d\u560a, \u0085, \u2028 and\ttab  ,' },
    attachments: files.map((content, i) => ({
      filename: names[i],
      content,
      contentType: i % 2 === 0 ? 'text/plain' : 'application/pdf',
    })),
  };
  const [read] = await readByPython([await compose(message)]);
  expect(read?.headers).toMatchObject({ Subject: [subject], 'X-A': ['\u560d\u560a, \u0085, \u2028 and\ttab  ,'] });
  expect(read?.addresses['To']).toEqual([['bob@example.net <x@y>', 'b', 'example.org']]);
  const [plain, html, ...attached] = leaves(read as PythonPart);
  expect([plain?.text, html?.text]).toEqual([canonical(text), canonical(text)]);
  expect(attached.map(({ filename }) => filename)).toEqual(names);
  attached.forEach(({ content }, i) => expect(content === files[i]?.toString('base64'), names[i]).toBe(true));
  expect([read?.defects, ...attached.map(({ defects }) => defects)].flat()).toEqual([]);
});

test('Python reads random messages as they were given', async () => {
  const seed = 5322;
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const words = [
    ...[
      'a',
      'word',
      ' ',
      ' ',
      ' ',
      '  ',
      '"',
      '\\',
      ',',
      ';',
      ':',
      '(',
      ')',
      '<',
      '>',
      '@',
      '=',
      '?',
      '=?utf-8?q?x?=',
      '=?',
      '?=',
      '%',
      '%41',
      '/',
      '../',
      "'",
      '*',
      '*0*=',
    ],
    ...[
      'é',
      'žluť',
      '日本語',
      '🚀',
      '👩‍👩‍👧‍👦',
      '\u202eRTL',
      'שלום',
      '\u2028',
      '\u560d\u560a',
      'x'.repeat(80),
      'y'.repeat(300),
      '_',
      '.',
      '--',
      '[',
      ']',
      '{',
      '|',
      '~',
      '`',
      '^',
      '#',
      'a@b.example',
      '<x@y>',
    ],
  ];
  const lines = [
    ...words,
    '\n',
    '\r\n',
    '\r',
    '\n.\n',
    'From ',
    '\nFrom x',
    '\t',
    '\0',
    'z'.repeat(1200),
    '--=_',
    '\n--=_',
  ];
  const made = (list: readonly string[], least: number, most: number): string =>
    Array.from({ length: least + next(most) }, () => pick(list)).join('');
  // Python strips blanks, quotes and brackets from the ends of a file name, and keeps blanks between the encoded-words
  // of a phrase.
  const bare = (name: string | null | undefined): string => (name ?? '').replace(/^[\s"<]+|[\s">]+$/g, '');
  const packed = (name: string): string => name.replace(/\s/g, '');
  const stream = (bytes: Buffer) =>
    async function* () {
      for (let at = 0; at < bytes.length; at += 37) yield bytes.subarray(at, at + 37);
    };
  const rows = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const files = Array.from({ length: next(3) }, () =>
        next(2) === 0
          ? Buffer.from(made(lines, 0, 40))
          : Buffer.from(Array.from({ length: next(300) }, () => next(256))),
      );
      const contentOf = (bytes: Buffer): ContentInput =>
        pick<ContentInput>([bytes, new Blob([new Uint8Array(bytes)]), stream(bytes)(), stream(bytes)]);
      const attachments = files.map((bytes): Attachment => ({
        filename: made(words, 1, 8),
        content: contentOf(bytes),
        contentType: pick([undefined, 'text/plain', 'text/csv; charset=iso-8859-1', 'image/png']),
      }));
      const to = Array.from({ length: 1 + next(3) }, (_unused, i): Exclude<AddressInput, string> => ({
        name: made(words, 1, 6),
        email: `user${i}@example.org`,
      }));
      const headers = ['X-One', 'X-Two', 'X-One'].map((name) => ({ name, value: made(words, 1, 20) }));
      const organization = made(words, 1, 8);
      const message = {
        to,
        subject: made(words, 1, 40),
        text: made(lines, 0, 40),
        html: made(lines, 0, 40),
        headers,
        attachments,
      };
      return {
        message,
        files,
        organization,
        content: await compose(message, { ...base, sender: { ...base.sender, organization } }),
        label: `seed ${seed}, message ${n}`,
      };
    }),
  );
  const read = await readByPython(rows.map(({ content }) => content));
  rows.forEach(({ message, files, organization, label }, i) => {
    const python = read[i];
    const [plain, html, ...attached] = leaves(python as PythonPart);
    const { headers } = message;
    expect(python?.headers, label).toMatchObject({
      Subject: [message.subject],
      Organization: [organization],
      'X-One': [headers[0]?.value, headers[2]?.value],
      'X-Two': [headers[1]?.value],
    });
    expect(
      python?.addresses['To']?.map(([name, local]) => [packed(name), local]),
      label,
    ).toEqual(message.to.map(({ name = '' }, k) => [packed(name), `user${k}`]));
    expect([plain?.text, html?.text], label).toEqual([canonical(message.text), canonical(message.html)]);
    expect(
      attached.map(({ filename }) => bare(filename)),
      label,
    ).toEqual(message.attachments.map(({ filename }) => bare(filename)));
    expect(
      attached.map(({ content }) => content),
      label,
    ).toEqual(files.map((bytes) => bytes.toString('base64')));
    expect(
      leaves(python as PythonPart).flatMap(({ defects }) => defects),
      label,
    ).toEqual([]);
  });
});

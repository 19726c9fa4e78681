import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/address/mailbox.js';
import { arrangeParts } from '../../src/mime/arrange.js';
import { formatDate } from '../../src/mime/date.js';
import { addressField, structuredField, textField } from '../../src/mime/field.js';
import { createMessageId } from '../../src/mime/identifier.js';
import { parseMessage } from '../../src/mime/read/parse.js';
import type { LeafPart, Part, RenderOptions } from '../../src/mime/part.js';
import { renderMessage } from '../../src/mime/render.js';
import { random } from '../support/random.js';
import { readByPython } from './python-email.js';

async function bytesOf(fields: string, part: Part, options: RenderOptions = {}): Promise<Buffer> {
  const { content, size } = renderMessage(fields, part, options);
  const chunks: Buffer[] = [];
  if (content instanceof Uint8Array) chunks.push(Buffer.from(content));
  else for await (const chunk of content) chunks.push(Buffer.from(chunk));
  const whole = Buffer.concat(chunks);
  if (size !== undefined) expect(whole).toHaveLength(size);
  return whole;
}

const subjects = [
  'Hello',
  '',
  'x'.repeat(2000),
  'Lorem ipsum dolor sit amet '.repeat(75).trim(),
  'Příliš žluťoučký kůň '.repeat(100).trim(),
  '日本語🚀'.repeat(200),
  'two  blanks  inside',
  'tab\tinside',
  'Order 12 für Jürgen is on its way',
  'é',
  'ends with é',
  'é begins',
  '100 % = "quoted" <b>, (c); \\',
  '=?utf-8?q?not_encoded?=',
  '👩‍👩‍👧‍👦',
  'a: b: c',
  `${'before '.repeat(20)}žluť ${'after '.repeat(20)}`.trim(),
  'trailing blank ',
  ' leading',
];
const names = [
  'Ann',
  'Ann Lee',
  'Lee, Ann',
  'J. Doe',
  'a "b" \\',
  'Jiří Novák',
  '日本語',
  'x'.repeat(150),
  'ž'.repeat(150),
  "O'Neil (x)",
  '=?utf-8?q?x?=',
  'a@b',
  'two  blanks',
];
const filenames = [
  'a.txt',
  'a b.txt',
  'a "b" \\.txt',
  'Řeka Žlutá.pdf',
  '日本語'.repeat(30),
  'x'.repeat(200),
  `${'long name '.repeat(12)}.txt`,
  "it's (1)*2%.txt",
  'a;b=c.txt',
  '🚀.png',
];

function mailboxField(name: string, displayNames: readonly string[]): string {
  return addressField(
    name,
    displayNames.map((displayName, i) => parseAddress({ name: displayName, email: `user${i}@example.org` })),
  );
}

describe('Python reads', () => {
  test('every subject as it was given', async () => {
    const read = await readByPython(
      await Promise.all(
        subjects.map((subject) =>
          bytesOf(textField('Subject', subject), arrangeParts({ alternatives: [], inline: [], attachments: [] })),
        ),
      ),
    );
    read.forEach(({ headers, defects }, i) => {
      expect(headers['Subject']).toEqual([subjects[i]]);
      expect(defects).toEqual([]);
    });
  });

  test('every mailbox as it was given', async () => {
    const addresses = [
      'a@b',
      '"a b"@example.org',
      '"a\\"\\\\b"@example.org',
      'a@straße.example',
      'a@[192.0.2.1]',
      'a@[IPv6:2001:db8::1]',
      'jiří@example.org',
      '"a,b@c"@example.org',
    ];
    const fields =
      mailboxField('To', names) +
      addressField(
        'Cc',
        addresses.map((address) => parseAddress(address)),
      );
    const [read] = await readByPython([
      await bytesOf(fields, { contentType: 'text/plain', body: { text: 'x' }, path: 'text' }),
    ]);
    // Python before 3.13 keeps a blank between two encoded-words of a phrase (gh-92081), so names are compared without
    // blanks.
    const packed = (name: string): string => name.replaceAll(' ', '');
    expect(read?.addresses['To']?.map(([name, ...rest]) => [packed(name), ...rest])).toEqual(
      names.map((name, i) => [packed(name), `user${i}`, 'example.org']),
    );
    expect(read?.addresses['Cc']?.map(([, local, domain]) => [local, domain])).toEqual(
      addresses.map((address) => parseAddress(address)).map(({ localPart, domain }) => [localPart, domain]),
    );
    expect(read?.defects.filter((defect) => !defect.includes('NonASCIILocalPart'))).toEqual([]);
  });

  test('every file name, and parts with all their fields', async () => {
    const messages = filenames.map((filename) =>
      bytesOf(
        'Subject: x\r\n',
        arrangeParts({
          alternatives: [
            { contentType: 'text/plain', body: { text: 'Hé' }, path: 'text' },
            { contentType: 'text/html', body: { text: '<img src="cid:i@x">' }, path: 'html' },
          ],
          inline: [
            {
              contentType: 'image/png',
              disposition: 'inline',
              cid: 'i@x',
              filename,
              description: 'Ein Löwe',
              body: { bytes: Buffer.of(1, 2, 3) },
              path: 'attachments.0',
            },
          ],
          attachments: [
            {
              contentType: 'application/pdf',
              disposition: 'attachment',
              filename,
              body: { bytes: Buffer.alloc(100) },
              path: 'attachments.1',
            },
          ],
        }),
      ),
    );
    const read = await readByPython(await Promise.all(messages));
    read.forEach((message, i) => {
      const [alternative, file] = message.parts ?? [];
      const image = alternative?.parts?.[1]?.parts?.[1];
      expect(message.type).toBe('multipart/mixed');
      expect([alternative?.type, alternative?.parts?.[0]?.text, alternative?.parts?.[1]?.type]).toEqual([
        'multipart/alternative',
        'Hé',
        'multipart/related',
      ]);
      expect(image).toMatchObject({
        type: 'image/png',
        filename: filenames[i],
        cid: '<i@x>',
        description: 'Ein Löwe',
        disposition: 'inline',
        content: 'AQID',
        defects: [],
      });
      expect(file).toMatchObject({
        type: 'application/pdf',
        filename: filenames[i],
        disposition: 'attachment',
        defects: [],
      });
    });
  });

  test('date, message-id and long structured fields', async () => {
    const id = createMessageId('example.com');
    const references = Array.from({ length: 40 }, () => createMessageId('example.com')).join(' ');
    const fields = `Date: ${formatDate(new Date('2026-11-22T10:35:36.789Z'))}\r\n${structuredField('Message-ID', id)}${structuredField('References', references)}`;
    const [read] = await readByPython([
      await bytesOf(fields, { contentType: 'text/plain', body: { text: 'x' }, path: 'text' }),
    ]);
    expect(read?.headers).toMatchObject({
      Date: ['Sun, 22 Nov 2026 10:35:36 +0000'],
      'Message-ID': [id],
      References: [references],
    });
    expect(read?.defects).toEqual([]);
  });

  test('random messages as our own parser does, part by part', async () => {
    const seed = 20261122;
    const next = random(seed);
    const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
    const snippets = [
      'a',
      ' ',
      '\t',
      '.',
      '\n',
      '\r\n',
      '\r',
      'From ',
      '=',
      '--',
      'é',
      '日本',
      '🚀',
      'word ',
      'x'.repeat(80),
      'y'.repeat(1000),
      '=_',
      '\r\n.\r\n',
      ' \r\n',
      '\r\n--=_',
    ];
    const content = (): string => Array.from({ length: next(40) }, () => pick(snippets)).join('');
    const canonical = (text: string): string => text.replace(/\r\n?|\n/g, '\r\n');
    const rows = Array.from({ length: 200 }, (_, n) => {
      const text = content();
      const html = content();
      const files = Array.from({ length: next(4) }, (): LeafPart & { readonly given: Buffer } => {
        const given =
          next(3) === 0 ? Buffer.from(Array.from({ length: next(300) }, () => next(256))) : Buffer.from(content());
        const open = async function* (): AsyncGenerator<Uint8Array> {
          for (let at = 0; at < given.length; at += 100) yield given.subarray(at, at + 100);
        };
        const body = next(2) === 0 ? { bytes: given } : { open, size: next(2) === 0 ? given.length : undefined };
        return {
          contentType: pick(['text/csv', 'application/pdf', 'image/png', 'text/plain']),
          disposition: 'attachment',
          filename: pick(filenames),
          body,
          path: `attachments.${n}`,
          given,
        };
      });
      const subject = pick(subjects);
      const part = arrangeParts({
        alternatives: [
          { contentType: 'text/plain', body: { text }, path: 'text' },
          { contentType: 'text/html', body: { text: html }, path: 'html' },
        ],
        inline: [],
        attachments: files,
      });
      // Python's parser takes text only, so BINARYMIME is left out.
      return {
        text,
        html,
        files,
        subject,
        message: bytesOf(textField('Subject', subject) + mailboxField('To', [pick(names)]), part, {
          eightBit: next(2) === 0,
        }),
      };
    });
    const messages = await Promise.all(rows.map(({ message }) => message));
    const read = await readByPython(messages);
    rows.forEach(({ text, html, files, subject }, i) => {
      const label = `seed ${seed}, message ${i}`;
      const python = read[i];
      const ours = parseMessage(messages[i] ?? Buffer.alloc(0));
      const bodies = files.length > 0 ? python?.parts?.[0]?.parts : python?.parts;
      expect(
        bodies?.map((part) => part.text),
        label,
      ).toEqual([canonical(text), canonical(html)]);
      expect([ours.find('text/plain')?.text(), ours.find('text/html')?.text()], label).toEqual([
        canonical(text),
        canonical(html),
      ]);
      expect(python?.headers['Subject'], label).toEqual([subject]);
      files.forEach((file, k) => {
        const theirs = python?.parts?.[k + 1];
        expect(theirs, label).toMatchObject({
          filename: file.filename,
          type: file.contentType,
          content: file.given.toString('base64'),
        });
        expect(ours.parts[k + 1]?.content().equals(file.given), label).toBe(true);
        expect(ours.parts[k + 1]?.filename, label).toBe(file.filename);
      });
    });
  });
});

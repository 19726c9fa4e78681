import { expect, test } from 'vitest';
import { isEmailError } from '../../src/errors/email-error.js';
import { relaxedBodyHash } from '../../src/mime/dkim/dkim-canonical.js';
import { structuredField, textField } from '../../src/mime/field.js';
import { parseMessage } from '../../src/mime/read/parse.js';
import { parseStructured } from '../../src/mime/read/structured.js';
import type { LeafPart } from '../../src/mime/part.js';
import { renderEntity, renderMessage } from '../../src/mime/render.js';
import { decodeEncodedWords } from '../../src/util/encoded-word.js';
import { random } from '../support/random.js';
import { rounds, seedOr } from './kit.js';

const seed = seedOr(2045);
const snippets = [
  'Content-Type: multipart/mixed; boundary=b',
  'Content-Type: text/plain; charset=',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  "Content-Disposition: attachment; filename*0*=utf-8''%C3",
  'Subject: =?utf-8?b?',
  '?=',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '--b',
  '--b--',
  '--',
  ' ',
  '\t',
  ':',
  ';',
  '=',
  '"',
  '\\',
  '%',
  '=3',
  'é',
  '\0',
  'x'.repeat(100),
  '(',
  '=?',
  '*1=',
  'message/rfc822',
  'utf-16',
  'utf-8',
];

test('whatever octets are parsed give a tree, or a limit as ERR_CONTENT', async () => {
  const next = random(seed);
  for (const round of rounds(2000)) {
    const text = Array.from({ length: next(50) }, () => snippets[next(snippets.length)]).join(
      next(2) === 0 ? '' : '\r\n',
    );
    const bytes = Buffer.from(text, next(8) === 0 ? 'latin1' : 'utf8');
    try {
      const root = parseMessage(bytes, { maxDepth: 4, maxParts: 30 });
      for (const part of root.walk()) {
        if (part.start > part.bodyStart || part.bodyStart > part.end || part.end > bytes.length)
          expect.unreachable('places are out of order');
        part.text();
        void [part.filename, part.contentId, part.header.text('subject'), part.disposition];
      }
      await relaxedBodyHash(root.body);
    } catch (error) {
      if (!isEmailError(error) || error.code !== 'ERR_CONTENT')
        throw new Error(`seed ${seed}, round ${round}: ${JSON.stringify(text)}`, { cause: error });
    }
    parseStructured(text);
    decodeEncodedWords(text);
  }
});

test('random content comes back from what is rendered, in memory and streamed alike', async () => {
  const next = random(seed + 1);
  const pieces = [...snippets, 'From ', '.', '日本語', '🚀', ' \r\n', 'word '];
  for (const round of rounds(150)) {
    const label = `seed ${seed + 1}, round ${round}`;
    const content =
      next(4) === 0
        ? Buffer.from(Array.from({ length: next(400) }, () => next(256)))
        : Buffer.from(Array.from({ length: next(60) }, () => pieces[next(pieces.length)]).join(''));
    const contentType = ['text/x', 'a/b', 'text/html'][next(3)] ?? 'a/b';
    const options = { eightBit: next(2) === 0, binary: next(3) === 0 };
    const step = 1 + next(90);
    async function* open(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < content.length; at += step) yield content.subarray(at, at + step);
    }
    const bodies: LeafPart['body'][] = [{ bytes: content }, { open, size: content.length }, { open }];
    const parts = bodies.map((body): LeafPart => ({ contentType, filename: 'x', body, path: 'x' }));
    const { content: rendered, size } = renderMessage('', { contentType: 'multipart/mixed', parts }, options);
    const chunks: Buffer[] = [];
    for await (const chunk of rendered as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
    expect(size).toBeUndefined();
    const read = parseMessage(Buffer.concat(chunks)).parts;
    if (read.length !== 3 || !read.every((part) => part.content().equals(content))) expect.unreachable(label);
    const whole = renderEntity(parts[0] as LeafPart, options);
    if (whole.size !== (whole.body as Uint8Array).length) expect.unreachable(label);
  }
});

test('random values come back from the fields they are written to, or are refused', () => {
  const next = random(seed + 2);
  const words = [
    'a',
    'word',
    ' ',
    '  ',
    '\t',
    'é',
    '日本',
    '🚀',
    '=?',
    '?=',
    '"',
    ',',
    'x'.repeat(90),
    'y'.repeat(950),
    '\u0085',
    '_',
    '=',
    '?',
  ];
  for (const round of rounds(600)) {
    const value = Array.from({ length: next(40) }, () => words[next(words.length)]).join('');
    const label = `seed ${seed + 2}, round ${round}: ${JSON.stringify(value)}`;
    const field = textField('X-Test', value);
    const lines = field.split('\r\n');
    if (
      lines.pop() !== '' ||
      !lines.every((line, i) => /^[ -~\t]{1,998}$/.test(line) && (i === 0 || /^[ \t].*[!-~]/.test(line)))
    )
      expect.unreachable(label);
    const read = decodeEncodedWords(lines.join('').replace(/^X-Test: ?/, ''));
    if (read !== value) expect.unreachable(`${label} came back as ${JSON.stringify(read)}`);
    const bad = `${value}${['\r', '\n', '\0', '\u007f'][next(4)] ?? ''}${value}`;
    expect(() => textField('X-Test', bad)).toThrow(/line breaks and control/);
    expect(() => structuredField('X-Test', bad)).toThrow(/line breaks and control/);
  }
});

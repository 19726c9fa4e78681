import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import { arrangeParts } from '../../../src/mime/arrange.js';
import { parseMessage } from '../../../src/mime/read/parse.js';
import type { LeafPart, Part, RenderOptions } from '../../../src/mime/part.js';
import { joinEntity, renderEntity, renderMessage } from '../../../src/mime/render.js';
import { blockBytes, flushBytes } from '../../../src/smtp/transaction/content.js';
import type { ByteSource } from '../../../src/model/entity.js';

async function collect(source: ByteSource): Promise<Buffer> {
  if (source instanceof Uint8Array) return Buffer.from(source);
  const chunks: Buffer[] = [];
  // A block is valid until the next one is requested, so it is copied.
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function text(content: string, more: Partial<LeafPart> = {}): LeafPart {
  return { contentType: 'text/plain', body: { text: content }, path: 'text', ...more };
}
function bytes(content: Uint8Array, more: Partial<LeafPart> = {}): LeafPart {
  return { contentType: 'application/octet-stream', body: { bytes: content }, path: 'attachments.0', ...more };
}
function stream(
  chunks: readonly (string | Uint8Array)[],
  size: number | undefined,
  more: Partial<LeafPart> = {},
  isText?: boolean,
): LeafPart {
  async function* open(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
  }
  return { contentType: 'application/octet-stream', body: { open, size, isText }, path: 'attachments.0', ...more };
}
function encodingOf(part: Part, options: RenderOptions = {}): string | undefined {
  return /^Content-Transfer-Encoding: (.*)$/m.exec(renderEntity(part, options).fields)?.[1]?.trim();
}

describe('text parts', () => {
  test.each([
    ['Hello\r\n', '7bit'],
    ['', '7bit'],
    ['x'.repeat(998), '7bit'],
    ['x'.repeat(10_000), 'quoted-printable'],
    ['trailing blank \nx', 'quoted-printable'],
    ['From here', 'quoted-printable'],
    ['naïve café in a longer ASCII text', 'quoted-printable'],
    ['日本語テキスト', 'base64'],
    ['a\0b and so on and on', 'quoted-printable'],
  ])('%j goes as %s', async (content, encoding) => {
    expect(encodingOf(text(content))).toBe(encoding);
    const whole = await collect(renderMessage('', { contentType: 'multipart/mixed', parts: [text(content)] }).content);
    expect(parseMessage(whole).parts[0]?.text()).toBe(content.replace(/\r\n?|\n/g, '\r\n'));
    expect(whole.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|[^\0-\x7f]/);
  });

  test('8BITMIME leaves text as it is where its lines allow', () => {
    expect(encodingOf(text('日本語'), { eightBit: true })).toBe('8bit');
    expect(encodingOf(text('日'.repeat(400)), { eightBit: true })).toBe('base64');
    expect(encodingOf(text('é trailing \n'), { eightBit: true })).toBe('quoted-printable');
    expect(renderEntity(text('é'), { eightBit: true })).toMatchObject({ encoding: '8bit', body: Buffer.from('é\r\n') });
  });

  test('a whole message ends with a line end', async () => {
    for (const content of ['a', 'é', '日本語', 'x'.repeat(2000)]) {
      const whole = await collect(renderMessage('', text(content)).content);
      expect(whole.toString('latin1')).toMatch(/\r\n$/);
      expect(parseMessage(whole).text()).toBe(`${content}\r\n`);
    }
    expect(renderEntity(text('')).body).toHaveLength(0);
  });

  test('lines that change may stand between lines that do not, hundreds of thousands of times', async () => {
    const content = `blank \r\n${'a=b\r\nx\r\n'.repeat(200_000)}`;
    const whole = await collect(renderMessage('', text(content)).content);
    expect(parseMessage(whole).text()).toBe(content);
  });

  test('the charset is ours whatever the content type said', () => {
    const { fields } = renderEntity(
      text('é', { contentType: 'text/html', parameters: { Charset: 'iso-8859-1', x: 'y' } }),
    );
    expect(fields).toContain('Content-Type: text/html; charset=utf-8; x=y\r\n');
  });
});

describe('octets', () => {
  const random = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3));
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['one octet', Buffer.of(0)],
    ['lines of dots', Buffer.from('.\r\n..\r\n...\r\n')],
    ['bare line ends', Buffer.from('a\nb\rc\r\n\n\r')],
    ['From ', Buffer.from('From x\nFrom y ')],
    ['10 000-character lines', Buffer.from(`${'x'.repeat(10_000)}\r\n${'y '.repeat(5000)}`)],
    ['trailing blanks', Buffer.from('a \t \r\n \r\n')],
    ['UTF-8', Buffer.from('žluťoučký kůň\n'.repeat(50))],
    ['what is random', random],
    ['what looks like a boundary', Buffer.from('--=_x\r\n--=_x--\r\n')],
  ])('%s come back identical, as any type, with any capability, in memory and streamed', async (_name, content) => {
    for (const contentType of ['application/pdf', 'text/csv', 'text/plain', 'image/png']) {
      for (const options of [{}, { eightBit: true }, { binary: true }, { eightBit: true, binary: true }]) {
        const half = content.length >> 1;
        const leaf = { contentType, disposition: 'attachment' } as const;
        const parts: Part[] = [
          bytes(content, leaf),
          stream([content.subarray(0, half), content.subarray(half)], content.length, leaf),
          stream([content], undefined, leaf),
        ];
        for (const part of parts) {
          const rendered = renderMessage(
            'Subject: x\r\n',
            { contentType: 'multipart/mixed', parts: [text('x'), part] },
            options,
          );
          const whole = await collect(rendered.content);
          if (rendered.size !== undefined) expect(whole).toHaveLength(rendered.size);
          expect(parseMessage(whole).parts[1]?.content().equals(content)).toBe(true);
          if (rendered.encoding !== 'binary')
            expect(whole.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|[^\r\n]{999}/);
          if (rendered.encoding === '7bit') expect(whole.toString('latin1')).not.toMatch(/[^\0-\x7f]/);
        }
        const root = await collect(renderMessage('', bytes(content, leaf), options).content);
        expect(parseMessage(root).content().equals(content)).toBe(true);
      }
    }
  });

  test('text without a charset has UTF-8 where it is that', () => {
    const csv = (content: Uint8Array, parameters?: Record<string, string>): string =>
      renderEntity(bytes(content, { contentType: 'Text/CSV', parameters })).fields;
    expect(csv(Buffer.from('é'))).toMatch(/^Content-Type: text\/csv; charset=utf-8\r\n/);
    expect(csv(Buffer.from('é'), { Charset: 'x' })).toMatch(/^Content-Type: text\/csv; Charset=x\r\n/);
    expect(csv(Buffer.of(0xe9))).toMatch(/^Content-Type: text\/csv\r\n/);
  });

  test('BINARYMIME spares the encoding', () => {
    expect(encodingOf(bytes(random), { binary: true })).toBe('binary');
    expect(
      renderEntity(
        { contentType: 'multipart/mixed', parts: [text('é'), bytes(random), text('x')] },
        { binary: true, eightBit: true },
      ),
    ).toMatchObject({ encoding: 'binary' });
  });

  test('a forwarded message is never encoded (RFC 2046 section 5.2.1)', () => {
    const message = { contentType: 'message/rfc822', filename: 'a.eml' };
    const plain = Buffer.from('Subject: x\r\n\r\n-- \r\nFrom me');
    const wide = Buffer.from('Subject: x\r\n\r\né\r\n');
    expect(renderEntity(bytes(plain, message)).fields).toContain(
      'message/rfc822; name=a.eml\r\nContent-Transfer-Encoding: 7bit',
    );
    expect(renderEntity(bytes(wide, message), { eightBit: true }).fields).toContain(
      'message/rfc822; name=a.eml\r\nContent-Transfer-Encoding: 8bit',
    );
    expect(renderEntity(bytes(wide, message)).fields).toContain(
      'application/octet-stream; name=a.eml\r\nContent-Transfer-Encoding: base64',
    );
    expect(renderEntity(stream([wide], undefined, message)).fields).toContain(
      'application/octet-stream; name=a.eml\r\nContent-Transfer-Encoding: base64',
    );
    expect(renderEntity(stream([wide], undefined, message), { binary: true }).fields).toContain(
      'message/rfc822; name=a.eml\r\nContent-Transfer-Encoding: binary',
    );
  });
});

describe('streams', () => {
  test('text has its line ends made canonical across chunks', async () => {
    const part = stream(
      ['a\r', '\nb\n', 'c\r', 'd \r\n', '\u00e9', ' '],
      undefined,
      { contentType: 'text/plain' },
      true,
    );
    for (let i = 0; i < 2; i++) {
      const entity = renderEntity(part);
      expect(entity).toMatchObject({ size: undefined, encoding: '7bit' });
      expect(
        parseMessage(Buffer.concat([Buffer.from(`${entity.fields}\r\n`), await collect(entity.body)])).text(),
      ).toBe('a\r\nb\r\nc\r\nd \r\né \r\n');
    }
  });

  test('is not read before it is asked for, and anew at each iteration', async () => {
    let opened = 0;
    const entity = renderEntity({
      contentType: 'a/b',
      path: 'x',
      body: {
        open: () => {
          opened++;
          return (async function* () {
            yield Buffer.from('abc');
          })();
        },
        size: 3,
      },
    });
    expect(opened).toBe(0);
    expect((await collect(entity.body)).toString()).toBe('YWJj\r\n');
    expect((await collect(entity.body)).toString()).toBe('YWJj\r\n');
    expect(opened).toBe(2);
    expect(entity.size).toBe(6);
  });

  test.each([
    [3, ['ab'], 'only 2'],
    [3, ['abcd'], 'more'],
    [3, ['abc', 'd', 'never read'], 'more'],
    [0, ['a'], 'more'],
  ])('of %d octets that gives %j is ERR_CONTENT', async (size, chunks, words) => {
    const entity = renderEntity(stream(chunks, size));
    await expect(collect(entity.body)).rejects.toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringContaining(words),
    });
  });

  test('that gives strings is ERR_CONTENT', async () => {
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield 'text' as unknown as Uint8Array;
    };
    await expect(collect(renderEntity({ contentType: 'a/b', path: 'x', body: { open } }).body)).rejects.toMatchObject({
      code: 'ERR_CONTENT',
    });
  });

  test('is closed when the reader leaves, and its own error comes through', async () => {
    let closed = false;
    const open = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65536);
      } finally {
        closed = true;
      }
    };
    const { body } = renderEntity({ contentType: 'a/b', path: 'x', body: { open } });
    for await (const block of body as AsyncIterable<Uint8Array>) {
      expect(block.length).toBeGreaterThan(60_000);
      break;
    }
    expect(closed).toBe(true);
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      throw new Error('disk');
      yield Buffer.alloc(0);
    };
    await expect(
      collect(renderEntity({ contentType: 'a/b', path: 'x', body: { open: failing } }).body),
    ).rejects.toThrow('disk');
  });

  test('goes through two blocks, whatever its length', async () => {
    const memory = new Set<ArrayBufferLike>();
    const big = Buffer.alloc(6 << 20, 7);
    for (const part of [bytes(big), stream([big.subarray(0, 3 << 20), big.subarray(3 << 20)], big.length)]) {
      memory.clear();
      const entity = renderEntity(part);
      let total = 0;
      for await (const block of entity.body as AsyncIterable<Uint8Array>) {
        memory.add(block.buffer);
        total += block.length;
        // A longer block would be sent in slices, and a shorter one would be gathered with the next: both cost a copy.
        expect(block.length).toBeLessThanOrEqual(blockBytes);
        if (total < (entity.size ?? 0)) expect(block.length).toBeGreaterThanOrEqual(flushBytes);
      }
      expect(total).toBe(entity.size);
      expect(memory.size).toBe(2);
    }
  });
});

describe('fields', () => {
  test('names the part that is wrong', () => {
    const wrong: [Partial<LeafPart>, string][] = [
      [{ filename: 'a\r\nBcc: x' }, 'attachments.0.filename'],
      [{ filename: '\ud800' }, 'attachments.0.filename'],
      [{ contentType: 'text/plain\r\nBcc: x' }, 'attachments.0.contentType'],
      [{ contentType: 'multipart/mixed' }, 'attachments.0.contentType'],
      [{ contentType: 'text' }, 'attachments.0.contentType'],
      [{ contentType: 'text/plain; charset=x' }, 'attachments.0.contentType'],
      [{ parameters: { 'a b': 'c' } }, 'attachments.0.contentType'],
      [{ parameters: { a: '\n' } }, 'attachments.0.contentType'],
      [{ cid: 'a b' }, 'attachments.0.cid'],
      [{ cid: 'a>\r\n<b' }, 'attachments.0.cid'],
      [{ cid: '' }, 'attachments.0.cid'],
      [{ description: 'a\nb' }, 'attachments.0.description'],
      [{ disposition: 'inline\r\nX: y' as 'inline' }, 'attachments.0.filename'],
    ];
    for (const [more, path] of wrong) {
      try {
        renderEntity(bytes(Buffer.of(1), more));
        expect.unreachable(path);
      } catch (error) {
        if (!isEmailError(error)) throw error;
        expect(error.problems?.[0]?.path).toBe(path);
      }
    }
    expect(() => renderEntity({ contentType: 'multipart/mixed', parts: [] })).toThrow(/at least one part/);
  });

  test('writes identifiers, descriptions and names', () => {
    const { fields } = renderEntity(
      bytes(Buffer.of(1), {
        cid: '<logo@x>',
        description: 'Ein Löwe',
        filename: 'Löwe.png',
        contentType: 'image/png',
        disposition: 'inline',
      }),
    );
    expect(fields).toBe(
      'Content-Type: image/png; name="=?UTF-8?B?TMO2d2UucG5n?="\r\nContent-Transfer-Encoding: base64\r\n' +
        "Content-Disposition: inline; filename*=UTF-8''L%C3%B6we.png\r\nContent-ID: <logo@x>\r\n" +
        'Content-Description: Ein =?UTF-8?B?TMO2d2U=?=\r\n',
    );
  });

  test('fields of a message may hold UTF-8 (RFC 6532), and nothing is cut to Latin-1', async () => {
    const rendered = renderMessage('To: \u560d\u560a@x\r\n', text('x'));
    expect((await collect(rendered.content)).toString('utf8')).toMatch(/^To: \u560d\u560a@x\r\n/);
    expect(rendered.size).toBe((await collect(rendered.content)).length);
  });
});

describe('arrangeParts', () => {
  const html = text('<p>', { contentType: 'text/html' });
  const image = bytes(Buffer.of(1), { contentType: 'image/png', cid: 'i' });
  const file = bytes(Buffer.of(2));
  const shape = (part: Part): string =>
    'parts' in part ? `${part.contentType.slice(10)}(${part.parts.map(shape).join(' ')})` : part.contentType;
  const none = { alternatives: [], inline: [], attachments: [] };

  test.each([
    [none, 'text/plain'],
    [{ ...none, alternatives: [text('a')] }, 'text/plain'],
    [{ ...none, alternatives: [text('a'), html] }, 'alternative(text/plain text/html)'],
    [{ ...none, alternatives: [html], inline: [image] }, 'related(text/html image/png)'],
    [
      { alternatives: [text('a'), html], inline: [image], attachments: [file] },
      'mixed(alternative(text/plain related(text/html image/png)) application/octet-stream)',
    ],
    [{ ...none, alternatives: [text('a')], inline: [image] }, 'mixed(text/plain image/png)'],
    [{ ...none, attachments: [file] }, 'mixed(application/octet-stream)'],
    [
      { ...none, alternatives: [{ ...html }, html], inline: [image] },
      'alternative(text/html related(text/html image/png))',
    ],
  ])('%# makes the tree', (parts, expected) => {
    expect(shape(arrangeParts(parts))).toBe(expected);
  });
});

test('joinEntity puts fields, entity and body together', async () => {
  const inMemory = joinEntity('Subject: é\r\n', renderEntity(text('x')));
  expect((await collect(inMemory.content)).toString()).toMatch(
    /^Subject: é\r\nContent-Type: text\/plain; charset=utf-8\r\n.*\r\n\r\nx\r\n$/s,
  );
  expect(inMemory.size).toBe((await collect(inMemory.content)).length);
  const streamed = joinEntity('A: b\r\n', renderEntity(stream(['abc'], 3)));
  expect((await collect(streamed.content)).toString()).toMatch(/^A: b\r\n.*\r\n\r\nYWJj\r\n$/s);
  expect(streamed.size).toBe((await collect(streamed.content)).length);
  expect(joinEntity('', renderEntity(stream(['abc'], undefined))).size).toBeUndefined();
});

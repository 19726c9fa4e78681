import { describe, expect, test } from 'vitest';
import { Base64Encoder, base64Size, encodeBase64 } from '../../../src/mime/base64.js';
import { decodeQuotedPrintable } from '../../../src/mime/read/decode.js';
import { IdentityEncoder, encoderRoom } from '../../../src/mime/encoder.js';
import type { ContentEncoder } from '../../../src/mime/encoder.js';
import { QuotedPrintableEncoder, encodeQuotedPrintable, quotePrintable } from '../../../src/mime/quoted-printable.js';
import { scanText } from '../../../src/mime/scan.js';
import { canonicalText } from '../../../src/mime/scan.js';
import { traitsOf } from '../../../src/mime/text.js';
import { random } from '../../support/random.js';

/** Runs an encoder over chunks of the given sizes, with output blocks of `room` octets. */
function run(encoder: ContentEncoder, input: Buffer, sizes: () => number, room: number): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < input.length;) {
    const chunk = input.subarray(at, at + Math.max(1, sizes()));
    at += chunk.length;
    for (let from = 0; from < chunk.length; from += encoder.read) {
      const block = Buffer.alloc(room);
      encoder.encode(chunk, from, block, 0);
      if (encoder.read === 0) throw new Error('no progress');
      out.push(block.subarray(0, encoder.written));
    }
  }
  const last = Buffer.alloc(encoderRoom);
  out.push(last.subarray(0, encoder.finish(last, 0)));
  return Buffer.concat(out);
}

const next = random(20260101);
const bytesOf = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => next(256)));

describe('base64', () => {
  const wrapped = (bytes: Buffer): string => bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');

  test('has lines of 76 and the size that arithmetic says, for every size about a line end (RFC 2045 section 6.8)', () => {
    for (let size = 0; size < 400; size++) {
      const bytes = bytesOf(size);
      expect(encodeBase64(bytes).toString('latin1')).toBe(wrapped(bytes));
      expect(base64Size(size)).toBe(wrapped(bytes).length);
    }
  });

  test('gives the same by chunks of any size, into blocks of any size', () => {
    for (const size of [1, 57, 58, 1000, 57 * 1024, 100_000]) {
      const bytes = bytesOf(size);
      for (const [chunk, room] of [
        [1, 256],
        [56, 300],
        [57, 8192],
        [58, 257],
        [1000, 400],
        [65536, 81920],
        [100_000, 1 << 20],
      ] as const) {
        if (size / chunk > 2000) continue;
        expect(run(new Base64Encoder(), bytes, () => chunk, room).equals(Buffer.from(wrapped(bytes)))).toBe(true);
      }
      expect(run(new Base64Encoder(), bytes, () => next(300), 512).equals(Buffer.from(wrapped(bytes)))).toBe(true);
    }
  });

  test('takes nothing where there is no room for a line', () => {
    const encoder = new Base64Encoder();
    const out = Buffer.alloc(256);
    encoder.encode(Buffer.alloc(10), 0, out, 0);
    encoder.encode(Buffer.alloc(100), 0, out, 200);
    expect([encoder.read, encoder.written]).toEqual([0, 0]);
  });

  test('serves again after it has finished', () => {
    const encoder = new Base64Encoder();
    const bytes = bytesOf(200);
    expect(run(encoder, bytes, () => 200, 512)).toEqual(run(encoder, bytes, () => 7, 512));
  });
});

describe('quoted-printable', () => {
  const encode = (text: string, isText = true): string =>
    encodeQuotedPrintable(Buffer.from(text), isText, 0).toString('latin1');

  test.each([
    ['', ''],
    ['a', 'a'],
    ['a=b', 'a=3Db'],
    ['é', '=C3=A9'],
    ['a \r\nb\t\r\n ', 'a=20\r\nb=09\r\n=20'],
    ['a b\tc', 'a b\tc'],
    ['From here', '=46rom here'],
    ['>From\r\nFrom x', '>From\r\n=46rom x'],
    ['.\r\n..\r\na.', '=2E\r\n=2E.\r\na.'],
    ['a\0b\u007f', 'a=00b=7F'],
    ['a\nb\rc\r\nd\r', 'a\r\nb\r\nc\r\nd\r\n'],
    ['x'.repeat(76), `${'x'.repeat(75)}=\r\nx`],
    ['x'.repeat(75), 'x'.repeat(75)],
  ])('writes %j', (text, expected) => {
    expect(encode(text)).toBe(expected);
  });

  test('keeps a bare CR and a bare LF of octets', () => {
    expect(encode('a\nb\rc\r\nd\r', false)).toBe('a=0Ab=0Dc\r\nd=0D');
  });

  test('comes back by our decoder, has lines of 76, and is the same by any chunk', () => {
    const alphabet = [
      'a',
      'b',
      ' ',
      '\t',
      '.',
      'From ',
      'F',
      '\r',
      '\n',
      '\r\n',
      '=',
      'é',
      '\0',
      '-',
      '日本',
      'x'.repeat(20),
    ];
    for (let round = 0; round < 120; round++) {
      const text = Array.from({ length: next(60) }, () => alphabet[next(alphabet.length)]).join('');
      const bytes = Buffer.from(text);
      for (const isText of [true, false]) {
        const whole = encodeQuotedPrintable(bytes, isText, 0);
        for (const line of whole.toString('latin1').split('\r\n')) {
          if (!/^[!-~\t ]{0,76}$/.test(line) || /[ \t]$|^\.|^From /.test(line)) expect.unreachable(line);
        }
        expect(decodeQuotedPrintable(whole).toString()).toBe(isText ? text.replace(/\r\n?|\n/g, '\r\n') : text);
        const chunked = run(new QuotedPrintableEncoder(isText), bytes, () => next(4), 256);
        // An F at the end of a chunk is encoded, because "From " may begin there. The decoded text is the same.
        expect(decodeQuotedPrintable(chunked)).toEqual(decodeQuotedPrintable(whole));
      }
    }
  });

  test('is the same for printable text, line by line', () => {
    const alphabet = [
      'a',
      'b c',
      ' ',
      '\t',
      '.',
      'From ',
      'F',
      'Fr',
      '\r\n',
      '\r\n',
      '\r\n.',
      '=',
      '-',
      'x'.repeat(20),
      'y'.repeat(75),
      'z'.repeat(76),
    ];
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join('');
      expect(quotePrintable(text).join('')).toBe(encode(text));
    }
  });

  test('has room for many short lines of dots and blanks', () => {
    for (const line of ['.\r\n', ' \r\n', '\t', '.', 'F\r\n', '\r\n']) {
      const text = line.repeat(5000);
      expect(decodeQuotedPrintable(Buffer.from(encode(text))).toString()).toBe(text);
    }
  });

  test('can be told to end the last line', () => {
    for (const [text, expected] of [
      ['a', 'a\r\n'],
      ['a\r\n', 'a\r\n'],
      ['', ''],
      ['a ', 'a=20\r\n'],
      ['a\r', 'a\r\n'],
    ] as const) {
      expect(run(new QuotedPrintableEncoder(true, true), Buffer.from(text), () => 1, 256).toString()).toBe(expected);
    }
  });
});

test('IdentityEncoder passes octets on, in blocks of any size', () => {
  const bytes = bytesOf(3000);
  for (const room of [1, 7, 256, 4096]) expect(run(new IdentityEncoder(), bytes, () => next(700), room)).toEqual(bytes);
});

describe('canonicalText', () => {
  test.each([
    ['a', 'a'],
    ['a\nb', 'a\r\nb'],
    ['a\rb', 'a\r\nb'],
    ['a\r\nb', 'a\r\nb'],
    ['\n\r', '\r\n\r\n'],
    ['\r\r\n\n', '\r\n\r\n\r\n'],
    ['', ''],
  ])('%j is %j', (text, expected) => {
    expect(canonicalText(text)).toBe(expected);
  });
});

describe('traitsOf', () => {
  test.each([
    ['', '7bit', false],
    ['plain\r\ntext\tx\r\n', '7bit', false],
    ['é', '8bit', false],
    ['x'.repeat(998), '7bit', false],
    ['x'.repeat(999), 'no', false],
    [`${'x'.repeat(999)}\r\n`, 'no', false],
    [`${'é'.repeat(499)}\r\n${'é'.repeat(499)}`, '8bit', false],
    ['é'.repeat(500), 'no', false],
    ['a\nb', 'no', false],
    ['a\rb', 'no', false],
    ['a\r', 'no', false],
    ['a\0', 'no', false],
    ['a\u007f', 'no', false],
    ['a \r\nb', '7bit', true],
    ['a\t', '7bit', true],
    ['From x', '7bit', true],
    ['a\r\nFrom x', '7bit', true],
    ['a From x\r\nFrom\r\n', '7bit', false],
  ])('%j is %s', (text, plain, fragile) => {
    expect(traitsOf(Buffer.from(text))).toMatchObject({ plain, fragile });
    expect(scanText(text) === 0).toBe(plain === '7bit' && !fragile);
  });
});

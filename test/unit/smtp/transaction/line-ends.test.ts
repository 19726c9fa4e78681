import { describe, expect, test } from 'vitest';
import { LineEnds, refuseNul } from '../../../../src/smtp/transaction/line-ends.js';

function convert(text: string, cut: number): string {
  const lineEnds = new LineEnds();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += cut) parts.push(lineEnds.convert(Buffer.from(text.slice(at, at + cut))));
  parts.push(lineEnds.end());
  return Buffer.concat(parts).toString();
}

describe('line ends', () => {
  test.each([
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\rb\r', 'a\r\nb\r\n'],
    ['a\r\r\nb', 'a\r\n\r\nb'],
    ['a\n\rb', 'a\r\n\r\nb'],
    ['\n\n\r\r', '\r\n\r\n\r\n\r\n'],
    ['\r', '\r\n'],
    ['x\n.\ny', 'x\r\n.\r\ny'],
    ['x\r.\ry', 'x\r\n.\r\ny'],
    ['', ''],
  ])('of %j become CRLF wherever the blocks are cut', (text, expected) => {
    for (let cut = 1; cut <= Math.max(1, text.length); cut++) expect(convert(text, cut), `cut ${cut}`).toBe(expected);
  });

  test('in two blocks are one, with an empty block between', () => {
    const lineEnds = new LineEnds();
    const parts = ['a\r', '', '\nb'].map((text) => lineEnds.convert(Buffer.from(text)));
    expect(Buffer.concat(parts).toString()).toBe('a\r\nb');
  });

  test('that are in order cost no copy', () => {
    const block = Buffer.from('a\r\nb\r\n');
    const converted = new LineEnds().convert(block);
    expect(converted).toBe(block);
  });

  test('leave no lone CR or LF in any text of four such characters', () => {
    const alphabet = ['\r', '\n', '.', 'x'];
    for (let n = 0; n < 4 ** 5; n++) {
      const text = Array.from({ length: 5 }, (_, i) => alphabet[Math.floor(n / 4 ** i) % 4]).join('');
      for (const cut of [1, 2, 3, 5]) expect(convert(text, cut)).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
      expect(convert(text, 1)).toBe(convert(text, 5));
    }
  });

  test('a NUL is refused, with its place (RFC 5321 section 4.5.2)', () => {
    expect(() => refuseNul(Buffer.from('ab\0c'), 10)).toThrow(/NUL at octet 12/);
    expect(() => refuseNul(Buffer.from('abc'), 0)).not.toThrow();
  });
});

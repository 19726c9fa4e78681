import { describe, expect, test } from 'vitest';
import { scanText } from '../../../src/smime/scan.js';

const scan = (text: string): ReturnType<typeof scanText> => scanText(Buffer.from(text, 'latin1'));

describe('what text needs of its way', () => {
  test.each([
    ['', false],
    ['a\r\nb\r\n', false],
    ['\r\n\r\n', false],
    ['a\n', true],
    ['\n', true],
    ['\r', true],
    ['a\r\nb\r', true],
    ['a\rb\r\n', true],
    ['\r\r\n', true],
    ['\n\r\n', true],
    ['\r\n\n', true],
    ['a\r\n\rb\r\n', true],
  ])('%j has a lone line end: %s', (text, hasLoneEnd) => {
    expect(scan(text).hasLoneEnd).toBe(hasLoneEnd);
  });

  test('agrees with a search octet by octet for all texts of up to six of CR, LF, NUL, x and a high octet', () => {
    const alphabet = ['\r', '\n', '\0', 'x', '\xff'];
    let texts = [''];
    for (let length = 0; length <= 6; length++) {
      for (const text of texts) {
        const { hasLoneEnd, hasNul, isAscii } = scan(text);
        const rest = text.replaceAll('\r\n', '');
        if (hasLoneEnd !== /[\r\n]/.test(rest) || hasNul !== text.includes('\0') || isAscii !== !text.includes('\xff')) expect.fail(JSON.stringify(text));
      }
      texts = texts.flatMap((text) => alphabet.map((one) => text + one));
    }
  });

  test('the longest line counts neither its CRLF nor the lines beside it', () => {
    expect(scan('a\r\nbcd\r\ne').longestLine).toBe(3);
    expect(scan('a\r\nbcd\r\nefgh').longestLine).toBe(4);
    expect(scan('x'.repeat(998) + '\r\n').longestLine).toBe(998);
  });
});

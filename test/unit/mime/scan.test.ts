import { afterEach, describe, expect, test, vi } from 'vitest';
import { hasLineOver, scanText, textFlag } from '../../../src/mime/scan.js';
import { scanLimit, scanVectors } from '../../../src/mime/vectors.js';

afterEach(() => vi.unstubAllGlobals());

/** What each flag is said to mean, by regular expressions alone. */
function expected(text: string): number {
  return (
    (/[\r\n]/.test(text.replaceAll('\r\n', '')) ? textFlag.loneEnd : 0) |
    (/[^\t\r\n\x20-\x7e]/.test(text) ? textFlag.unprintable : 0) |
    (/[\x80-\uffff]/.test(text) ? textFlag.wide : 0) |
    (text.includes('\0') ? textFlag.nul : 0)
  );
}

describe('what there is in text', () => {
  test.each(['', 'a\r\nb\r\n', '\r\n\r\n', 'a\n', '\n', '\r', 'a\r\nb\r', 'a\rb\r\n', '\r\r\n', '\n\r\n', '\r\n\n', 'a\r\n\rb\r\n', '\t ~\x7f'])('%j', (text) => {
    expect(scanText(text)).toBe(expected(text));
    expect(scanVectors(text)).toBe(expected(text));
  });

  test('is the same for all texts of up to five of CR, LF, NUL, x and a high octet, by searches and by vectors', () => {
    let texts = [''];
    for (let length = 0; length <= 5; length++) {
      for (const text of texts) {
        const bytes = Buffer.from(text, 'latin1');
        const found = [scanText(text), scanText(bytes), scanVectors(text), scanVectors(bytes)];
        if (found.some((flags) => flags !== expected(text))) expect.fail(`${JSON.stringify(text)}: ${found.join(' ')}`);
      }
      texts = texts.flatMap((text) => ['\r', '\n', '\0', 'x', '\xff'].map((one) => text + one));
    }
  });

  test('each octet has its flags, at each place of a vector', () => {
    for (let octet = 0; octet < 256; octet++) {
      const bytes = Buffer.alloc(20, 'x');
      const at = octet % 20;
      bytes[at] = octet;
      expect(scanVectors(bytes)).toBe(expected(bytes.toString('latin1')));
    }
    for (let at = 0; at < 40; at++) {
      for (const odd of ['\n', '\r', '\0', '\x1f', '\x7f', 'é', '\u3042', '\ud83d\ude00', '\ud83d']) {
        for (let length = at + 1; length < 42; length++) {
          const text = 'x'.repeat(at) + odd + 'x'.repeat(length - at - 1);
          if (scanVectors(text) !== expected(text)) expect.fail(`${JSON.stringify(odd)} at ${at} of ${length}`);
        }
      }
    }
  });

  test('is seen across the pieces that long text is looked at in', () => {
    const line = `${'x'.repeat(61)}\r\n`;
    for (let shift = 0; shift < 64; shift++) {
      const text = 'y'.repeat(shift) + line.repeat((3 * scanLimit) / 63);
      expect(scanText(text)).toBe(0);
      expect(scanText(Buffer.from(text))).toBe(0);
    }
    for (const cut of [scanLimit, 2 * scanLimit]) {
      for (let at = cut - 20; at < cut + 20; at++) {
        for (const odd of ['\r', '\n', '\r\r\n', '\r\n', '\0', 'é', '\ud83d\ude00']) {
          const text = 'x'.repeat(at) + odd + 'x'.repeat(scanLimit);
          const found = [scanText(text), scanText(Buffer.from(text))];
          if (found.some((flags) => flags !== expected(text))) expect.fail(`${JSON.stringify(odd)} at ${at}: ${found.join(' ')}`);
        }
      }
    }
    expect(scanText('\r'.repeat(3 * scanLimit))).toBe(textFlag.loneEnd);
  });

  test('what one text had is not seen in the next', () => {
    expect(scanText('\0\xff\r'.repeat(5000))).toBe(15);
    expect(scanText('x'.repeat(15_000))).toBe(0);
  });

  test('without WebAssembly it is the same, in long text too', () => {
    const texts = ['x', 'x\r\n', 'é', '\0', '\x01', 'x\n'].map((one) => one.repeat(40_000));
    vi.stubGlobal('WebAssembly', undefined);
    for (const text of texts) {
      expect(scanText(text)).toBe(expected(text));
      expect(scanText(Buffer.from(text))).toBe(expected(text));
    }
  });
});

test('a line over a length is found, its CRLF not counted', () => {
  for (const most of [1, 2, 5]) {
    let texts = [''];
    for (let length = 0; length <= 8; length++) {
      for (const text of texts) {
        const isOver = text.split('\r\n').some((line) => line.length > most);
        if (hasLineOver(most, Buffer.from(text)) !== isOver) expect.fail(`${JSON.stringify(text)} over ${most}`);
      }
      texts = texts.flatMap((text) => [`${text}x`, `${text}\r\n`]);
    }
  }
  expect(hasLineOver(998, Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(1000)))).toBe(false);
  expect(hasLineOver(998, Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(1000) + 'x'.repeat(999)))).toBe(true);
});

import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { scanForTransport, scanText, textFlag } from '../../../src/mime/scan.js';
import { hasVectors, scanLimit, scanVectors } from '../../../src/util/vectors/vectors.js';
import { cpuTimer } from '../../support/cpu-time.js';

beforeAll(() => expect(hasVectors(Infinity)).toBe(true));
afterEach(() => vi.unstubAllGlobals());

/** The expected flags, computed by regular expressions alone. */
function expected(text: string): number {
  const lines = text.split('\r\n');
  const isCanonical = !lines.some((line) => /[\r\n]/.test(line));
  const isLong = lines.some((line) => line.length > 998);
  return (
    (isCanonical ? 0 : textFlag.loneEnd) |
    (/[^\t\r\n\x20-\x7e]/.test(text) ? textFlag.unprintable : 0) |
    (/[\x80-\uffff]/.test(text) ? textFlag.wide : 0) |
    (text.includes('\0') ? textFlag.nul : 0) |
    (isCanonical && isLong ? textFlag.longLine : 0) |
    (isCanonical && !isLong && lines.some((line) => /[ \t]$/.test(line)) ? textFlag.blankEnd : 0) |
    (isCanonical && !isLong && lines.some((line) => line.startsWith('From ')) ? textFlag.from : 0)
  );
}

/** The flags among them that `scanForTransport` finds. */
const ofTransport = textFlag.loneEnd | textFlag.longLine | textFlag.nul | textFlag.wide;

/** Do both scans find what is expected, in text and in octets? The octets are those of Latin-1, or of UTF-8. */
function isFound(text: string, encoding: BufferEncoding = 'utf8'): boolean {
  const bytes = Buffer.from(text, encoding);
  const flags = expected(text);
  return scanText(text) === flags && scanText(bytes) === flags && scanForTransport(bytes) === (flags & ofTransport);
}

describe('what there is in text', () => {
  test.each([
    '',
    'a\r\nb\r\n',
    '\r\n\r\n',
    'a\n',
    '\n',
    '\r',
    'a\r\nb\r',
    'a\rb\r\n',
    '\r\r\n',
    '\n\r\n',
    '\r\n\n',
    'a\r\n\rb\r\n',
    '\t ~\x7f',
  ])('%j', (text) => {
    expect(scanText(text)).toBe(expected(text));
    expect(scanForTransport(Buffer.from(text))).toBe(expected(text) & ofTransport);
    expect(scanVectors(text, true)).toBe(expected(text));
    expect(scanVectors(text, false)).toBe(expected(text) & ofTransport);
  });

  test('is the same for all texts of up to five of CR, LF, NUL, x and a high octet, by searches and by vectors', () => {
    let texts = [''];
    for (let length = 0; length <= 5; length++) {
      for (const text of texts) {
        const bytes = Buffer.from(text, 'latin1');
        const found = [scanVectors(text, true), scanVectors(bytes, true)];
        const isRight = isFound(text, 'latin1') && found.every((flags) => flags === expected(text));
        if (!isRight || scanVectors(bytes, false) !== (expected(text) & ofTransport)) expect.fail(JSON.stringify(text));
      }
      texts = texts.flatMap((text) => ['\r', '\n', '\0', 'x', '\xff'].map((one) => text + one));
    }
  });

  test('of text with CRLF alone, the flags of its characters are the same; those of its lines too, if it is ASCII', () => {
    const ofCharacters = textFlag.unprintable | textFlag.wide | textFlag.nul;
    for (const ends of ['', '\r\n', ' \r\nFrom \r\n', `\r\n${'y'.repeat(999)}`])
      for (const odd of ['', 'x', '\0', '\x7f', '\xff', '€', '\ud800'])
        for (const count of [1, 200, 3000]) {
          const text = 'x'.repeat(count) + odd + ends;
          const mask = (expected(text) & textFlag.unprintable) === 0 ? ~0 : ofCharacters;
          expect(scanText(text, true) & (mask | textFlag.loneEnd)).toBe(expected(text) & mask);
        }
  });

  test('each octet has its flags, at each place of a vector', () => {
    for (let octet = 0; octet < 256; octet++) {
      const bytes = Buffer.alloc(20, 'x');
      const at = octet % 20;
      bytes[at] = octet;
      expect(scanVectors(bytes, true)).toBe(expected(bytes.toString('latin1')));
      expect(scanVectors(bytes, false)).toBe(expected(bytes.toString('latin1')) & ofTransport);
    }
    for (let at = 0; at < 40; at++) {
      for (const odd of ['\n', '\r', '\0', '\x1f', '\x7f', 'é', '\u3042', '\ud83d\ude00', '\ud83d']) {
        for (let length = at + 1; length < 42; length++) {
          const text = 'x'.repeat(at) + odd + 'x'.repeat(length - at - 1);
          if (scanVectors(text, true) !== expected(text)) expect.fail(`${JSON.stringify(odd)} at ${at} of ${length}`);
        }
      }
    }
  });

  test('is seen across the pieces that long text is looked at in', () => {
    const line = `${'x'.repeat(61)}\r\n`;
    for (let shift = 0; shift < 64; shift++) {
      const text = 'y'.repeat(shift) + line.repeat((3 * scanLimit) / 63);
      expect(isFound(text)).toBe(true);
      expect(scanText(text)).toBe(0);
    }
    for (const cut of [scanLimit, 2 * scanLimit]) {
      for (let at = cut - 20; at < cut + 20; at++) {
        for (const odd of ['\r', '\n', '\r\r\n', '\r\n', '\0', 'é', '\ud83d\ude00']) {
          const text = 'x'.repeat(at) + odd + 'x'.repeat(scanLimit);
          if (!isFound(text)) expect.fail(`${JSON.stringify(odd)} at ${at}`);
        }
      }
    }
    expect(scanText('\r'.repeat(3 * scanLimit))).toBe(textFlag.loneEnd);
  });

  test('takes time in proportion to the length of a line', () => {
    const long = 'x'.repeat(1 << 25);
    const elapsed = cpuTimer();
    for (const text of [long, Buffer.from(long)]) expect(scanText(text)).toBe(textFlag.longLine);
    // Lines whose last octets are far apart: each search for the last LF goes back nearly a thousand octets.
    expect(scanText(`\r\n${'x'.repeat(998)}\r\n`.repeat(1 << 14))).toBe(0);
    expect(elapsed()).toBeLessThan(2000);
  });

  test('what one text had is not seen in the next', () => {
    expect(scanText('\0\xff\r'.repeat(5000))).toBe(15);
    expect(scanText('x\r\n'.repeat(5000))).toBe(0);
    expect(scanForTransport(Buffer.from('\0\xff\r'.repeat(5000)))).toBe(13);
    expect(scanForTransport(Buffer.from('x \r\n'.repeat(5000)))).toBe(0);
  });

  test('without WebAssembly it is the same, in long text too', () => {
    const texts = ['x', 'x\r\n', 'é', '\0', '\x01', 'x\n'].map((one) => one.repeat(40_000));
    vi.stubGlobal('WebAssembly', undefined);
    const found = texts.map((text) => isFound(text));
    vi.unstubAllGlobals();
    expect(found).toEqual(texts.map(() => true));
  });

  test('its lines are looked at alike, short and long, by searches and by vectors', () => {
    const words = ['\r\n', ' ', '\t', 'F', 'From ', 'x', '\n', '\r'];
    const filling = `${'y'.repeat(70)}\r\n`;
    let texts = [''];
    for (let length = 0; length <= 4; length++) {
      for (const [i, text] of texts.entries()) {
        // Each text begins at another offset within a vector.
        const before = `${'z'.repeat(i % 37)}\r\n${filling.repeat(40)}`;
        for (const whole of [text, text + filling.repeat(40), before + text, `${before}${text}\r\n${filling}`]) {
          if (!isFound(whole)) expect.fail(JSON.stringify(whole));
        }
      }
      texts = texts.flatMap((text) => words.map((word) => text + word));
    }
  });

  test('a line of more than 998 octets is found wherever it is', () => {
    const line = `${'x'.repeat(70)}\r\n`;
    for (const before of [0, 1, 13, scanLimit / 72 - 7, scanLimit / 72, 3 * (scanLimit / 72)]) {
      for (const length of [997, 998, 999, 1000, scanLimit - 1, scanLimit, scanLimit + 1, 3 * scanLimit]) {
        for (const [start, end] of [
          ['', ''],
          ['', `\r\n${line}`],
          ['\r\n', `\r\n${line.repeat(400)}`],
          ['', ' \r\n'],
          ['', ' '],
          ['From ', ''],
        ] as const) {
          const text = line.repeat(before) + start + 'y'.repeat(length - start.trim().length) + end;
          if (!isFound(text)) expect.fail(`${length} after ${before} lines of ${JSON.stringify(end)}`);
        }
      }
    }
  });
});

import { describe, expect, test } from 'vitest';
import { saslprep } from '../../../src/sasl/saslprep.js';

const problemOf = (text: string): string | undefined => {
  const prepared = saslprep(text);
  return typeof prepared === 'string' ? undefined : prepared.problem;
};

describe('SASLprep (RFC 4013)', () => {
  test.each([
    ['I\u00adX', 'IX', 'SOFT HYPHEN is mapped to nothing'],
    ['user', 'user', 'nothing changes'],
    ['USER', 'USER', 'case stays'],
    ['\u00aa', 'a', 'NFKC'],
    ['\u2168', 'IX', 'NFKC'],
  ])('prepares %j to %j: %s (section 3)', (text, prepared) => {
    expect(saslprep(text)).toBe(prepared);
  });

  test('refuses a control character (section 3)', () => {
    expect(problemOf('\u0007')).toContain('prohibits');
  });

  test('refuses mixed directions (section 3)', () => {
    expect(problemOf('\u06271')).toContain('right-to-left');
  });

  test.each([
    ['\u00a0x\u3000y\u2003', ' x y ', 'C.1.2 becomes a blank'],
    ['a\u200bb', 'a b', 'U+200B is a space before it is nothing'],
    ['a\ufe0f\u034f\u1806b', 'ab', 'B.1 becomes nothing'],
    ['pa\u0308ss', 'p\u00e4ss', 'composed'],
    ['p@ss:w"\u00f6rd \u20ac3', 'p@ss:w"\u00f6rd \u20ac3', 'colon, quote, letters beyond ASCII'],
    ['\u0627\u0628', '\u0627\u0628', 'right-to-left alone'],
    ['\u06271\u0628', '\u06271\u0628', 'a digit between right-to-left characters'],
    ['\u00ad', '', 'nothing may be left'],
    ['\u{2f868}', '\u{36fc}', 'beyond the basic plane'],
  ])('prepares %j to %j: %s', (text, prepared) => {
    expect(saslprep(text)).toBe(prepared);
  });

  test.each([
    ['C.2.1', 'a\u0000'],
    ['C.2.1', 'a\u007f'],
    ['C.2.2', 'a\u0085'],
    ['C.2.2', 'a\u2028'],
    ['C.3', 'a\ue000'],
    ['C.3', 'a\u{10fffd}'],
    ['C.4', 'a\ufdd0'],
    ['C.4', 'a\u{1ffff}'],
    ['C.5', 'a\ud800'],
    ['C.6', 'a\ufffd'],
    ['C.7', 'a\u2ff0'],
    ['C.8', 'a\u200e'],
    ['C.8', 'a\u202e'],
    ['C.9', 'a\u{e0001}'],
  ])('refuses what table %s prohibits', (_, text) => {
    expect(problemOf(text)).toContain('prohibits');
  });

  test.each(['\u0221', '\u{1f511}', '\u0487', '\u{1f100}', '\u20ba'])(
    'refuses %j, which Unicode 3.2 does not assign (section 2.5)',
    (text) => {
      expect(problemOf(`a${text}`)).toContain('Unicode 3.2');
    },
  );

  test.each(['\u0627a\u0628', 'a\u0627', '\u0627 1', '1\u0627'])('refuses %j by RFC 3454 section 6', (text) => {
    expect(problemOf(text)).toContain('right-to-left');
  });

  test('never says which character it was', () => {
    expect(problemOf('secret\u0007')).not.toMatch(/secret|0007/);
  });
});

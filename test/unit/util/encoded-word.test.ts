import { describe, expect, test } from 'vitest';
import { encodedWords } from '../../../src/address/encoded-words.js';
import { decodeEncodedWords } from '../../../src/util/encoded-word.js';
import { cpuTimer } from '../../support/cpu-time.js';

describe('encodedWords', () => {
  test('takes the shorter of Q and B', () => {
    expect(encodedWords('Ångström units of length')).toEqual(['=?UTF-8?Q?=C3=85ngstr=C3=B6m_units_of_length?=']);
    expect(encodedWords('日本語')).toEqual(['=?UTF-8?B?5pel5pys6Kqe?=']);
    expect(encodedWords('')).toEqual([]);
  });

  test.each([
    ['Q', 'word and é and some more words, '],
    ['B', 'ěščř žýáí 🚀 日本'],
  ])('cuts %s between characters, never within, at 75 at most (RFC 2047 section 2)', (encoding, sample) => {
    for (let shift = 0; shift < 12; shift++) {
      for (const room of [10, 32, 33, 50, 75, 90]) {
        const text = 'x'.repeat(shift) + sample.repeat(12);
        const words = encodedWords(text, room);
        expect(words[0]?.length).toBeLessThanOrEqual(room < 32 ? 75 : room);
        for (const word of words) {
          expect(word.length).toBeLessThanOrEqual(75);
          expect(word).toMatch(new RegExp(`^=\\?UTF-8\\?${encoding}\\?[^? ]+\\?=$`));
          expect(decodeEncodedWords(word)).not.toContain('\ufffd');
        }
        expect(words.map(decodeEncodedWords).join('')).toBe(text);
        expect(decodeEncodedWords(words.join(' '))).toBe(text);
      }
    }
  });
});

describe('decodeEncodedWords', () => {
  test.each([
    // The examples of RFC 2047 section 8.
    ['=?ISO-8859-1?Q?a?=', 'a'],
    ['=?ISO-8859-1?Q?a?= b', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a?=   \t =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a_b?=', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
    ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
    [
      '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
      'If you can read this you understand the example.',
    ],
    // RFC 2231 section 5: a language tag.
    ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
    // A character that is split between two words.
    ['=?utf-8?q?=C5?= =?utf-8?q?=99?=', 'ř'],
    ['x =?utf-8?q?a?= y =?utf-8?q?b?=  ', 'x a y b  '],
    ['=?utf-8?q?a?= =?nope', 'a =?nope'],
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
    ['=?utf-8?q?a b?=', '=?utf-8?q?a b?='],
    ['=?no-such-set?q?a?= =?no-such-set?q?b?=', '=?no-such-set?q?a?= =?no-such-set?q?b?='],
    ['=?', '=?'],
    ['a=?=?=?', 'a=?=?=?'],
    ['=?utf-8?q?=ZZ=4?=', '=ZZ=4'],
    ['=?utf-8?q??=', ''],
    ['plain', 'plain'],
  ])('%s is %j', (text, expected) => {
    expect(decodeEncodedWords(text)).toBe(expected);
  });

  test('takes time in proportion to its length', () => {
    for (const shape of ['=?', '=?a?q?', '=?a?q?b?= ', '=?a?q?b?=', '=', '=?a?q?b']) {
      const elapsed = cpuTimer();
      decodeEncodedWords(shape.repeat(100_000));
      expect(elapsed(), shape).toBeLessThan(2000);
    }
  });
});

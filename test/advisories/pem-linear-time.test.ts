/**
 * PEM text from a stranger: an attachment, a file of a directory, a value in the environment. Line ends that such a
 * text has lost are restored in time proportional to its length.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { parsePem } from '../../src/pki/formats/pem.js';
import { withLineEnds } from '../../src/util/line-ends.js';
import { certificatePem, issue } from '../unit/smime/issue.js';
import { growth } from '../support/growth.js';

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

describe('four times the text takes about four times as long', () => {
  test.each<[string, (size: number) => string]>([
    ['backslashes', (size) => `${begin}\n${'\\'.repeat(size)}\n${end}\n`],
    ['backslashes before an r', (size) => `${begin}\n${'\\'.repeat(size)}r${'\\'.repeat(size)}\n${end}\n`],
    ['carriage returns that are written out', (size) => `${begin}\n${'\\r'.repeat(size / 2)}\n${end}\n`],
    ['blanks on a single line', (size) => `${begin}a${' '.repeat(size)}x`],
    ['tabs between two marks', (size) => `${begin}a${'\t'.repeat(size)}a${end}`],
    ['beginnings on a single line', (size) => `${begin} `.repeat(size / begin.length)],
    ['quotation marks and blanks', (size) => `"${begin}${'" '.repeat(size / 2)}x`],
  ])('%s', async (_, make) => {
    const work = (text: string): Promise<unknown> => Promise.resolve(withLineEnds(text));
    expect(await growth(make, work, 1 << 12)).toBeLessThan(9);
  });
});

test('line ends that were lost in any way are restored', () => {
  const pem = certificatePem(issue({ kind: 'P-256' })).trim();
  const bytes = parsePem(pem).map((block) => block.bytes);
  expect(bytes).toHaveLength(1);
  for (const lost of ['\\n', '\\r\\n', '\\\\n', '\\\\r\\\\n', '\\r', ' ', '   ', '\t'])
    for (const quote of ['', '"', "'"])
      for (const count of [1, 2]) {
        const text = Array.from({ length: count }, () => pem.replaceAll(/\r?\n/g, lost)).join(lost);
        const blocks = parsePem(`${quote}${text}${quote}`);
        expect(
          blocks.map((block) => block.bytes),
          JSON.stringify([lost, quote, count]),
        ).toEqual(Array.from({ length: count }, () => bytes[0]));
      }
});

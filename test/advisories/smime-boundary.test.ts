/**
 * verify() and decrypt() took time quadratic in the length of a boundary: 0.45 MB of mail held the process for 3 s, 1.8
 * MB for 27 s.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { maxBoundary, parseMessage } from '../../src/mime/read/parse.js';
import { decrypt, verify } from '../../src/smime/operations.js';
import { growth } from '../support/growth.js';
import { certificatePem, issue, keyPem } from '../unit/smime/issue.js';

const someone = issue({ kind: 'P-256' });
const recipient = { data: certificatePem(someone), key: keyPem(someone) };

const settled = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const ways: readonly (readonly [string, (message: Buffer) => Promise<unknown>])[] = [
  ['verify', (message) => settled(verify(message))],
  ['decrypt', (message) => settled(decrypt(message, recipient))],
];

/** Repeats `text` as often as it fits. */
const fill = (text: string, size: number): string => text.repeat(Math.floor(size / text.length));
const multipart = (boundary: string, body: string, type = 'signed'): Buffer =>
  Buffer.from(`Content-Type: multipart/${type}; boundary="${boundary}"\r\n\r\n${body}`, 'latin1');
const nested = (depth: number, boundary: string, body: string): Buffer => {
  const heads = Array.from({ length: depth }, (_, i) => {
    const own = `${boundary}${i + 10}`;
    return `Content-Type: multipart/mixed; boundary="${own}"\r\n\r\n--${own}\r\n`;
  });
  return Buffer.from(`${heads.join('')}\r\n${body}`, 'latin1');
};

const hyphens = '-'.repeat(maxBoundary);

describe.each(ways)('%s() and hostile boundaries (RFC 2046 section 5.1.1)', (_, work) => {
  test.each<readonly [string, (size: number) => Buffer]>([
    [
      'a boundary of a quarter of the message that almost matches at each octet',
      (size) => multipart('-'.repeat(size / 4), fill(`${'-'.repeat(size / 4 + 1)}x`, size)),
    ],
    [
      'the same at the beginning of lines',
      (size) => multipart('-'.repeat(size / 4), fill(`\r\n${'-'.repeat(size / 4 + 1)}x`, size)),
    ],
    [
      'the same in the parts of another multipart',
      (size) =>
        multipart(
          'b',
          fill(
            `--b\r\nContent-Type: multipart/mixed; boundary="${'-'.repeat(size / 32)}"\r\n\r\n${fill('-', size / 32)}\r\n`,
            size,
          ),
          'mixed',
        ),
    ],
    ['the longest boundary, hyphens alone', (size) => multipart(hyphens, fill('-', size))],
    ['the longest boundary, almost at each line', (size) => multipart(hyphens, fill(`--${hyphens}x\n`, size))],
    ['the longest boundary, each line two hyphens', (size) => multipart(hyphens, fill('\n--', size))],
    [
      'delimiters followed by blanks and something else',
      (size) => multipart('b', fill(`--b${' '.repeat(500)}x\n`, size)),
    ],
    ['a delimiter followed by blanks alone', (size) => multipart('b', `--b${fill(' ', size)}x`)],
    [
      '31 nested multiparts whose boundaries begin alike',
      (size) => nested(31, '-'.repeat(60), fill(`--${'-'.repeat(60)}\n`, size)),
    ],
    ['more parts than a message may have', (size) => multipart('b', fill('--b\r\n\r\n', size))],
    ['a boundary of blanks', (size) => multipart(`${fill(' ', size)}x`, '')],
  ])('%s: four times the message takes about four times as long', async (_name, make) => {
    expect(await growth(make, work, 1 << 16)).toBeLessThan(9);
  });
});

describe('a boundary longer than 70 characters', () => {
  test('is named in the error, and separates nothing', async () => {
    const message = multipart('x'.repeat(71), `--${'x'.repeat(71)}\r\n\r\na\r\n--${'x'.repeat(71)}--\r\n`);
    expect(parseMessage(message).parts).toEqual([]);
    await expect(verify(message)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('71 characters; at most 70') as string,
    });
    const allowed = multipart('x'.repeat(70), `--${'x'.repeat(70)}\r\n\r\na\r\n--${'x'.repeat(70)}--\r\n`);
    expect(parseMessage(allowed).parts).toHaveLength(1);
  });
});

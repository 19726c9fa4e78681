/**
 * Text that repeats a secret is recognised in every encoding.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { Secrets } from '../../../src/util/secrets.js';
import { growth } from '../../support/growth.js';

function holding(...secrets: readonly string[]): Secrets {
  const held = new Secrets();
  for (const secret of secrets) held.add(secret);
  return held;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const hex = (text: string): string => Buffer.from(text).toString('hex');
const percent = (text: string): string => hex(text).replace(/../g, '%$&');
const long = 'S3cr3t-Hunter2-long/one"&+';
const token = `eyJhbGciOiJIUzI1NiJ9.${'Ab1-_cD2'.repeat(40)}.sig`;

const forms: readonly (readonly [string, (secret: string) => string])[] = [
  ['whole', (secret) => secret],
  ['in capitals', (secret) => secret.toUpperCase()],
  ['in quotes', (secret) => `"${secret}"`],
  ['in base64', base64],
  ['in base64 without padding', (secret) => base64(secret).replace(/=+$/, '')],
  ['in base64 for URLs', (secret) => Buffer.from(secret).toString('base64url')],
  ['in base64, wrapped', (secret) => base64(secret).replace(/.{10}/g, '$&\r\n')],
  ['in base64 with other text in front', (secret) => `auth=${base64(`x${secret}`)}`],
  ['in base64 behind other letters', (secret) => `xy${base64(`\0user\0${secret}`)}`],
  ['in base64 of base64', (secret) => base64(base64(`a${secret}`))],
  ['in base64 of UTF-16', (secret) => Buffer.from(secret, 'utf16le').toString('base64')],
  ['in hex', hex],
  ['in hex, in capitals', (secret) => hex(secret).toUpperCase()],
  ['in hex with colons', (secret) => hex(secret).replace(/..(?=.)/g, '$&:')],
  ['in hex as LDAP has it', (secret) => hex(secret).replace(/../g, '\\$&')],
  ['in hex as numbers of C', (secret) => hex(secret).replace(/../g, '0x$&, ')],
  ['with characters between that take no room', (secret) => [...secret].join('\u200b')],
  ['in full-width letters', (secret) => secret.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
  ['in hex behind another digit', (secret) => `a${hex(secret)}`],
  ['in percent-encoding of all', percent],
  ['in percent-encoding', encodeURIComponent],
  ['as a form', (secret) => new URLSearchParams({ p: secret }).toString()],
  ['in JSON', (secret) => JSON.stringify({ secret })],
  [
    'in JSON, all escaped',
    (secret) => [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  ],
  ['escaped as in C', (secret) => hex(secret).replace(/../g, '\\x$&')],
  ['in quoted-printable', (secret) => hex(secret).toUpperCase().replace(/../g, '=$&')],
  ['in character references', (secret) => [...secret].map((c) => `&#${c.charCodeAt(0)};`).join('')],
  ['in HTML', (secret) => secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
  ['in base64 of JSON', (secret) => base64(JSON.stringify({ status: '400', error: `bad ${secret}` }))],
  ['in base64 of JSON, percent-encoded', (secret) => base64(JSON.stringify({ error: encodeURIComponent(secret) }))],
  ['in base64 of hex', (secret) => base64(hex(secret))],
  ['letter by letter', (secret) => [...secret].join(' ')],
];

describe.each([
  ['a long password', long],
  ['a password of 12', 'Hunter2-long'],
  ['a short password', 'hunter22'],
  ['a shorter one', 'hun+er'],
  ['a passphrase', 'open sesame+1'],
  ['one beyond ASCII', 'pässwörd-ünd-mehr'],
  ['a token', token],
])('%s', (_, secret) => {
  const secrets = holding(secret);
  test.each(forms)('is found %s', (form, encode) => {
    // In UTF-16 only ASCII characters are recognised.
    if (form.endsWith('UTF-16') && /[^ -~]/.test(secret)) return;
    for (const text of [
      encode(secret),
      `no rights for ${encode(secret)}`,
      `5.7.1 ${encode(secret)} is wrong, ask postmaster`,
    ])
      expect(secrets.isIn(text), text).toBe(true);
  });
  test('is not found in what servers say', () => {
    for (const text of [
      '',
      'ok',
      '2.0.0 Ok: queued as 4B1F22E01C',
      '2.0.0 OK  1700000000 d9443c01a7336-1ce5cd0f4a1si12345678plg.123 - gsmtp',
      '5.7.1 <user@example.com>: Recipient address rejected: Access denied; from=<a@example.org> to=<b@example.com> proto=ESMTP',
      '5.7.8 Username and Password not accepted. For more information, go to ' +
        'https://support.google.com/mail/?p=BadCredentials a%20b',
      '[AM0PR01MB1234.eurprd01.prod.exchangelabs.com 2026-11-30T18:00:00.000Z 08DE2F0000000000]',
      '00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff',
    ])
      expect(secrets.isIn(text), text).toBe(false);
  });
});

test('any twelve characters on end of a long one tell it, plain and encoded; eleven do not', () => {
  const secrets = holding(long);
  for (let at = 0; at + 12 <= long.length; at++) {
    const part = long.slice(at, at + 12);
    for (const text of [part, `x${part}x`, base64(part), base64(`y${part}z`), hex(part), encodeURIComponent(part)])
      expect(secrets.isIn(`a ${text} b`), text).toBe(true);
    expect(secrets.isIn(`a ${long.slice(at, at + 11)}~ b`)).toBe(at + 12 > long.length);
  }
});

test('a short one is told although its end is cut off', () => {
  const secrets = holding('hunter22');
  expect(
    ['hunter22', 'hunter2', 'hunter', base64('hunter22').slice(0, -2), base64('hunter22').slice(0, 10)].map((text) =>
      secrets.isIn(`no ${text}`),
    ),
  ).toEqual([true, true, true, true, true]);
  expect(secrets.isIn('the hunt is over')).toBe(false);
});

test('those of fewer than four characters are none', () => {
  expect(holding('abc', '', '=', '   ').isIn('abc = ')).toBe(false);
});

test('several are each found, those added later too', () => {
  const secrets = holding('first-secret-of-all');
  expect(secrets.isIn('second-secret-of-all')).toBe(true);
  expect(secrets.isIn('another password')).toBe(false);
  secrets.add('another password');
  expect([secrets.isIn('another password'), secrets.isIn('first-secret')]).toEqual([true, true]);
});

test.each([
  ['letters', 'a'],
  ['base64', 'QUJD'],
  ['hexadecimal digits', '61'],
  ['percent-encoding', '%61'],
  ['escapes', '\\u0061'],
  ['ampersands', '&'],
  ['backslashes', '\\'],
  ['line ends', 'a\r\n'],
])('a reply of %s takes time in proportion to its length, and to that of the secret', async (_, piece) => {
  const work = async ([secrets, text]: readonly [Secrets, string]): Promise<void> => void secrets.isIn(text);
  const make = (size: number): readonly [Secrets, string] => [
    holding(`${piece.repeat(size / piece.length)}!`),
    piece.repeat(size / piece.length),
  ];
  const other = (size: number): readonly [Secrets, string] => [
    holding('z'.repeat(size)),
    piece.repeat(size / piece.length),
  ];
  expect(await growth(make, work, 1 << 15)).toBeLessThan(9);
  expect(await growth(other, work, 1 << 15)).toBeLessThan(9);
});

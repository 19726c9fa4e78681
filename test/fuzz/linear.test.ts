/**
 * Four times the input takes about four times the time, however it was made to keep a parser busy.
 * @module
 */
import { expect, test } from 'vitest';
import { parseMailbox, parseAddressList } from '../../src/address/mailbox.js';
import { embedDataUrls } from '../../src/compose/content/data-urls.js';
import { createMailer } from '../../src/index.js';
import { parseProfile as parseEmailProfile } from '../../src/profile/define.js';
import { MalformedError } from '../../src/kerberos/errors.js';
import { parseProfile as parseKrb5Conf } from '../../src/kerberos/config/profile-tree.js';
import { textField } from '../../src/mime/field.js';
import { decodeQuotedPrintable, decodeTransfer } from '../../src/mime/read/decode.js';
import { parseMessage } from '../../src/mime/read/parse.js';
import { parseStructured } from '../../src/mime/read/structured.js';
import { matchesExceptions, matchesNoProxy } from '../../src/net/proxy/auto/bypass.js';
import { parseChallenges } from '../../src/net/proxy/http-challenges.js';
import { judgeToken } from '../../src/oauth2/token-claims.js';
import { isPem, parsePem } from '../../src/pki/formats/pem.js';
import { parseFilter } from '../../src/pki/ldap/filter.js';
import { parseServerFirst } from '../../src/sasl/scram-message.js';
import { saslprep } from '../../src/sasl/saslprep.js';
import { parseExtensions } from '../../src/smtp/extensions.js';
import { MemoryTransport } from '../../src/testing.js';
import { readBer } from '../../src/util/ber.js';
import { decodeEncodedWords } from '../../src/util/encoded-word.js';
import { showText } from '../../src/util/show.js';
import { growth } from '../support/growth.js';
import { refusedOr } from './kit.js';

const target = { host: `${'a'.repeat(60)}.example.com`, port: 25 };
const isOther = (error: unknown): boolean => error instanceof MalformedError || error instanceof RangeError;
const mailer = createMailer(
  { name: 'x', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } },
  { transport: new MemoryTransport() },
);
const bytes = (work: (input: Buffer) => unknown) => (text: string) => work(Buffer.from(text, 'latin1'));

/** The text before the repeated part, the repeated part, and the text behind it. */
type Made = readonly [before: string, repeated: string, behind?: string];

test.each<[string, (text: string) => unknown, readonly Made[]]>([
  [
    'an address',
    parseMailbox,
    [
      ['', '('],
      ['', '(\\)', '@b.example'],
      ['"', '\\"', '"@b.example'],
      ['a@', 'a.', 'example'],
      ['', 'a.', '@b.example'],
      ['a <', '@a,'],
    ],
  ],
  [
    'a list of addresses',
    parseAddressList,
    [
      ['', 'a@b.example,'],
      ['', 'a:'],
      ['', 'a:;,'],
      ['', '"a" <a@b.example> (c),'],
      ['', '<'],
    ],
  ],
  [
    'a header field',
    (text) => textField('X-Test', text),
    [
      ['', 'word '],
      ['', '\u00e9'],
      ['', '=?'],
      ['', ' '],
      ['x', 'y'],
    ],
  ],
  [
    'encoded words',
    decodeEncodedWords,
    [
      ['', '=?utf-8?q?'],
      ['', '=?utf-8?b?YQ==?= '],
      ['=?', '?'],
      ['', '=?utf-8?q?a?=\t'],
    ],
  ],
  [
    'a structured field',
    parseStructured,
    [
      ['text/plain', ';a*0=b'],
      ['text/plain;a="', '\\"'],
      ['', '('],
      ['text/plain', ' ;'],
      ['text/plain', ";a*=utf-8''%41"],
    ],
  ],
  [
    'a MIME message',
    bytes((input) => parseMessage(input)),
    [
      ['', 'A: b\r\n'],
      ['A:', ' \r\n'],
      ['Content-Type: multipart/mixed; boundary=b\r\n\r\n', '--b'],
      ['Content-Type: multipart/mixed; boundary=b\r\n\r\n', '\r\n--'],
      ['Content-Type: multipart/mixed; boundary=b\r\n\r\n', '\r\n\r\n'],
      ['', ':'],
    ],
  ],
  [
    'HTML with data: URLs',
    (text) => embedDataUrls(text, 'html'),
    [
      ['', '<img src="data:image/png;base64,AAAA">'],
      ['<img src="data:image/png;base64,', 'AAAA', '">'],
      ['<img src="data:image/png,', '%41', '">'],
      ['<img src="data:image/png,', '&#65;', '">'],
      ['<img src="data:image/png', ' ', ';base64,AAAA">'],
      ['<img src="data:image/png', ';base64'],
      ['<img src="data:image/png,a', ' ', 'b">'],
      ['', '<img src="'],
      ['', "<img src='data:image/png,"],
      ['', '<img src='],
      ['<img', ' ', 'a'],
      ['<img', ' =', '>'],
      ['<img', '/'],
      ['', '<!--'],
      ['', '<style>'],
      ['<style>', 'url("'],
      ['<style>', "url('"],
      ['<style>', 'url('],
      ['<style>', '/*'],
      ['<style>', 'url( '],
      ['<style>url(', '\\', ')'],
      ['<p style="', 'url(&quot;'],
      ['', '</style'],
      ['<script>', '</scrip'],
    ],
  ],
  [
    'quoted-printable',
    bytes(decodeQuotedPrintable),
    [
      ['', '='],
      ['', ' '],
      ['', ' =\n'],
      ['', '=4'],
    ],
  ],
  [
    'base64',
    bytes((input) => decodeTransfer(input, 'base64')),
    [
      ['', '='],
      ['', '\r\n'],
      ['', 'Y Q'],
    ],
  ],
  [
    'an EHLO line',
    (text) => parseExtensions(['x', text]),
    [
      ['AUTH', ' ='],
      ['AUTH=', 'PLAIN '],
      ['SIZE', ' '],
      ['', '-'],
    ],
  ],
  [
    'EHLO lines',
    (text) => parseExtensions(text.split('\n')),
    [
      ['', 'AUTH A\n'],
      ['', 'X\n'],
      ['', 'AUTH=\n'],
    ],
  ],
  [
    'challenges of a proxy',
    (text) => parseChallenges([text]),
    [
      ['Basic a="', '\\'],
      ['', 'a,'],
      ['Digest ', 'a="b",'],
      ['', 'a='],
      ['', 'x '],
      ['Digest a', ' ', '=b'],
    ],
  ],
  [
    'krb5.conf',
    (text) => parseKrb5Conf(new Map(), { text, include: () => Promise.resolve() }),
    [
      ['[a]\n', 'b = {\n'],
      ['', '[a]\n'],
      ['[a]\n', 'b = c\n'],
      ['[', ' '],
      ['[a]\nb', ' '],
    ],
  ],
  [
    'PEM',
    (text) => isPem(text) && parsePem(text),
    [
      ['', '-----BEGIN X-----\n'],
      ['-----BEGIN CERTIFICATE-----\n', 'A: b\n'],
      ['-----BEGIN CERTIFICATE-----\n', '-----'],
      ['-----BEGIN CERTIFICATE-----\n', '\n'],
      ['', '-'],
      ['-----BEGIN CERTIFICATE-----\n', '\\'],
      ['-----BEGIN CERTIFICATE-----\\n', '\\r'],
      ['-----BEGIN CERTIFICATE-----a', ' ', 'x'],
      ['"-----BEGIN CERTIFICATE-----', '" '],
    ],
  ],
  [
    'a filter',
    (text) => parseFilter(text, 'x'),
    [
      ['', '('],
      ['(', '&('],
      ['(a=', '*', ')'],
      ['(a=', '\\2a', ')'],
      ['(&', '(a=b)', ')'],
    ],
  ],
  [
    'a token',
    (text) => judgeToken(text, 'smtp.gmail.com', 0),
    [
      ['', '.'],
      ['a.', 'eyJ', '.b'],
    ],
  ],
  [
    'exceptions of a proxy',
    (text) => [matchesNoProxy(text, target), matchesExceptions([text], target)],
    [
      ['', '*a'],
      ['', 'a,'],
      ['', '.'],
      ['', '*'],
    ],
  ],
  [
    'a SCRAM message',
    (text) => parseServerFirst('X', text, 'r'),
    [
      ['r=r', 'a,'],
      ['', ','],
      ['r=rx,s=', 'Y'],
      ['r=', '='],
    ],
  ],
  [
    'SASLprep',
    saslprep,
    [
      ['', 'a\u0300'],
      ['', '\u0300'],
      ['', '\u00ad'],
    ],
  ],
  [
    'BER',
    bytes((input) => readBer(input)),
    [
      ['', '0\x80'],
      ['0\x84\x7f\x7f\x7f\x7f', '\x04\0'],
      ['0\x80', '\x04\0'],
    ],
  ],
  [
    'a text that is shown',
    (text) => showText(text, text.length),
    [
      ['', '\x1b'],
      ['', '\ud800'],
      ['', 'a'],
    ],
  ],
  [
    'a profile',
    (text) =>
      parseEmailProfile({ name: text, sender: { email: text }, server: { host: text }, headers: { [text]: text } }),
    [
      ['', 'a'],
      ['', '-'],
      ['', '.'],
      ['', '%'],
    ],
  ],
  [
    'a message',
    (text) => mailer.send({ to: 'b@example.org', subject: text, text, html: `<p>${text}` }),
    [
      ['', '<'],
      ['', '.\n'],
      ['', '&#'],
      ['', 'data:,'],
      ['', ' '],
    ],
  ],
])('%s', async (_, parse, made) => {
  for (const [before, repeated, behind = ''] of made) {
    const make = (size: number): string => before + repeated.repeat(size / repeated.length) + behind;
    const work = (text: string): Promise<unknown> => refusedOr(() => parse(text) as unknown, isOther);
    expect(await growth(make, work, 1 << 13), JSON.stringify([before, repeated, behind])).toBeLessThan(9);
  }
});

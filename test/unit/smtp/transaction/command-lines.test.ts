/**
 * Which content a server could take for commands.
 * @module
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { hasCommandLine } from '../../../../src/smtp/transaction/command-lines.js';
import { findLimit, hasVectors } from '../../../../src/util/vectors/vectors.js';
import { growth } from '../../../support/growth.js';
import { random } from '../../../support/random.js';

afterEach(() => vi.unstubAllGlobals());

/** The result with vectors, and without WebAssembly. */
function both(text: string): readonly boolean[] {
  const bytes = Buffer.from(text, 'latin1');
  expect(hasVectors(Infinity)).toBe(true);
  const found = [hasCommandLine(bytes)];
  vi.stubGlobal('WebAssembly', undefined);
  found.push(hasCommandLine(bytes));
  vi.unstubAllGlobals();
  return found;
}

function expectBoth(text: string, expected: boolean): void {
  expect(both(text), JSON.stringify(text.length > 300 ? text.slice(-300) : text)).toEqual([expected, expected]);
}

/** The verbs of RFC 5321, 821, 1985, 2033, 2645, 3030, 3207, 4468 and 4954, and of Postfix, Sendmail and Exchange. */
const verbs = [
  ...[
    'EHLO',
    'HELO',
    'MAIL',
    'RCPT',
    'DATA',
    'RSET',
    'VRFY',
    'EXPN',
    'HELP',
    'NOOP',
    'QUIT',
    'SEND',
    'SOML',
    'SAML',
    'TURN',
  ],
  ...[
    'ETRN',
    'LHLO',
    'ATRN',
    'BDAT',
    'STARTTLS',
    'BURL',
    'AUTH',
    'XCLIENT',
    'XFORWARD',
    'VERB',
    'ONEX',
    'XUSR',
    'XEXCH50',
    'X-EXPS',
  ],
];

describe.each(verbs)('a line that begins with %s', (verb) => {
  const cases = [
    verb,
    verb.toLowerCase(),
    `${verb[0]}${verb.slice(1).toLowerCase()}`,
    `${verb.slice(0, -1).toLowerCase()}${verb.at(-1)}`,
  ];

  test('is found in every case, with every end of the verb', () => {
    for (const written of cases) {
      for (const end of [
        '',
        ' ',
        '\t',
        ':',
        ' FROM:<a@x>',
        '\r\n',
        '\n',
        '\r',
        '\0',
        '\x0b',
        '\xa0',
        '<a@x>',
        '.',
        ',',
        '=',
        '/',
        '"',
      ])
        expectBoth(`Subject: x\r\n\r\n${written}${end}`, true);
    }
  });

  test('is found as the first line, behind CRLF, and behind a lone CR or LF', () => {
    for (const before of ['', 'a\r\n', '\r\n', 'a\n', 'a\r', '\r\n\r\n', '\r\r', '\n\r', 'a\n\n'])
      for (const after of ['', ' x', '\r\nz\r\n']) expectBoth(`${before}${verb}${after}`, true);
  });

  test('is found behind blanks that a server skips', () => {
    for (const blanks of [
      ' ',
      '\t',
      '    ',
      ' \t ',
      '\x0b',
      '\f',
      '\0',
      '\xa0',
      '\xef\xbb\xbf',
      '\xe3\x80\x80',
      '\x7f',
      ' '.repeat(100),
    ])
      for (const before of ['', 'a\r\n', 'a\n', 'a\r']) expectBoth(`${before}${blanks}${verb} x\r\n`, true);
  });

  test('is found wherever it stands, by octet', () => {
    for (let length = 0; length < 150; length++) {
      expectBoth(`${'a'.repeat(length)}\r\n${verb} x`, true);
      expectBoth(`${'a'.repeat(length)}\n${verb}`, true);
      expectBoth(`${'a\r\n'.repeat(length)}${verb}\r\n${'b'.repeat(150 - length)}`, true);
    }
  });

  test('is not found within a line, as a part of a word, or cut short', () => {
    for (const text of [`a ${verb} x`, `x${verb} x`, `-${verb}`, `> ${verb} x`, `a\r\nb${verb}\r\n`, `"${verb}"`])
      expectBoth(text, false);
    if (verb !== 'STARTTLS')
      for (const text of [`${verb}s `, `${verb}-List: x`, `${verb}1`, `a\r\n${verb}ing\r\n`]) expectBoth(text, false);
    for (let length = 0; length < verb.length; length++) {
      const cut = verb.slice(0, length);
      if (!verbs.includes(cut)) for (const end of ['', ' x', '\r\n', ': x']) expectBoth(`a\r\n${cut}${end}`, false);
    }
  });
});

test('a verb is found after any line ends, wherever they stand', () => {
  for (const ends of ['\r', '\n', '\r\n', '\n\r', '\r\r', '\n\n', '\r\n\r\n', '\r\n\n', '\r\r\n', '\r\n \r\n', '\n \r'])
    for (let length = 0; length < 140; length++) {
      expectBoth(`${'a'.repeat(length)}${ends}RSET`, true);
      expectBoth(`${'a'.repeat(length)}${ends} RSET\r\n${'b'.repeat(140 - length)}`, true);
      expectBoth(`${'a'.repeat(length)}${ends}aRSET`, false);
      expectBoth(`${'a'.repeat(length)}${ends}`, false);
    }
});

describe('content that no server can take for commands', () => {
  test.each([
    ['nothing', ''],
    ['a line end', '\r\n'],
    ['blanks', '   \r\n\t\r\n'],
    [
      'fields',
      'From: a@x\r\nTo: b@x\r\nDate: Mon, 30 Nov 2026 17:00:00 +0000\r\nSender: c@x\r\nX-Mailer: x\r\nMessage-ID: <a@x>\r\n',
    ],
    [
      'fields that begin with a verb',
      'Mail-Followup-To: a@x\r\nHelp-Desk: 1\r\nAuthentication-Results: x\r\nData-Class: x\r\n',
    ],
    ['a folded field', 'Content-Type: multipart/mixed;\r\n boundary="x"\r\n\tcharset=utf-8\r\n'],
    ['words', 'Mailing\r\nSending\r\nDatabase\r\nHelper\r\nTurning\r\nAuthor\r\nQuite\r\nVerbatim\r\n'],
    [
      'base64',
      `${Buffer.alloc(57 * 40, 'any octets at all')
        .toString('base64')
        .replace(/.{76}/g, '$&\r\n')}`,
    ],
  ])('%s', (_, text) => expectBoth(text, false));

  test('is content as long as a block, and what lies behind it in memory does not count', () => {
    const line = 'The quick brown fox jumps over the lazy dog.\r\n';
    const text = line.repeat(2_000).slice(0, findLimit);
    expectBoth(text, false);
    expectBoth(`${text.slice(0, -6)}\r\nNOOP`, true);
    for (const length of [1, 15, 16, 17, 63, 64, 65, 127, 128]) expectBoth('a'.repeat(length), false);
    expectBoth(`a\r\n`, false);
    expectBoth(`${text}${text}\r\nNOOP`, true);
  });
});

test('any text is judged as by a search of its own for each line', () => {
  const seed = Date.now() % 1_000_000;
  const next = random(seed);
  const pieces = [
    '\r\n',
    '\r',
    '\n',
    ' ',
    '\t',
    '\0',
    '\xff',
    ':',
    'x',
    '-',
    'MAIL',
    'quit',
    'Data',
    'STARTTLS',
    'rs',
    'et',
    'X-',
    'exps',
  ];
  const isCommand = (line: string): boolean => {
    const [, word = ''] = /^[^!-~]*([!-~]*)/.exec(line) ?? [];
    if (/^starttls/i.test(word)) return true;
    const [, verb = ''] = /^([A-Za-z0-9-]*)/.exec(word) ?? [];
    return verbs.includes(verb.toUpperCase());
  };
  let found = 0;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: next(24) }, () => pieces[next(pieces.length)]).join('');
    const expected = text.split(/[\r\n]/).some(isCommand);
    if (expected) found++;
    if (hasCommandLine(Buffer.from(text, 'latin1')) !== expected) expect.fail(`seed ${seed}: ${JSON.stringify(text)}`);
  }
  expect(found).toBeGreaterThan(1_000);
});

test.each([
  ['line ends', '\r\n'],
  ['lone CRs', '\r'],
  ['blanks', ' '],
  ['lines of blanks', '        \r\n'],
  ['octets beyond ASCII', '\xff'],
  ['beginnings of verbs', 'MAI\r\n'],
  ['words that begin with a verb', 'Mailing\r\n'],
])('many %s take no more time for each than few, with vectors and without', async (_, piece) => {
  const make = (size: number): Buffer => Buffer.alloc(size, piece, 'latin1');
  // Longer than one run of the vectors, and exactly as long.
  expect(await growth(make, async (content) => void hasCommandLine(content), 1 << 18)).toBeLessThan(9);
  const often = async (content: Buffer): Promise<void> => {
    for (let round = 0; round < 200; round++) hasCommandLine(content);
  };
  expect(await growth(make, often, findLimit >> 2)).toBeLessThan(9);
});

import { describe, expect, test } from 'vitest';
import { parseAddress, parseAddressList } from '../../../src/address/mailbox.js';
import { isEmailError } from '../../../src/errors/email-error.js';
import { addressField, structuredField, textField, tokenField } from '../../../src/mime/field.js';
import { decodeEncodedWords } from '../../../src/util/encoded-word.js';

/** Unfolds a field as a reader does, and checks every rule about its lines. */
function valueOf(field: string, soft = true): string {
  expect(field.endsWith('\r\n')).toBe(true);
  const lines = field.slice(0, -2).split('\r\n');
  lines.forEach((line, i) => {
    expect(line).toMatch(/^[ -~\t]*$/);
    expect(line.length).toBeLessThanOrEqual(998);
    if (soft) expect(line.length).toBeLessThanOrEqual(76);
    if (i > 0) expect(line).toMatch(/^[ \t].*[^ \t]/);
    if (i > 0 && line.includes('=?')) expect(line.length).toBeLessThanOrEqual(76);
  });
  const unfolded = lines.join('');
  return unfolded.slice(unfolded.indexOf(':') + 1).replace(/^ /, '');
}

describe('textField', () => {
  test('writes short ASCII as it is', () => {
    expect(textField('Subject', 'Hello, world')).toBe('Subject: Hello, world\r\n');
    expect(textField('Subject', '')).toBe('Subject: \r\n');
  });

  test('folds ASCII at white space and loses none of it', () => {
    const value = 'word  and\tmore '.repeat(60).trim();
    const field = textField('Subject', value);
    expect(field.split('\r\n').length).toBeGreaterThan(9);
    expect(valueOf(field)).toBe(value);
  });

  test('leaves ASCII words around encoded-words readable', () => {
    expect(textField('Subject', 'Order 12 für Jürgen is on its way')).toBe(
      'Subject: Order 12 =?UTF-8?B?ZsO8ciBKw7xyZ2Vu?= is on its way\r\n',
    );
  });

  test.each([
    ['a 2 000-character subject with blanks', 'Lorem ipsum dolor '.repeat(111).trim(), true],
    ['2 000 characters without a blank', 'x'.repeat(2000), true],
    ['2 000 characters beyond ASCII', '日本語🚀é'.repeat(400), true],
    ['a word of 500', `a ${'x'.repeat(500)} b`, false],
    ['a word of 899 after a word', `a ${'x'.repeat(899)}`, false],
    ['blanks in front', '  x', true],
    ['blanks behind', 'x  ', true],
    ['blanks behind and beyond ASCII in front', 'é x   ', true],
    ['only blanks', '    ', true],
    ['a thousand blanks', `a${' '.repeat(1000)}b`, true],
    ['what looks encoded', 'a =?utf-8?q?b?= c', true],
    ['part of what looks encoded', '=? x ?=', true],
    ['C1 controls and line separators', 'a\u0085b\u2028c', true],
    ['an emoji of several characters', '👩‍👩‍👧‍👦 '.repeat(20).trim(), true],
    ['words on either side', `${'before '.repeat(20)}žluť ${'after '.repeat(20)}`.trim(), true],
  ])('brings back %s', (_name, value, soft) => {
    for (const name of ['X', 'Subject', 'X-A-Rather-Long-Name-Of-A-Field', 'X'.repeat(70)]) {
      const fits = soft && name.length < 30;
      expect(decodeEncodedWords(valueOf(textField(name, value), fits))).toBe(value);
    }
  });

  test.each(['\r', '\n', '\r\n', '\0', '\u0001', '\u007f', '\v', '\f', '\u001b'])(
    'refuses %j, naming the field (CVE-2024-6923, CVE-2015-8476)',
    (control) => {
      for (const value of [`a${control}Bcc: x`, control, `é${control}`, `${'x '.repeat(60)}${control}`]) {
        expect(() => textField('Subject', value, 'subject')).toThrow(/subject: line breaks and control characters/);
        expect(() => structuredField('List-Id', value)).toThrow(/List-Id: line breaks and control/);
        expect(() => tokenField('X', [value])).toThrow(/X: line breaks and control/);
      }
    },
  );

  test.each(['', ' ', 'A B', 'A:', 'Ä', 'A\r\nB', 'A\n', '\0', 'A\t', 'x'.repeat(77)])(
    'refuses the field name %j',
    (name) => {
      for (const write of [textField, structuredField]) {
        try {
          write(name, 'v', 'headers.0.name');
          expect.unreachable();
        } catch (error) {
          expect(isEmailError(error) && error.problems?.[0]?.path).toBe('headers.0.name');
        }
      }
    },
  );

  test.each([1, null, undefined, {}])('refuses %j as a value', (value) => {
    expect(() => textField('X', value as unknown as string)).toThrow(/a header value is a string/);
  });

  test('takes every printable character that a field name may have', () => {
    expect(textField("!#$%&'*+-.^_`|~09azAZ", 'v')).toBe("!#$%&'*+-.^_`|~09azAZ: v\r\n");
  });
});

describe('structuredField', () => {
  test('folds at blanks and refuses what cannot be folded to 998', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `<${i}.${'x'.repeat(30)}@example.com>`).join(' ');
    expect(valueOf(structuredField('References', ids))).toBe(ids);
    expect(() => structuredField('List-Unsubscribe', `<https://example.com/${'x'.repeat(1000)}>`)).toThrow(
      /longer than 998/,
    );
    expect(
      valueOf(structuredField('List-Unsubscribe', `<https://example.com/${'x'.repeat(900)}>`), false),
    ).toHaveLength(922);
  });

  test('refuses what is not ASCII', () => {
    expect(() => structuredField('List-Id', 'é')).toThrow(/only ASCII/);
  });
});

describe('addressField', () => {
  test('folds between mailboxes and between words, and comes back', () => {
    const list = [
      ...Array.from({ length: 30 }, (_, i) =>
        parseAddress({
          name: i % 3 === 0 ? `Němec, Jiří ${i} ${'ž'.repeat(i * 4)}` : `Ann B. "${i}"`,
          email: `user${i}@example.org`,
        }),
      ),
      parseAddress('plain@example.org'),
      parseAddress('"a b@c, d"@example.org'),
    ];
    const field = addressField('To', list);
    expect(parseAddressList(valueOf(field))).toEqual(list);
  });

  test('writes one mailbox on one line', () => {
    expect(addressField('From', [parseAddress('Ann <a@b>')])).toBe('From: Ann <a@b>\r\n');
    expect(addressField('From', [parseAddress('a@b')])).toBe('From: a@b\r\n');
  });

  test('keeps a local part beyond ASCII as UTF-8 (RFC 6532)', () => {
    expect(addressField('To', [parseAddress('jiří@example.org')])).toBe('To: jiří@example.org\r\n');
  });

  test('folds a long address before it', () => {
    const email = `${'a'.repeat(64)}@${'b.'.repeat(60)}example`;
    expect(addressField('Disposition-Notification-To', [parseAddress(`Ann <${email}>`)])).toBe(
      `Disposition-Notification-To: Ann\r\n <${email}>\r\n`,
    );
  });
});

import { describe, expect, test } from 'vitest';
import { formatMailbox } from '../../../src/address/format.js';
import { addressField } from '../../../src/mime/field.js';
import { parseAddress } from '../../../src/address/mailbox.js';

describe('formatMailbox', () => {
  test.each([
    [undefined, 'a@b'],
    ['', 'a@b'],
    ['Ann Lee', 'Ann Lee <a@b>'],
    ['Lee, Ann', '"Lee, Ann" <a@b>'],
    ['a "b" \\', '"a \\"b\\" \\\\" <a@b>'],
    ['J. Doe', '"J. Doe" <a@b>'],
    ['Jiří', '=?UTF-8?B?SmnFmcOt?= <a@b>'],
    ['=?utf-8?q?x?=', '=?UTF-8?B?PT91dGYtOD9xP3g/PQ==?= <a@b>'],
  ])('writes the name %j', (name, expected) => {
    expect(formatMailbox({ name, email: 'a@b' })).toBe(expected);
  });

  test.each([
    ' leading',
    'trailing ',
    'two  blanks',
    'x'.repeat(200),
    'x'.repeat(1000),
    'Ř'.repeat(200),
    '"',
    '\\',
    '()<>@,;:".[]',
    '日本 語',
    '=?',
    '🚀 🚀',
    "O'Neil",
  ])('writes %j so that it comes back', (name) => {
    const text = formatMailbox({ name, email: 'a@b' });
    expect(text).toMatch(/^[ -~]*$/);
    expect(addressField('To', [{ name, email: 'a@b' }])).toMatch(/^(?:.{1,998}\r\n)+$/);
    expect(parseAddress(text)).toMatchObject({ name, email: 'a@b' });
  });
});

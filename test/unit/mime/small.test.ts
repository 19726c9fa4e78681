import { describe, expect, test } from 'vitest';
import { formatDate } from '../../../src/mime/date.js';
import { checkedId, createBoundary, createMessageId } from '../../../src/mime/identifier.js';
import { mediaTypeOf } from '../../../src/mime/media-type.js';

describe('formatDate', () => {
  test('writes UTC (RFC 5322 section 3.3)', () => {
    expect(formatDate(new Date('2026-01-02T03:04:05.999Z'))).toBe('Fri, 02 Jan 2026 03:04:05 +0000');
    expect(formatDate(new Date('1900-01-01T00:00:00Z'))).toBe('Mon, 01 Jan 1900 00:00:00 +0000');
    expect(formatDate(new Date('9999-12-31T23:59:59Z'))).toBe('Fri, 31 Dec 9999 23:59:59 +0000');
  });

  test.each([new Date(NaN), new Date('1899-12-31T23:59:59Z'), new Date('+010000-01-01T00:00:00Z'), new Date(-8.64e15)])(
    'refuses %s',
    (date) => {
      expect(() => formatDate(date, 'date')).toThrow(/date: a date must be a valid Date/);
    },
  );
});

describe('identifiers', () => {
  test('are new each time and fit where they go', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => createMessageId('example.com')));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(checkedId(id, 'x')).toBe(id);
    expect(new Set(Array.from({ length: 1000 }, createBoundary)).size).toBe(1000);
    expect(createBoundary()).toMatch(/^=_[0-9a-f-]{36}$/);
  });

  test.each([
    ['a@b', '<a@b>'],
    ['<a@b>', '<a@b>'],
    ['logo', '<logo>'],
  ])('%s becomes %s', (text, expected) => {
    expect(checkedId(text, 'x')).toBe(expected);
  });

  test.each(['', '<>', 'a b', 'a\r\nb', 'a>', '<a', 'a@b> <c@d', 'é', '\0', 'x'.repeat(901), 5, null])(
    '%j is refused',
    (text) => {
      expect(() => checkedId(text as string, 'messageId')).toThrow(/messageId: an identifier/);
    },
  );
});

describe('mediaTypeOf', () => {
  test.each([
    ['a.pdf', 'application/pdf'],
    ['A.B.DOCX', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['x.jpeg', 'image/jpeg'],
    ['invite.ics', 'text/calendar'],
    ['mail.eml', 'message/rfc822'],
    ['archive.tar.gz', 'application/gzip'],
    ['noextension', 'application/octet-stream'],
    ['.', 'application/octet-stream'],
    ['a.', 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['x.__proto__', 'application/octet-stream'],
    ['x.constructor', 'application/octet-stream'],
  ])('%s is %s', (filename, type) => {
    expect(mediaTypeOf(filename)).toBe(type);
  });
});

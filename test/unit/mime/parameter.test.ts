import { describe, expect, test } from 'vitest';
import { tokenField } from '../../../src/mime/field.js';
import { legacyNameTokens, parameterTokens, withParameters } from '../../../src/mime/parameter.js';
import { parseStructured } from '../../../src/mime/read/structured.js';

const names = [
  'a.txt',
  'a b.txt',
  'a "b" \\c.txt',
  'Řeka.pdf',
  '日本語'.repeat(40),
  "it's (1)*2%.txt",
  'x'.repeat(300),
  `${'word '.repeat(60)}`,
  '',
  ' ',
  'a;b=c',
  '=?utf-8?q?x?=',
  '🚀',
  'a*1=é*2=ž'.repeat(9),
  `é${'x'.repeat(300)}`,
  ...Array.from({ length: 70 }, (_, i) => 'x'.repeat(60 + i)),
];

describe('parameterTokens', () => {
  test.each([
    ['charset', 'utf-8', ['charset=utf-8']],
    ['filename', 'a b', ['filename="a b"']],
    ['filename', "it's", [`filename="it's"`]],
    ['filename', 'a*b%41', ['filename="a*b%41"']],
    ['title*', "utf-8''%41", ["title*=utf-8''%41"]],
    ['filename', 'a"\\b', ['filename="a\\"\\\\b"']],
    ['filename', 'é.txt', ["filename*=UTF-8''%C3%A9.txt"]],
    ['filename', "é '*()%", ["filename*=UTF-8''%C3%A9%20%27%2A%28%29%25"]],
  ])('writes %s=%s', (name, value, tokens) => {
    expect(parameterTokens(name, value, 'p')).toEqual(tokens);
  });

  test.each(names)('writes %j in lines of 76 that come back (RFC 2231)', (value) => {
    const field = tokenField(
      'Content-Disposition',
      withParameters('attachment', [parameterTokens('filename', value, 'p'), ['size=1']]),
    );
    for (const line of field.split('\r\n')) expect(line).toMatch(/^[ -~]{0,76}$/);
    const read = parseStructured(field.replace(/\r\n/g, '').slice('Content-Disposition: '.length));
    expect(read.value).toBe('attachment');
    expect([...read.parameters]).toEqual(
      expect.arrayContaining([
        ['filename', value],
        ['size', '1'],
      ]),
    );
    expect(read.parameters.size).toBe(2);
  });

  test.each(['a\r\nb', 'a\0', '\u007f', '\ud800', 'x\n'])('refuses %j', (value) => {
    expect(() => parameterTokens('filename', value, 'attachments.0.filename')).toThrow(/attachments\.0\.filename: /);
    expect(() => legacyNameTokens('name', value, 'attachments.0.filename')).toThrow(/attachments\.0\.filename: /);
    expect(() => parameterTokens(value, 'x', 'p')).toThrow(/p: a parameter name/);
  });
});

test.each(names)('legacyNameTokens writes %j for clients without RFC 2231', (value) => {
  const field = tokenField('Content-Type', withParameters('a/b', [legacyNameTokens('name', value, 'p')]));
  for (const line of field.split('\r\n')) expect(line).toMatch(/^[ -~]{0,76}$/);
  expect(parseStructured(field.replace(/\r\n/g, '').slice('Content-Type: '.length)).parameters.get('name')).toBe(value);
  expect(field).toMatch(/\bname=/);
});

describe('parseStructured', () => {
  test.each([
    ['Text/Plain', 'text/plain', {}],
    ['text/plain (comment); charset=utf-8', 'text/plain', { charset: 'utf-8' }],
    ['a/b; X="y;z=\\"1\\""; x=2', 'a/b', { x: 'y;z="1"' }],
    // RFC 2231 section 4.1.
    [
      "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; " +
        `title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
      'application/x-stuff',
      { title: "This is even more ***fun*** isn't it!" },
    ],
    [`a/b; title*1=b; title*0=a`, 'a/b', { title: 'ab' }],
    [`a/b; f*=iso-8859-2''%F8`, 'a/b', { f: 'ř' }],
    [`a/b; f*=nope''%41`, 'a/b', { f: 'A' }],
    [`a/b; f*=%41`, 'a/b', { f: 'A' }],
    [`a/b; f*=utf-8''%zz%4`, 'a/b', { f: '%zz%4' }],
    [`a/b; f=plain; f*=utf-8''%C3%A9`, 'a/b', { f: 'é' }],
    ['a/b; name="=?utf-8?q?=C3=A9?="', 'a/b', { name: 'é' }],
    ['a/b;;; x = 1 ;y', 'a/b', { x: '1' }],
    ['a/b; x="open', 'a/b', { x: 'open' }],
    ['a/b; __proto__=1', 'a/b', Object.fromEntries([['__proto__', '1']])],
    ['', '', {}],
    [';', '', {}],
  ])('reads %s', (text, value, parameters) => {
    const read = parseStructured(text);
    expect(read.value).toBe(value);
    expect(Object.fromEntries(read.parameters)).toEqual(parameters);
  });

  test.each([';', '=', '"', "a*0*=''", 'x=1;', '(', ';a=', '\\', '%'])('reads 128 KiB of %j in time', (shape) => {
    const begun = process.cpuUsage().user;
    parseStructured(`a/b;${shape.repeat(1 << 17)}`);
    expect(process.cpuUsage().user - begun).toBeLessThan(3e6);
  });
});

import { describe, expect, test } from 'vitest';
import { decodeQuotedPrintable, decodeTransfer } from '../../../../src/mime/read/decode.js';
import { parseHeader } from '../../../../src/mime/read/header.js';
import { parseMessage } from '../../../../src/mime/read/parse.js';

const message = (text: string): ReturnType<typeof parseMessage> => parseMessage(Buffer.from(text));

describe('parseHeader', () => {
  test('gives fields in order, unfolded, with their places', () => {
    const source = Buffer.from('A: 1\r\nb : x\r\n\ty\r\nA:\r\n\r\nbody');
    const header = parseHeader(source, 0, source.length, 1000);
    expect(header.fields.map(({ name, value }) => [name, value])).toEqual([
      ['A', '1'],
      ['b', 'x\ty'],
      ['A', ''],
    ]);
    expect(header.fields.map(({ start, end }) => source.toString('latin1', start, end))).toEqual([
      'A: 1\r\n',
      'b : x\r\n\ty\r\n',
      'A:\r\n',
    ]);
    expect(header.getAll('a')).toEqual(['1', '']);
    expect(header.get('B')).toBe('x\ty');
    expect(header.get('c')).toBeUndefined();
    expect(source.toString('latin1', header.bodyStart)).toBe('body');
  });

  test.each([
    ['', [], ''],
    ['\r\nbody', [], 'body'],
    ['\nbody', [], 'body'],
    ['A: 1', ['A'], ''],
    ['A: 1\n\nbody', ['A'], 'body'],
    ['A: 1\nno field\nB: 2', ['A'], 'no field\nB: 2'],
    ['From x@y Mon\nA: 1\n\nb', ['A'], 'b'],
    [': x\r\nA: 1\r\n\r\n', ['A'], ''],
    ['A: 1\r\n\r', ['A'], '\r'],
    ['A: 1\r\n \r\n\r\nb', ['A'], 'b'],
  ])('takes %j as it comes', (text, names, body) => {
    const source = Buffer.from(text);
    const header = parseHeader(source, 0, source.length, 1000);
    expect(header.fields.map(({ name }) => name)).toEqual(names);
    expect(source.toString('latin1', header.bodyStart)).toBe(body);
  });

  test('reads UTF-8, and what is none as Latin-1', () => {
    expect(message('Subject: é\ufffd\r\n\r\n').header.text('Subject')).toBe('é\ufffd');
    expect(parseMessage(Buffer.from('Subject: \xe9\r\n\r\n', 'latin1')).header.get('Subject')).toBe('é');
    expect(message('Subject: =?utf-8?q?=C3=A9?=\r\n\r\n').header.text('subject')).toBe('é');
    expect(message('').header.text('subject')).toBeUndefined();
  });
});

describe('parseMessage', () => {
  const nested = [
    'Content-Type: multipart/mixed; boundary=a',
    '',
    'preamble',
    '--a ',
    'Content-Type: multipart/alternative; boundary="a b"',
    '',
    '--a b',
    'Content-Type: text/plain; charset=iso-8859-2',
    'Content-Transfer-Encoding: Quoted-Printable',
    '',
    'Ji=F8=ED =',
    'x',
    '--a b',
    'Content-Type: text/html',
    '',
    '<p>',
    '--a b--',
    'epilogue',
    '--a',
    'Content-Disposition: attachment; filename="x.bin"',
    'Content-Type: application/octet-stream; name=y',
    'Content-Transfer-Encoding: base64',
    'Content-ID: <c@d>',
    '',
    'AAEC',
    'Aw==',
    '--a--',
    'end',
    '--a',
    'not a part',
  ].join('\r\n');

  test('gives the tree, the places and the content', () => {
    const root = message(nested);
    expect([...root.walk()].map((part) => part.contentType.value)).toEqual([
      'multipart/mixed',
      'multipart/alternative',
      'text/plain',
      'text/html',
      'application/octet-stream',
    ]);
    expect(root.find('text/plain')?.text()).toBe('Jiří x');
    expect(root.find('text/html')?.text()).toBe('<p>');
    const file = root.parts[1];
    expect(file).toMatchObject({ filename: 'x.bin', contentId: 'c@d', transferEncoding: 'base64' });
    expect([...(file?.content() ?? [])]).toEqual([0, 1, 2, 3]);
    expect(file?.raw.toString('latin1')).toMatch(/^Content-Disposition.*Aw==$/s);
    expect(file?.disposition?.value).toBe('attachment');
    expect(root.find('application/octet-stream')).toBeUndefined();
    expect(root.content().toString('latin1')).toContain('preamble');
  });

  test('gives the same with bare LF line ends', () => {
    const root = message(nested.replaceAll('\r\n', '\n'));
    expect(root.find('text/plain')?.text()).toBe('Jiří x');
    expect([...(root.parts[1]?.content() ?? [])]).toEqual([0, 1, 2, 3]);
  });

  test.each([
    ['no closing delimiter', '--b\r\n\r\nx', ['x']],
    ['no delimiter at all', 'x', []],
    ['an empty part', '--b\r\n--b\r\n\r\ny\r\n--b--', ['', 'y']],
    ['a longer word that begins like a delimiter', '--b\r\n\r\nx\r\n--bc\r\n--b--', ['x\r\n--bc']],
    ['a delimiter within a line', '--b\r\n\r\nx --b\r\n--b--', ['x --b']],
    ['nothing but the closing delimiter', '--b--', []],
    ['a delimiter at the very end', '--b\r\n\r\nx\r\n--b', ['x']],
    ['a header without a body', '--b\r\nA: 1\r\n--b--', ['']],
  ])('takes %s', (_name, body, expected) => {
    expect(
      message(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${body}`).parts.map((part) => part.text()),
    ).toEqual(expected);
  });

  test.each([
    ['', 'text/plain'],
    ['Content-Type: nonsense\r\n', 'text/plain'],
    ['Content-Type: multipart/mixed\r\n', 'multipart/mixed'],
    ['Content-Type: TEXT/Html (x); charset=nope\r\n', 'text/html'],
  ])('an odd type is %j', (field, type) => {
    const root = message(`${field}\r\né`);
    expect(root.contentType.value).toBe(type);
    expect(root.text()).toBe('é');
    expect(root.parts).toEqual([]);
  });

  test('parts of a digest are messages (RFC 2046 section 5.1.5)', () => {
    expect(
      message('Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\n--b--').parts[0]
        ?.contentType.value,
    ).toBe('message/rfc822');
  });

  test('keeps its limits', () => {
    const error = { code: 'ERR_CONTENT' };
    let deep = '';
    for (let i = 0; i < 40; i++) deep += `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`;
    expect(() => message(deep)).toThrow(expect.objectContaining(error));
    expect(message(deep.split('--b30')[0] ?? '')).toBeDefined();
    expect(() => message(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n'.repeat(1001)}`)).toThrow(
      expect.objectContaining(error),
    );
    expect(() => parseMessage(Buffer.from(`A: ${'x'.repeat(100)}\r\n\r\n`), { maxHeaderBytes: 50 })).toThrow(
      expect.objectContaining(error),
    );
    expect(() => parseMessage(Buffer.from(`A: x\r\n${' x\r\n'.repeat(100)}\r\n`), { maxHeaderBytes: 50 })).toThrow(
      expect.objectContaining(error),
    );
  });

  test('takes time in proportion to the length: many parts, each with a boundary that never comes', () => {
    const part = 'Content-Type: multipart/mixed; boundary=never\r\n\r\nx\r\n--b\r\n';
    const begun = process.cpuUsage().user;
    message(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${part.repeat(900)}\r\n${'--ne\r\n'.repeat(1 << 20)}`,
    );
    expect(process.cpuUsage().user - begun).toBeLessThan(3e6);
  });

  test('survives every truncation', () => {
    for (let i = 0; i <= nested.length; i++) for (const part of message(nested.slice(0, i)).walk()) part.text();
  });
});

describe('decodeTransfer', () => {
  test.each([
    ['a=\r\nb', 'ab'],
    ['a= \t\r\nb', 'ab'],
    ['a=\nb', 'ab'],
    ['a=', 'a'],
    ['a= ', 'a'],
    ['a=4', 'a=4'],
    ['a=G1', 'a=G1'],
    ['=3d=3D', '=='],
    ['a \r\nb\t\n \r\n', 'a\r\nb\n\r\n'],
    ['a ', 'a'],
    ['a =20', 'a  '],
    ['a b', 'a b'],
    ['', ''],
  ])('reads quoted-printable %j', (text, expected) => {
    expect(decodeQuotedPrintable(Buffer.from(text)).toString('latin1')).toBe(expected);
  });

  test('reads base64 with what is odd in it, and leaves the unknown', () => {
    expect(decodeTransfer(Buffer.from('A A\r\nE\tC!Aw=='), 'base64').toString('hex')).toBe('00010203');
    expect(decodeTransfer(Buffer.from('x'), 'x-uuencode').toString()).toBe('x');
  });

  test('reads soft breaks followed by many blanks in time', () => {
    const begun = process.cpuUsage().user;
    decodeQuotedPrintable(Buffer.from(`${'='.repeat(1000)}${' '.repeat(1 << 20)}`));
    decodeQuotedPrintable(Buffer.from(`${'= '.repeat(1 << 20)}`));
    expect(process.cpuUsage().user - begun).toBeLessThan(3e6);
  });
});

import { describe, expect, test } from 'vitest';
import type { SmtpReply } from '../../../src/model/reply.js';
import { showReply } from '../../../src/smtp/reply.js';
import { Secrets } from '../../../src/util/secrets.js';
import { ReplyParser } from '../../../src/smtp/reply-parser.js';
import { random } from '../../support/random.js';
import { replyOf } from '../../support/play-dialogue.js';
import { cpuTimer } from '../../support/cpu-time.js';

function parse(parts: readonly (string | Uint8Array)[]): readonly SmtpReply[] {
  const parser = new ReplyParser();
  const replies = [];
  for (const part of parts) {
    parser.push(typeof part === 'string' ? Buffer.from(part) : part);
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
  }
  // Replies are read late, to show that the bytes they point to do not change.
  return replies.map((reply) => reply.read());
}

const dialogue =
  '220 mail.example.test ESMTP\r\n250-mail.example.test\r\n250-SIZE 1000\r\n250 PIPELINING\r\n250 2.1.0 Ok\r\n' +
  '250-2.1.5 One\r\n250-2.1.5 two\r\n250 2.1.5 three\r\n354 go on\r\n250\r\n' +
  '550-5.7.1 no\r\n550 5.7.1 entry\r\n250 smtp ünïcode\r\n221 2.0.0 bye\n';

describe('the reply parser', () => {
  test('reads code, enhanced code and lines', () => {
    expect(parse(['250 2.1.0 Ok\r\n'])).toEqual([{ code: 250, enhancedCode: '2.1.0', lines: ['Ok'] }]);
    expect(parse(['550-5.7.1 first\r\n550 5.7.1 second\r\n'])).toEqual([
      { code: 550, enhancedCode: '5.7.1', lines: ['first', 'second'] },
    ]);
    expect(parse(['250\r\n'])).toEqual([{ code: 250, lines: [''] }]);
    expect(parse(['250-\r\n250 \r\n'])).toEqual([{ code: 250, lines: ['', ''] }]);
  });

  test('leaves an enhanced code of another class, or no code at all, in the text (RFC 2034 section 4)', () => {
    expect(parse(['250 5.1.1 odd\r\n'])).toEqual([{ code: 250, lines: ['5.1.1 odd'] }]);
    expect(parse(['250 2.1.0.9 odd\r\n'])).toEqual([{ code: 250, lines: ['2.1.0.9 odd'] }]);
    expect(parse(['220 2.example.test\r\n'])).toEqual([{ code: 220, lines: ['2.example.test'] }]);
  });

  test('gives the same replies whole, by line, by byte and at random cuts', () => {
    const bytes = Buffer.from(dialogue);
    const whole = parse([bytes]);
    expect(whole).toHaveLength(9);
    expect(parse(dialogue.split(/(?<=\n)/))).toEqual(whole);
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
    for (let seed = 1; seed <= 50; seed++) {
      const next = random(seed);
      const parts: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const length = 1 + next(12);
        parts.push(Uint8Array.from(bytes.subarray(at, at + length)));
        at += length;
      }
      expect(parse(parts), `seed ${seed}`).toEqual(whole);
    }
  });

  test.each([
    [200, 'positive'],
    [299, 'positive'],
    [300, 'intermediate'],
    [399, 'intermediate'],
    [400, 'negative'],
    [599, 'negative'],
  ])('%i is %s', (code, severity) => {
    const { positive, intermediate, negative } = replyOf(`${code} x`);
    expect(Object.entries({ positive, intermediate, negative }).filter(([, holds]) => holds)).toEqual([
      [severity, true],
    ]);
  });

  test.each([
    ['SSH-2.0-OpenSSH_9.2', 'an SSH'],
    ['* OK IMAP4rev1 ready', 'an IMAP'],
    ['+OK POP3 ready', 'a POP3'],
    ['HTTP/1.1 400 Bad Request', 'a web'],
  ])('knows the server of %j', (line, server) => {
    expect(() => parse([`${line}\r\n`])).toThrow(
      expect.objectContaining({
        remedy: expect.stringContaining(`This is ${server} server, not an SMTP server.`) as string,
      }),
    );
  });

  test('doubts the port after any other line', () => {
    expect(() => parse(['hello\r\n'])).toThrow(
      expect.objectContaining({
        remedy: expect.stringContaining('Check that server.port is that of an SMTP') as string,
      }),
    );
  });

  test.each([200, 209, 290, 299, 354, 500, 509, 590, 599])('reads the code %i', (code) => {
    expect(parse([`${code} x\r\n`])).toEqual([{ code, lines: ['x'] }]);
  });

  test.each([
    ['letters', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a code below 200', '150 wait\r\n'],
    ['a code above 599', '600 no\r\n'],
    ['a code of two digits', '25 ok\r\n'],
    ['a code of four digits', '2500 ok\r\n'],
    ['a tab after the code', '250\tok\r\n'],
    ['an empty line', '\r\n'],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x46\n'],
    ['codes that change within a reply', '250-a\r\n251 b\r\n'],
  ])('refuses %s, by byte too', (_, text) => {
    expect(() => parse([text])).toThrow(expect.objectContaining({ code: 'ERR_SMTP_PROTOCOL' }));
    expect(() => parse([...Buffer.from(text)].map((byte) => Uint8Array.of(byte)))).toThrow(
      expect.objectContaining({ code: 'ERR_SMTP_PROTOCOL' }),
    );
  });

  test('makes room for what comes behind a reply that is still in its store', () => {
    const [a, b, c] = ['a'.repeat(900), 'b'.repeat(500), 'c'.repeat(1500)];
    const replies = parse([`250 ${a}`, `\r\n250 ${b}`, `${c}\r\n`]);
    expect(replies.map(({ lines }) => lines)).toEqual([[a], [b + c]]);
  });

  test('shows what it refuses escaped and cut', () => {
    expect(() => parse([`\x1b[31m${'x'.repeat(9000)}`.slice(0, 700) + '\n'])).toThrow(/\\x1b\[31mx+/);
  });

  test('takes lines of 8 KiB and no longer, whether they end or not', () => {
    const line = `250 ${'x'.repeat(8192 - 6)}\r\n`;
    expect(parse([line])).toHaveLength(1);
    expect(() => parse([`250 ${'x'.repeat(8192 - 5)}\r\n`])).toThrow(/longer than 8192 octets/);
    expect(() => parse(Array.from({ length: 9 }, () => `250 ${'x'.repeat(1020)}`))).toThrow(/longer than 8192 octets/);
  });

  test('takes 256 lines or 64 KiB a reply and no more', () => {
    const lines = (count: number): string => `${'250-x\r\n'.repeat(count - 1)}250 x\r\n`;
    expect(parse([lines(256)])[0]?.lines).toHaveLength(256);
    expect(() => parse([lines(257)])).toThrow(/more than 256 lines/);
    expect(() => parse([`250-${'x'.repeat(8000)}\r\n`.repeat(9)])).toThrow(/longer than 65536 octets/);
  });

  test('takes a reply that drips in byte by byte in linear time', () => {
    const bytes = Buffer.from(`${`250-${'x'.repeat(250)}\r\n`.repeat(250)}250 end\r\n`);
    const elapsed = cpuTimer();
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))[0]?.lines).toHaveLength(251);
    expect(elapsed()).toBeLessThan(2_000);
  });

  test.each([
    ['550 5.1.1 no', ['no']],
    ['550 ', ['']],
    ['550', ['']],
    ['550 no\r', ['no']],
    ['550-a\r\n550 b', ['a', 'b']],
    ['250 ok\r\n451 later', ['later']],
  ])('takes the refusal %j for whole where the stream ends behind it', (text, lines) => {
    for (const parts of [[text], [...text]]) {
      const parser = new ReplyParser();
      for (const part of parts) parser.push(Buffer.from(part));
      while (parser.next() !== undefined);
      expect(parser.end()?.read().lines).toEqual(lines);
      expect([parser.pending, parser.end()]).toEqual([0, undefined]);
    }
  });

  test.each([
    '',
    '5',
    '55',
    '550-',
    '550-no',
    '550-a\r\n',
    '550-a\r\n55',
    '250 ok',
    '354 go',
    '220',
    'x550 no',
    '5500',
    '650 no',
    '550 a\r\n',
  ])('takes %j for no refusal where the stream ends behind it', (text) => {
    const parser = new ReplyParser();
    parser.push(Buffer.from(text));
    parser.next();
    expect(parser.end()).toBeUndefined();
  });

  test('gives the bytes behind the last reply', () => {
    const parser = new ReplyParser();
    parser.push(Buffer.from('220 ready\r\n250 inj'));
    expect(parser.next()?.code).toBe(220);
    expect(parser.pending).toBe(7);
    expect(Buffer.from(parser.rest).toString()).toBe('250 inj');
  });
});

describe('a reply', () => {
  test('is shown on one line, escaped', () => {
    expect(showReply({ code: 550, enhancedCode: '5.1.1', lines: ['no', '', '\x1b[31muser'] })).toBe(
      '550 5.1.1 no / \\x1b[31muser',
    );
  });

  test('that repeats a secret shows none of its text, and keeps its codes', () => {
    const secrets = new Secrets();
    secrets.add('AGFiYwBwYXNzd29yZA==', true);
    const reply = replyOf('500-5.5.1 unknown: AUTH PLAIN AGFiYwBwYXNzd29yZA==\r\n500 5.5.1 what is that?');
    expect(reply.challenge).toContain('AGFi');
    reply.hide(secrets);
    expect(reply.read()).toEqual({ code: 500, enhancedCode: '5.5.1', lines: ['<hidden>'] });
    const bare = replyOf('354 AGFiYwBwYXNzd29yZA');
    bare.hide(secrets);
    expect(bare.read()).toEqual({ code: 354, lines: ['<hidden>'] });
    const other = replyOf('500 5.5.1 what');
    other.hide(secrets);
    expect(other.read()).toEqual({ code: 500, enhancedCode: '5.5.1', lines: ['what'] });
  });
});

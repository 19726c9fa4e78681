import { describe, expect, test } from 'vitest';
import { TestSmtpServer } from '../../../../src/testing/server/test-smtp-server.js';
import { random } from '../../../support/random.js';
import { RawClient } from './raw-client.js';

const words = [
  'EHLO x',
  'MAIL FROM:<a@b>',
  'MAIL FROM:<> SIZE=5 BODY=BINARYMIME',
  'RCPT TO:<c@d>',
  'RCPT TO:<"',
  'DATA',
  '.',
  '..',
  'BDAT 3 LAST',
  'BDAT 7',
  'BDAT x',
  'RSET',
  'AUTH PLAIN',
  'AUTH LOGIN =',
  '*',
  'AAAA',
  'NOOP',
  'VRFY \u00e9',
  '\0',
  '',
  'x'.repeat(3000),
];

describe('TestSmtpServer', () => {
  test('answers whatever comes with whole replies, closes, and stays in order for the next client', async () => {
    await using server = await TestSmtpServer.start({ security: 'none', users: { a: 'b' } });
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const client = await RawClient.open(server.port);
      let input = '';
      for (let i = 0; i < 25; i++)
        input += (words[next(words.length)] ?? '') + ['\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n.\r\n'][next(6)];
      const bytes = Buffer.from(input);
      for (let at = 0; at < bytes.length;) {
        const size = 1 + next(500);
        client.socket.write(bytes.subarray(at, at + size));
        at += size;
      }
      client.socket.end();
      const output = await client.rest();
      expect(output, `seed ${seed}`).toMatch(/^220 [^\r\n]*\r\n(?:\d{3}[ -][^\r\n]*\r\n)*$/);
    }
    const client = await RawClient.open(server.port);
    await client.reply();
    expect(
      await client.codes('EHLO x', 'AUTH PLAIN AGEAYg==', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', '.', 'QUIT'),
    ).toBe('250 235 250 250 354 250 221');
  });
});

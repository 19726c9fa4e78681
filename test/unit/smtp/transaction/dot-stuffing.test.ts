import { describe, expect, test } from 'vitest';
import { DotStuffer } from '../../../../src/smtp/transaction/dot-stuffing.js';

function stuff(text: string, cut: number): string {
  const stuffer = new DotStuffer();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += cut) parts.push(...stuffer.stuff(Buffer.from(text.slice(at, at + cut))));
  parts.push(stuffer.end());
  return Buffer.concat(parts).toString();
}

/** Undoes dot-stuffing, as a server does (RFC 5321 section 4.5.2). */
function unstuff(wire: string): string {
  const end = wire.indexOf('\r\n.\r\n');
  const whole = wire === '.\r\n' ? '' : wire.slice(0, end + 2);
  if (wire !== '.\r\n' && end + 5 !== wire.length) throw new Error('the data ends early');
  return whole.replace(/^\./gm, '');
}

describe('dot-stuffing', () => {
  test.each([
    ['', '.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['.\r\n', '..\r\n.\r\n'],
    ['a.b\r\n', 'a.b\r\n.\r\n'],
    ['a\r\n.b\r\n', 'a\r\n..b\r\n.\r\n'],
    ['a\r\n.\r\n.\r\n..\r\n', 'a\r\n..\r\n..\r\n...\r\n.\r\n'],
    ['no end', 'no end\r\n.\r\n'],
  ])('of %j gives %j wherever the blocks are cut', (text, expected) => {
    for (let cut = 1; cut <= Math.max(1, text.length); cut++) expect(stuff(text, cut), `cut ${cut}`).toBe(expected);
  });

  test('comes back whole from the server, for all texts of dots and line ends (CVE-2021-38189, emailjs 5)', () => {
    const alphabet = ['\r\n', '.', 'x'];
    for (let n = 0; n < 3 ** 7; n++) {
      const text = Array.from({ length: 7 }, (_, i) => alphabet[Math.floor(n / 3 ** i) % 3]).join('');
      const sent = text.endsWith('\r\n') ? text : `${text}\r\n`;
      for (const cut of [1, 2, 3, 100]) expect(unstuff(stuff(text, cut))).toBe(sent);
    }
  });

  test('is not misled by blocks of nothing', () => {
    const stuffer = new DotStuffer();
    const blocks = ['a\r\n', '', '.b\r', '', '\n', '', '.c\r\n', ''].map((text) => Buffer.from(text));
    const parts = [...blocks.flatMap((block) => stuffer.stuff(block)), stuffer.end()];
    expect(Buffer.concat(parts).toString()).toBe('a\r\n..b\r\n..c\r\n.\r\n');
  });

  test('copies nothing of a block without dots', () => {
    const block = Buffer.from('a\r\nb\r\n');
    expect(new DotStuffer().stuff(block)).toEqual([block]);
    expect(new DotStuffer().stuff(block)[0]).toBe(block);
  });
});

import { describe, expect, it, test } from 'vitest';
import { createMailer } from '../../../src/index.js';
import { queueIdOf } from '../../../src/smtp/queue-id.js';
import { TestSmtpServer } from '../../../src/testing.js';
import { fuzz } from '../../fuzz/kit.js';

const idOf = (text: string, code = 250): string | undefined => queueIdOf({ code, lines: [text] });
const ses = '0100018c1f3a2b4c-5d6e7f80-9a1b-4c2d-8e3f-405162738495-000000';
const exchange =
  '<a1b2@AM0PR01.eurprd01.prod.outlook.com> [InternalId=47429503197294, ' +
  'Hostname=AM0PR01.eurprd01.prod.outlook.com] 9021 bytes in 0.191, 46.0 KB/sec Queued mail for delivery';

describe('the queue id', () => {
  it.each([
    ['Ok: queued as 4XyZ8b2Qk7z9Rw', '4XyZ8b2Qk7z9Rw'],
    ['Ok: queued as 1F2E3D4C5B', '1F2E3D4C5B'],
    ['Ok: 279 bytes queued as 50D2526C019', '50D2526C019'],
    ['from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 1F2E3D4C5B', '1F2E3D4C5B'],
    ['Ok: queued as Hn3_xQ-aT2ukG8', 'Hn3_xQ-aT2ukG8'],
    ['OK queued as 6c1d4f7f-55aa-4e0f-8d4e-0a1b2c3d4e5f', '6c1d4f7f-55aa-4e0f-8d4e-0a1b2c3d4e5f'],
    ['OK id=1abcde-0001Ab-9Z', '1abcde-0001Ab-9Z'],
    ['OK id=1tGk2m-000000003Ab-0cDe', '1tGk2m-000000003Ab-0cDe'],
    [exchange, '47429503197294'],
    [`Ok ${ses}`, ses],
    ['4B1Abcde012345 Message accepted for delivery', '4B1Abcde012345'],
    ['5b2e8f10 Message accepted for delivery', '5b2e8f10'],
  ])('is found in %s', (text, id) => expect(idOf(text)).toBe(id));

  it.each([
    'OK',
    '',
    'Message accepted for delivery',
    'OK: message queued',
    'Queued (0.012 seconds)',
    'Ok: queued as ',
    'Ok: queued as a b',
    'Ok: queued as <a@b.example>',
    'Ok: queued as a\u001b[31m',
    'OK id=1abcde',
    'OK id=1abcde-0001Ab-9Z and more',
    'Great success',
    'ok 1700000000 qp 12345',
    'OK  1700000000 d2e1a72fcca58-6c3a0f1e8b2sor123.4 - gsmtp',
    '<a@b.example> Queued mail for delivery',
    'Ok 0100018c1f3a2b4c',
    'accepted Message accepted for delivery',
    `Ok: queued as ${'a'.repeat(1000)}`,
  ])('is absent from %s', (text) => expect(idOf(text)).toBeUndefined());

  it('is absent from other replies, and from one without text', () => {
    expect(idOf('Ok: queued as 1F2E3D4C5B', 451)).toBeUndefined();
    expect(queueIdOf({ code: 250, lines: [] })).toBeUndefined();
  });

  it('stands in the last line', () => {
    expect(queueIdOf({ code: 250, lines: ['Thank you', 'Ok: queued as 1F2E3D4C5B'] })).toBe('1F2E3D4C5B');
  });

  test('is a word of plain characters or absent, whatever the server writes', async () => {
    const pieces = [
      'Ok',
      ': queued as ',
      ' id=',
      '-',
      ' ',
      '[InternalId=',
      ', Hostname=',
      ']',
      '\u001b',
      '\u202e',
      '<',
    ];
    const words = [
      ...pieces,
      'a',
      '0',
      '12345678',
      'abcdef',
      ' Queued mail for delivery',
      ' Message accepted for delivery',
    ];
    await fuzz(3000, (next) => {
      const text = Array.from({ length: next(8) }, () => words[next(words.length)]).join('');
      const id = idOf(text);
      if (id !== undefined && (!/^[\w.@=+-]+$/.test(id) || !text.includes(id))) throw new Error(`${text}: ${id}`);
    });
  });
});

describe('the result of a send', () => {
  it.each([
    ['250 2.0.0 Ok: queued as 1F2E3D4C5B', '1F2E3D4C5B'],
    ['250 2.0.0 Thank you', undefined],
  ])('after %s has the queue id %s', async (reply, queueId) => {
    await using server = await TestSmtpServer.start({ replies: { END: [reply] } });
    await using mailer = createMailer({ name: 'p', sender: { email: 'a@example.com' }, server: server.settings });
    const result = await mailer.send({ to: 'b@example.org', text: 'hello' });
    expect(Object.hasOwn(result, 'queueId')).toBe(true);
    expect(result.queueId).toBe(queueId);
  });
});

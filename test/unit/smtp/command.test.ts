import { describe, expect, test } from 'vitest';
import { createCommand, createSecretCommand } from '../../../src/smtp/command.js';

describe('the command writer', () => {
  test.each(['\r', '\n', '\0', '\t', '\x1b', '\x7f', '\x85', '\u2028', '\u2029'])(
    'refuses %j and names the field (CVE-2015-8476, CVE-2015-9096)',
    (c) => {
      expect(() => createCommand(`EHLO a${c}b`, 'server.localName', { utf8: true })).toThrow(
        expect.objectContaining({
          code: 'ERR_MESSAGE_INVALID',
          problems: [{ path: 'server.localName', message: expect.stringContaining('control character') }],
        }),
      );
    },
  );

  test('refuses other than ASCII unless UTF-8 is agreed on, so that U+560D U+560A never becomes CR LF', () => {
    expect(() => createCommand('MAIL FROM:<嘍嘊@example.test>', 'envelope.from')).toThrow(/SMTPUTF8/);
    expect(
      Buffer.from(createCommand('MAIL FROM:<嘍嘊@example.test>', 'envelope.from', { utf8: true }).line).includes('\r'),
    ).toBe(false);
  });

  test('refuses half a surrogate pair', () => {
    expect(() => createCommand('MAIL FROM:<\ud800@example.test>', 'envelope.from', { utf8: true })).toThrow(
      /surrogate/,
    );
    expect(createCommand('MAIL FROM:<😀@example.test>', 'envelope.from', { utf8: true }).line).toContain('😀');
  });

  test('counts octets, not characters (RFC 5321 section 4.5.3.1.4)', () => {
    expect(createCommand('x'.repeat(510), 'f').line).toHaveLength(510);
    expect(() => createCommand('x'.repeat(511), 'f')).toThrow(/511 octets; at most 510/);
    expect(() => createCommand('ü'.repeat(256), 'f', { utf8: true })).toThrow(/512 octets/);
  });

  test('shows a secret line by its replacement only, in errors too', () => {
    expect(createSecretCommand('AUTH PLAIN AGFiYw==', 'AUTH PLAIN <initial response>').display).toBe(
      'AUTH PLAIN <initial response>',
    );
    const secret = 'c2VjcmV0'.repeat(20_000);
    try {
      createSecretCommand(secret, '<response>');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' });
      expect(JSON.stringify(error) + String(error)).not.toContain('c2VjcmV0');
    }
    expect(() => createSecretCommand('a\r\nb', '<response>')).toThrow(
      expect.objectContaining({ code: 'ERR_AUTH_UNAVAILABLE' }),
    );
  });
});

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createMechanism } from '../../../src/sasl/create.js';
import { auth, errorOf, plainText, textOf } from './support.js';

describe('PLAIN (RFC 4616)', () => {
  test('sends identity, user name and password in one message (section 4, both examples)', () => {
    const first = createMechanism('PLAIN', {
      authentication: auth('plain', { username: 'tim' }),
      secret: 'tanstaaftanstaaf',
    });
    expect(first.complete).toBe(false);
    expect(textOf(first.start(plainText) as Uint8Array)).toBe('\0tim\0tanstaaftanstaaf');
    expect(first.complete).toBe(true);
    const second = createMechanism('plain', {
      authentication: auth('plain', { username: 'Kurt', authorizationId: 'Ursel' }),
      secret: 'xipj3plmq',
    });
    expect(textOf(second.start(plainText) as Uint8Array)).toBe('Ursel\0Kurt\0xipj3plmq');
  });

  test('sends strings as given: the server prepares them (section 2)', () => {
    const decomposed = 'pa\u0308ss\u00ad\u{1f511}';
    const mechanism = createMechanism('PLAIN', { authentication: auth('plain'), secret: decomposed });
    expect(textOf(mechanism.start(plainText) as Uint8Array)).toBe(`\0user\0${decomposed}`);
  });

  test('refuses a challenge', async () => {
    const mechanism = createMechanism('PLAIN', { authentication: auth('plain'), secret: 'x' });
    void mechanism.start(plainText);
    expect((await errorOf(() => mechanism.next(Buffer.alloc(0)))).code).toBe('ERR_SMTP_PROTOCOL');
  });
});

describe('LOGIN', () => {
  test.each([
    ['the usual prompts', ['Username:', 'Password:']],
    ['prompts in other words', ['User Name\0', 'Kennwort?']],
    ['no prompts', ['', '']],
  ])('answers user name, then password, to %s', async (_, prompts) => {
    const mechanism = createMechanism('LOGIN', { authentication: auth('login'), secret: 'p:"ö€' });
    expect(mechanism.start(plainText)).toBeUndefined();
    expect(textOf(await mechanism.next(Buffer.from(prompts[0] ?? '')))).toBe('user');
    expect(mechanism.complete).toBe(false);
    expect(textOf(await mechanism.next(Buffer.from(prompts[1] ?? '')))).toBe('p:"ö€');
    expect(mechanism.complete).toBe(true);
    expect((await errorOf(() => mechanism.next(Buffer.from('More:')))).message).toContain(
      'sent an unexpected challenge',
    );
  });
});

describe('CRAM-MD5 (RFC 2195)', () => {
  test('answers the example of section 2', async () => {
    const mechanism = createMechanism('CRAM-MD5', {
      authentication: auth('cram-md5', { username: 'tim' }),
      secret: 'tanstaaftanstaaf',
    });
    expect(mechanism.start(plainText)).toBeUndefined();
    const response = await mechanism.next(Buffer.from('<1896.697170952@postoffice.reston.mci.net>'));
    expect(textOf(response)).toBe('tim b913a602c7eda7a495b4e6e7334d3890');
    expect(mechanism.complete).toBe(true);
  });

  test('refuses an empty challenge, whose digest would be the same each time', async () => {
    const mechanism = createMechanism('CRAM-MD5', { authentication: auth('cram-md5'), secret: 'x' });
    expect((await errorOf(() => mechanism.next(Buffer.alloc(0)))).message).toContain('empty challenge');
    expect(mechanism.complete).toBe(false);
  });

  test('refuses a second challenge', async () => {
    const mechanism = createMechanism('CRAM-MD5', { authentication: auth('cram-md5'), secret: 'x' });
    await mechanism.next(Buffer.from('<1@x>'));
    expect((await errorOf(() => mechanism.next(Buffer.from('<2@x>')))).code).toBe('ERR_SMTP_PROTOCOL');
  });
});

describe('EXTERNAL (RFC 4422 appendix A)', () => {
  test('sends nothing where the server is to take the identity from the certificate', async () => {
    const mechanism = createMechanism('EXTERNAL', { authentication: { method: 'external' } });
    expect(mechanism.start(plainText)).toHaveLength(0);
    expect(mechanism.complete).toBe(true);
    expect((await errorOf(() => mechanism.next(Buffer.alloc(0)))).code).toBe('ERR_SMTP_PROTOCOL');
  });

  test('sends the identity to act as', () => {
    const mechanism = createMechanism('EXTERNAL', {
      authentication: { method: 'external', authorizationId: 'fred@example.com' },
    });
    expect(textOf(mechanism.start(plainText) as Uint8Array)).toBe('fred@example.com');
  });
});

describe('what goes into a mechanism', () => {
  const names = [
    ['PLAIN', 'plain'],
    ['LOGIN', 'login'],
    ['CRAM-MD5', 'cram-md5'],
    ['SCRAM-SHA-256', 'scram-sha-256'],
    ['NTLM', 'ntlm'],
    ['XOAUTH2', 'xoauth2'],
    ['OAUTHBEARER', 'oauthbearer'],
  ] as const;

  test.each(names)(
    '%s refuses NUL, half a surrogate pair, nothing and too much, and names the field',
    async (name, method) => {
      for (const [value, problem] of [
        ['a\0b', 'NUL'],
        ['a\ud800', 'surrogate'],
        ['', 'empty'],
        ['a'.repeat(40_000), 'longer'],
      ] as const) {
        const user = await errorOf(() =>
          createMechanism(name, { authentication: auth(method, { username: value }), secret: 'good' }),
        );
        expect([user.code, user.problems?.[0]?.path]).toEqual(['ERR_PROFILE_INVALID', 'authentication.username']);
        expect(user.problems?.[0]?.message).toContain(problem);
        const secret = await errorOf(() => createMechanism(name, { authentication: auth(method), secret: value }));
        expect(secret.code).toBe('ERR_SECRET');
        expect(secret.problems?.[0]?.path).toBe(
          method.includes('oauth') ? 'authentication.token' : 'authentication.password',
        );
        expect(secret.problems?.[0]?.message).toContain(problem);
      }
    },
  );

  test.each(names)('%s shows no secret when it is inspected or written as JSON', (name, method) => {
    const mechanism = createMechanism(name, { authentication: auth(method), secret: 'very-Secret9' });
    const shown = inspect(mechanism, { depth: 9, showHidden: true }) + JSON.stringify(mechanism);
    expect(shown).not.toContain('very-Secret9');
    expect(shown).not.toContain(Buffer.from('very-Secret9').toString('base64'));
  });

  test.each(['PLAIN', 'SCRAM-SHA-256', 'EXTERNAL'] as const)('%s refuses a bad authorizationId', async (name) => {
    const method = name.toLowerCase() as 'plain' | 'scram-sha-256' | 'external';
    const error = await errorOf(() =>
      createMechanism(name, { authentication: auth(method, { authorizationId: 'a\0b' }), secret: 'x' }),
    );
    expect(error.problems?.[0]?.path).toBe('authentication.authorizationId');
  });

  test('refuses a mechanism that is not of the method', async () => {
    for (const [name, authentication] of [
      ['GSSAPI', auth('kerberos')],
      ['XOAUTH2', auth('password')],
      ['PLAIN', auth('ntlm')],
      ['GSSAPI', auth('ntlm')],
      ['PLAIN', auth('external')],
      ['PLAIN', auth('xoauth2')],
      ['SCRAM-MD5', auth('password')],
    ] as const) {
      const error = await errorOf(() => createMechanism(name, { authentication, secret: 'x' }));
      expect(error.code).toBe('ERR_AUTH_UNAVAILABLE');
    }
  });
});

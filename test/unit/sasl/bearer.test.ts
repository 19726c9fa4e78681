import { describe, expect, test } from 'vitest';
import type { SaslMechanism } from '../../../src/model/sasl.js';
import { createMechanism } from '../../../src/sasl/create.js';
import { failureOf } from '../../../src/sasl/mechanism.js';
import { auth, errorOf, textOf, underTls } from './support.js';

const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

function make(method: 'xoauth2' | 'oauthbearer', more: object = {}, secret = token): SaslMechanism {
  return createMechanism(method.toUpperCase(), {
    authentication: auth(method, { username: 'user@example.com', ...more }),
    secret,
  });
}

describe('OAUTHBEARER (RFC 7628)', () => {
  test('sends the message of section 4.1', () => {
    const message = make('oauthbearer').start({ host: 'server.example.com', port: 143, secure: true });
    const expected =
      'bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB';
    expect(Buffer.from(message as Uint8Array).toString('base64')).toBe(expected);
  });

  test('answers the failure of section 4.3 with 0x01 and puts it in words', async () => {
    const mechanism = make('oauthbearer');
    void mechanism.start(underTls);
    expect(mechanism.complete).toBe(true);
    const challenge = Buffer.from(
      'eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=',
      'base64',
    );
    expect(await mechanism.next(challenge)).toEqual(Uint8Array.of(1));
    expect(failureOf(mechanism)).toBe(
      'status invalid_token, scope example_scope, openid-configuration https://example.com/.well-known/openid-configuration',
    );
    expect(mechanism.complete).toBe(false);
    expect((await errorOf(() => mechanism.next(challenge))).code).toBe('ERR_SMTP_PROTOCOL');
  });

  test('escapes comma and equals sign in the identity, and lets it be another', () => {
    expect(textOf(make('oauthbearer', { authorizationId: 'a=b,c' }).start(underTls) as Uint8Array)).toMatch(
      /^n,a=a=3Db=2Cc,\x01host=/,
    );
  });
});

describe('XOAUTH2', () => {
  test('sends user and token', () => {
    const message = make(
      'xoauth2',
      { username: 'someuser@example.com' },
      'ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg',
    ).start(underTls);
    const expected =
      'dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==';
    expect(Buffer.from(message as Uint8Array).toString('base64')).toBe(expected);
  });

  test('answers a failure with nothing and puts it in words', async () => {
    const mechanism = make('xoauth2');
    void mechanism.start(underTls);
    const challenge = Buffer.from(
      'eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K',
      'base64',
    );
    expect(await mechanism.next(challenge)).toHaveLength(0);
    expect(failureOf(mechanism)).toBe('status 401, scope https://mail.google.com/, schemes bearer mac');
  });

  test('has no identity besides the user', async () => {
    const error = await errorOf(() => make('xoauth2', { authorizationId: 'other@example.com' }));
    expect(error.problems?.[0]?.path).toBe('authentication.authorizationId');
  });
});

describe.each(['xoauth2', 'oauthbearer'] as const)('%s', (method) => {
  test.each([
    ['text that is not JSON', 'go\r\naway\u001b[31m', 'go\\x0d\\x0aaway\\x1b[31m'],
    ['JSON that says nothing', '{"x":1}', '{"x":1}'],
    ['a JSON array', '[1]', '[1]'],
    ['JSON null', 'null', 'null'],
    ['fields of the wrong type', '{"status":{"a":1},"scope":["x"],"error":4}', 'error 4'],
    ['a field by way of __proto__', '{"__proto__":{"status":"x"},"error":"y"}', 'error y'],
    ['nothing', '', 'the token was refused without a reason'],
    ['a token repeated', `{"status":"401 for ${token}"}`, '<hidden>'],
    ['a token repeated in base64', Buffer.from(token).toString('base64'), '<hidden>'],
  ])('puts %s in one line', async (_, challenge, words) => {
    const mechanism = make(method);
    void mechanism.start(underTls);
    await mechanism.next(Buffer.from(challenge));
    expect(failureOf(mechanism)).toBe(words);
  });

  test('cuts an endless reason', async () => {
    const mechanism = make(method);
    void mechanism.start(underTls);
    await mechanism.next(Buffer.from(JSON.stringify({ status: 'x'.repeat(100_000) })));
    expect(failureOf(mechanism)?.length).toBeLessThan(600);
  });

  test.each(['Bearer abc', 'abc\x01', 'abc\r\n', 'töken'])(
    'refuses a token that is none (RFC 6750 section 2.1)',
    async (bad) => {
      const error = await errorOf(() => make(method, {}, bad));
      expect(error.code).toBe('ERR_SECRET');
      expect(JSON.stringify(error)).not.toContain(JSON.stringify(bad).slice(1, -1));
    },
  );

  test('refuses 0x01 in a user name, which would end its field', async () => {
    const error = await errorOf(() => make(method, { username: 'a\x01auth=Bearer x' }));
    expect(error.problems?.[0]?.path).toBe('authentication.username');
  });
});

import { describe, expect, test } from 'vitest';
import type { Security } from '../../../src/model/settings/server.js';
import { chooseMechanisms } from '../../../src/sasl/choose.js';
import { channelBindingOf } from '../../../src/sasl/create.js';
import { auth, errorOf } from './support.js';

const everything = [
  'GSSAPI', 'NTLM', 'PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5', 'XOAUTH2', 'OAUTHBEARER', 'EXTERNAL', 'ANONYMOUS', 'SCRAM-SHA-1', 'SCRAM-SHA-256',
  'SCRAM-SHA-512', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-512-PLUS',
]; // prettier-ignore

interface Wire {
  readonly secure?: boolean;
  readonly security?: Security;
  readonly offered?: readonly string[];
  readonly startTls?: boolean;
  readonly customName?: string;
}

function choose(
  method: Parameters<typeof auth>[0],
  more: object,
  { secure = true, security = 'automatic', offered = everything, startTls = false, customName }: Wire = {},
): readonly string[] {
  return chooseMechanisms({ authentication: auth(method, more), offered, secure, security, startTls, customName });
}

describe("method 'password' over TLS", () => {
  test('takes SCRAM with channel binding, SCRAM, PLAIN, LOGIN, CRAM-MD5; never NTLM, Kerberos, DIGEST-MD5 (RFC 6331) or ANONYMOUS', () => {
    expect(choose('password', {})).toEqual([
      'SCRAM-SHA-512-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5',
    ]); // prettier-ignore
  });

  test('keeps to what is offered, in any case of letters', () => {
    expect(choose('password', {}, { offered: ['login', 'Plain', 'NTLM'] })).toEqual(['PLAIN', 'LOGIN']);
  });

  test('leaves out what cannot say whom to act as', () => {
    expect(choose('password', { authorizationId: 'boss' }, { offered: ['LOGIN', 'CRAM-MD5', 'PLAIN'] })).toEqual([
      'PLAIN',
    ]);
    expect(() => choose('password', { authorizationId: 'boss' }, { offered: ['LOGIN'] })).toThrow('can use');
  });

  test('says what is offered and what to use, where there is none', async () => {
    const error = await errorOf(() => choose('password', {}, { offered: ['NTLM', 'GSSAPI', 'XOAUTH2'] }));
    expect(error.code).toBe('ERR_AUTH_UNAVAILABLE');
    expect(error.message).toContain(', but the server offers only NTLM, GSSAPI and XOAUTH2. No credential was sent.');
    expect(error.remedy).toContain("'kerberos' or 'ntlm' or 'xoauth2'");
  });

  test('does not take what only looks alike', async () => {
    for (const offered of [['PLAINX'], ['XPLAIN'], ['PLAIN LOGIN'], ['SCRAM-SHA-256-PLUSX'], ['__proto__'], ['']]) {
      expect((await errorOf(() => choose('password', {}, { offered }))).code).toBe('ERR_AUTH_UNAVAILABLE');
    }
  });

  test('bounds and escapes the names that a server offers', async () => {
    const offered = Array.from({ length: 5000 }, (_, i) => `X${i}\u001b[31m${'y'.repeat(200)}`);
    const error = await errorOf(() => choose('password', {}, { offered }));
    expect(error.message.length).toBeLessThan(2000);
    expect(error.message).toContain('4980 more');
    expect(error.message).not.toContain('\u001b');
  });
});

describe("method 'password' without TLS", () => {
  const wire = { secure: false } as const;

  test("takes SCRAM and CRAM-MD5 where security is 'none'", () => {
    expect(choose('password', {}, { ...wire, security: 'none' })).toEqual([
      'SCRAM-SHA-512',
      'SCRAM-SHA-256',
      'SCRAM-SHA-1',
      'CRAM-MD5',
    ]);
  });

  test('takes PLAIN and LOGIN last, and only with allowPlaintext', () => {
    for (const security of ['none', 'automatic'] as const) {
      expect(choose('password', { allowPlaintext: true }, { ...wire, security })).toEqual([
        'SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN', 'LOGIN',
      ]); // prettier-ignore
    }
  });

  test("sends nothing where 'automatic' ended in plain text", async () => {
    const error = await errorOf(() => choose('password', {}, wire));
    expect(error.code).toBe('ERR_AUTH_PLAINTEXT');
    expect(error.message).toContain('No credential was sent');
    expect(error.remedy).toContain('allowPlaintext');
  });

  test.each<[readonly string[], string]>([
    [['CRAM-MD5', 'SCRAM-SHA-256'], 'would let anyone on the network path guess at the password'],
    [['CRAM-MD5', 'PLAIN'], 'would let anyone on the network path read the password, or guess at it'],
    [['PLAIN', 'LOGIN'], 'would let anyone on the network path read the secret'],
  ])('says what %j would give away', async (offered, words) => {
    expect((await errorOf(() => choose('password', {}, { ...wire, offered }))).message).toContain(words);
  });

  test('names the port where no authentication is offered, and STARTTLS where that may bring one', async () => {
    const nothing = { ...wire, offered: [] };
    expect((await errorOf(() => choose('password', {}, nothing))).remedy).toContain('Check server.port');
    expect((await errorOf(() => choose('password', {}, { ...nothing, startTls: true }))).remedy).not.toContain(
      'server.port',
    );
    const others = { ...wire, offered: ['ANONYMOUS'] };
    expect((await errorOf(() => choose('password', {}, others))).remedy).not.toContain('Check server.port');
  });

  test("sends no password in clear where security is 'none' (Go CVE-2017-15042)", async () => {
    expect(
      (await errorOf(() => choose('password', {}, { ...wire, security: 'none', offered: ['PLAIN', 'LOGIN'] }))).code,
    ).toBe('ERR_AUTH_PLAINTEXT');
  });
});

describe('the other methods', () => {
  const single = [
    ['plain', 'PLAIN', 'clear'],
    ['login', 'LOGIN', 'clear'],
    ['xoauth2', 'XOAUTH2', 'clear'],
    ['oauthbearer', 'OAUTHBEARER', 'clear'],
    ['cram-md5', 'CRAM-MD5', 'hashed'],
    ['ntlm', 'NTLM', 'hashed'],
    ['scram-sha-1', 'SCRAM-SHA-1', 'hashed'],
    ['scram-sha-256', 'SCRAM-SHA-256', 'hashed'],
    ['scram-sha-512', 'SCRAM-SHA-512', 'hashed'],
    ['kerberos', 'GSSAPI', 'protected'],
  ] as const;

  test.each(single)("'%s' takes %s alone, or fails", async (method, name) => {
    expect(choose(method, {}, { offered: [name, 'PLAIN', 'NTLM', 'GSSAPI'] })).toEqual([name]);
    const error = await errorOf(() => choose(method, {}, { offered: ['DIGEST-MD5'] }));
    expect(error.code).toBe('ERR_AUTH_UNAVAILABLE');
    expect(error.message).toContain(name);
  });

  test.each(single)("'%s' without TLS: %s is %s", async (method, name, exposure) => {
    const tried = async (security: Security, more: object = {}): Promise<string> => {
      try {
        return choose(method, more, { secure: false, security })[0] ?? 'nothing';
      } catch {
        return (await errorOf(() => choose(method, more, { secure: false, security }))).code;
      }
    };
    expect(await tried('automatic')).toBe(exposure === 'protected' ? name : 'ERR_AUTH_PLAINTEXT');
    expect(await tried('explicit')).toBe(exposure === 'protected' ? name : 'ERR_AUTH_PLAINTEXT');
    expect(await tried('none')).toBe(exposure === 'clear' ? 'ERR_AUTH_PLAINTEXT' : name);
    expect(await tried('automatic', { allowPlaintext: true })).toBe(name);
    expect(await tried('none', { allowPlaintext: true })).toBe(name);
  });

  test.each(['scram-sha-1', 'scram-sha-256', 'scram-sha-512'] as const)(
    "'%s' binds to the TLS channel where the server can",
    (method) => {
      const name = method.toUpperCase();
      expect(choose(method, {})).toEqual([`${name}-PLUS`]);
      expect(choose(method, {}, { offered: [name] })).toEqual([name]);
      expect(choose(method, {}, { secure: false, security: 'none' })).toEqual([name]);
    },
  );

  test("'external' needs TLS, for the certificate is its proof", async () => {
    expect(choose('external', {})).toEqual(['EXTERNAL']);
    const error = await errorOf(() => choose('external', { allowPlaintext: true }, { secure: false }));
    expect(error.code).toBe('ERR_AUTH_UNAVAILABLE');
    expect(error.message).toContain('no TLS');
  });

  test("'custom' is taken by its name, and counts as clear text", async () => {
    const offered = ['X-OWN', 'GSSAPI'];
    expect(choose('custom', {}, { offered, customName: 'x-own' })).toEqual(['x-own']);
    expect((await errorOf(() => choose('custom', {}, { offered, customName: 'OTHER' }))).code).toBe(
      'ERR_AUTH_UNAVAILABLE',
    );
    expect((await errorOf(() => choose('custom', {}, { offered }))).message).toContain('names no mechanism');
    for (const customName of offered) {
      const error = await errorOf(() => choose('custom', {}, { offered, customName, secure: false, security: 'none' }));
      expect(error.code).toBe('ERR_AUTH_PLAINTEXT');
    }
    expect(choose('custom', { allowPlaintext: true }, { offered, customName: 'X-OWN', secure: false })).toEqual([
      'X-OWN',
    ]);
  });

  test('a server that offers nothing without TLS gets that as the remedy', async () => {
    const error = await errorOf(() => choose('plain', {}, { secure: false, offered: [] }));
    expect(error.code).toBe('ERR_AUTH_UNAVAILABLE');
    expect(error.message).toMatch(/^The server offers no authentication without TLS\. /);
    expect(error.remedy).toMatch(/'implicit'.*587 or 465/);
    const { remedy } = await errorOf(() => choose('plain', {}, { secure: false, startTls: true, offered: [] }));
    expect(remedy).toMatch(/^Set server\.security to 'explicit': the server offers STARTTLS, /);
  });

  test('no error shows a credential', async () => {
    for (const offered of [[], ['PLAIN'], ['NTLM']]) {
      const error = await errorOf(() => choose('cram-md5', { password: 'very-Secret9' }, { offered }));
      expect(JSON.stringify(error) + String(error.stack)).not.toContain('very-Secret9');
    }
  });
});

describe('channelBindingOf', () => {
  test.each([
    ['SCRAM-SHA-256-PLUS', 'TLSv1.3', 'tls-exporter'],
    ['SCRAM-SHA-1-PLUS', 'TLSv1.2', 'tls-server-end-point'],
    ['NTLM', 'TLSv1.3', 'tls-server-end-point'],
    ['NTLM', 'TLSv1.2', 'tls-server-end-point'],
    ['GSSAPI', 'TLSv1.3', 'tls-server-end-point'],
    ['SCRAM-SHA-256', 'TLSv1.3', 'tls-exporter'],
    ['scram-sha-512', 'TLSv1.2', 'tls-server-end-point'],
    ['PLAIN', 'TLSv1.3', undefined],
  ])('%s under %s binds to %s', (name, protocol, type) => {
    expect(channelBindingOf(name, protocol)).toBe(type);
  });
});

import { createHmac } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { Authentication, OutgoingServer } from '../../src/index.js';
import { NtlmClient } from '../../src/sasl/ntlm/client.js';
import { parseChallenge } from '../../src/sasl/ntlm/messages.js';
import { expectNoSecret, signIn } from './sign-in.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();
const { alice, bob, carol } = bed.users;

const servers = {
  'Postfix with Dovecot, STARTTLS': { port: bed.postfix.submission, security: 'explicit' },
  'Postfix with Dovecot, implicit TLS': { port: bed.postfix.submissions, security: 'implicit' },
  'Postfix with Dovecot, no TLS': { port: bed.postfix.authClear, security: 'none' },
  'Postfix with Cyrus SASL': { port: bed.postfix.authCyrus, security: 'explicit' },
  'Dovecot submission, STARTTLS': { port: bed.dovecot.submission, security: 'explicit' },
  'Dovecot submission, implicit TLS': { port: bed.dovecot.submissions, security: 'implicit' },
  'Exim, STARTTLS': { port: bed.exim.submission, security: 'explicit' },
  'Exim, implicit TLS': { port: bed.exim.submissions, security: 'implicit' },
} as const satisfies Record<string, Partial<OutgoingServer>>;
type ServerName = keyof typeof servers;
const all = Object.keys(servers) as ServerName[];
const [postfix, dovecot, cyrus, exim] = ['Postfix', 'Dovecot submission', 'Postfix with Cyrus', 'Exim'].map((start) => all.filter((name) => name.startsWith(start))) as [
  ServerName[], ServerName[], ServerName[], ServerName[],
]; // prettier-ignore
const byDovecot = [...postfix.filter((name) => !cyrus.includes(name)), ...dovecot];

/** The mechanism of each method, and the servers that offer it. */
const passwordMethods = [
  ['plain', 'PLAIN', all],
  ['login', 'LOGIN', all],
  ['cram-md5', 'CRAM-MD5', all],
  ['scram-sha-1', 'SCRAM-SHA-1', all],
  ['scram-sha-256', 'SCRAM-SHA-256', all],
  ['scram-sha-512', 'SCRAM-SHA-512', cyrus],
] as const;

const allowPlaintext = true;
const wrong = 'not-the-Secret8';

describe.concurrent.each(passwordMethods)("method '%s'", (method, mechanism, offering) => {
  test.each(offering)('signs in to %s', async (server) => {
    for (const [username, { password }] of [
      ['alice', alice],
      ['carol', carol],
    ] as const) {
      const { report, code, message } = await signIn(servers[server], { method, username, password, allowPlaintext }, [
        password,
      ]);
      expect([code, message]).toEqual([undefined, '']);
      expect(report.mechanism).toBe(mechanism);
    }
  });

  test.each(offering)('is refused by %s with a wrong password, and tries nothing else', async (server) => {
    const { report, code, message } = await signIn(
      servers[server],
      { method, username: 'carol', password: wrong, allowPlaintext },
      [wrong],
    );
    expect(code).toBe('ERR_AUTH_REJECTED');
    expect(message).toContain(`by ${mechanism}: 535`);
    expect(report.transcript.filter((line) => line.includes('AUTH ') && !/250[- ]/.test(line))).toHaveLength(1);
  });

  test.each(all.filter((name) => !(offering as readonly ServerName[]).includes(name)))(
    'is not offered by %s: ERR_AUTH_UNAVAILABLE says so',
    async (server) => {
      const { code, message } = await signIn(
        servers[server],
        { method, username: 'alice', password: alice.password, allowPlaintext },
        [alice.password],
      );
      expect(code).toBe('ERR_AUTH_UNAVAILABLE');
      expect(message).toContain(mechanism);
    },
  );
});

describe.concurrent("method 'password'", () => {
  test.each(all)('takes the strongest that %s offers', async (server) => {
    const { report, code } = await signIn(
      servers[server],
      { method: 'password', username: 'carol', password: carol.password },
      [carol.password],
    );
    expect(code).toBeUndefined();
    expect(report.mechanism).toBe(cyrus.includes(server) ? 'SCRAM-SHA-512' : 'SCRAM-SHA-256');
  });

  test.each(all)('does not fall back after a refusal by %s', async (server) => {
    const { report, code } = await signIn(
      servers[server],
      { method: 'password', username: 'alice', password: wrong, allowPlaintext },
      [wrong],
    );
    expect(code).toBe('ERR_AUTH_REJECTED');
    expect(report.transcript.filter((line) => line.includes('AUTH ') && !/250[- ]/.test(line))).toHaveLength(1);
  });
});

// These run one after the other: Dovecot has one Samba helper for all, which mixes up overlapping exchanges.
describe("method 'ntlm'", () => {
  const ntlm = (username: string, password: string, more: object = {}): Authentication => ({
    method: 'ntlm',
    username,
    password,
    allowPlaintext,
    ...more,
  });

  test.each(byDovecot)('signs in to %s, judged by Samba', async (server) => {
    for (const more of [{}, { domain: 'EXAMPLE' }, { workstation: 'MAILER' }]) {
      expect(
        (await signIn(servers[server], ntlm('alice', alice.password, more), [alice.password])).code,
      ).toBeUndefined();
    }
    expect(
      (await signIn(servers[server], ntlm('EXAMPLE\\alice', alice.password), [alice.password])).report.mechanism,
    ).toBe('NTLM');
    expect((await signIn(servers[server], ntlm('alice', wrong), [wrong])).code).toBe('ERR_AUTH_REJECTED');
  });

  test.each(cyrus)('signs in to %s, which sends no target information', async (server) => {
    expect((await signIn(servers[server], ntlm('alice', alice.password), [alice.password])).code).toBeUndefined();
    expect((await signIn(servers[server], ntlm('alice', wrong), [wrong])).code).toBe('ERR_AUTH_REJECTED');
    expect((await signIn(servers[server], ntlm('bob', alice.password), [alice.password])).code).toBe(
      'ERR_AUTH_REJECTED',
    );
  });

  test.each(cyrus)('signs in to %s with a password beyond ASCII only as that server misreads it', async (server) => {
    const misread = Buffer.from(carol.password, 'utf8').toString('latin1');
    expect((await signIn(servers[server], ntlm('carol', carol.password), [carol.password])).code).toBe(
      'ERR_AUTH_REJECTED',
    );
    expect((await signIn(servers[server], ntlm('carol', misread), [misread])).code).toBeUndefined();
  });

  test.each(exim)('is refused by %s, which knows NTLMv1 only', async (server) => {
    expect((await signIn(servers[server], ntlm('alice', alice.password), [alice.password])).code).toBe(
      'ERR_AUTH_REJECTED',
    );
  });

  /** Samba's ntlm_auth as Dovecot and Squid run it: one line in, one line out. */
  async function judge(password: string, answer: (client: NtlmClient, challenge: Buffer) => Buffer): Promise<string> {
    const samba = join(bed.state, 'samba');
    const helper = spawn(join(samba, 'image/usr/bin/ntlm_auth'), [
      `--configfile=${join(samba, 'smb.conf')}`,
      '--helper-protocol=squid-2.5-ntlmssp',
      `--password=${carol.password}`,
    ]);
    const lines = createInterface(helper.stdout);
    const ask = async (line: string): Promise<string> => {
      helper.stdin.write(`${line}\n`);
      return String((await once(lines, 'line'))[0]);
    };
    try {
      const client = new NtlmClient({ username: 'carol', password });
      const challenge = await ask(`YR ${client.negotiate.toString('base64')}`);
      expect(challenge).toMatch(/^TT /);
      return await ask(`KK ${answer(client, Buffer.from(challenge.slice(3), 'base64')).toString('base64')}`);
    } finally {
      helper.stdin.end();
      await once(helper, 'close');
    }
  }
  const target = { targetName: 'SMTPSVC/localhost' };

  test('Samba accepts a password beyond ASCII, and refuses another', async () => {
    expect(await judge(carol.password, (client, challenge) => client.authenticate(challenge, target))).toMatch(
      /^AF carol|^AF .*carol/,
    );
    expect(await judge(wrong, (client, challenge) => client.authenticate(challenge, target))).toMatch(/^NA /);
  });

  test('Samba checks the message integrity code', async () => {
    const spoilt = (client: NtlmClient, challenge: Buffer): Buffer => {
      expect(parseChallenge(challenge).targetInfo?.some(({ id }) => id === 7)).toBe(true);
      const message = client.authenticate(challenge, target);
      message[72] = (message[72] ?? 0) ^ 1;
      return message;
    };
    expect(await judge(carol.password, spoilt)).toMatch(/^NA /);
  });

  test('Samba accepts the channel binding among the target information', async () => {
    const channelBinding = { type: 'tls-server-end-point', data: createHmac('sha256', 'x').digest() } as const;
    expect(
      await judge(carol.password, (client, challenge) => client.authenticate(challenge, { ...target, channelBinding })),
    ).toMatch(/^AF /);
  });
});

describe.concurrent.each(['xoauth2', 'oauthbearer'] as const)("method '%s'", (method) => {
  test.each(byDovecot)('signs in to %s', async (server) => {
    for (const [username, token] of [
      [alice.address, bed.oauth2.alice],
      [bob.address, bed.oauth2.bob],
      [alice.address, bed.oauth2.aliceRs256],
    ] as const) {
      const { report, code, message } = await signIn(servers[server], { method, username, token, allowPlaintext }, [
        token,
      ]);
      expect([code, message, report.mechanism]).toEqual([undefined, '', method.toUpperCase()]);
    }
  });

  test.each(byDovecot)('hears from %s why a token is refused', async (server) => {
    for (const token of [bed.oauth2.aliceExpired, bed.oauth2.aliceWrongScope, 'nonsense.token']) {
      const { code, message } = await signIn(
        servers[server],
        { method, username: alice.address, token, allowPlaintext },
        [token],
      );
      expect(code).toBe('ERR_AUTH_REJECTED');
      expect(message).toMatch(/the reason it gives: status (401|400|invalid_token|insufficient_scope|invalid_request)/);
    }
  });

  test.each(byDovecot)("is refused by %s with another user's token", async (server) => {
    const { code } = await signIn(
      servers[server],
      { method, username: bob.address, token: bed.oauth2.alice, allowPlaintext },
      [bed.oauth2.alice],
    );
    expect(code).toBe('ERR_AUTH_REJECTED');
  });

  test.each(byDovecot)('asks a token function once more after a refusal by %s', async (server) => {
    const tokens: string[] = [];
    const token = (): string => {
      tokens.push(tokens.length % 2 === 0 ? bed.oauth2.aliceExpired : bed.oauth2.alice);
      return tokens.at(-1) ?? '';
    };
    const { code } = await signIn(servers[server], { method, username: alice.address, token, allowPlaintext }, [
      bed.oauth2.alice,
      bed.oauth2.aliceExpired,
    ]);
    expect(code).toBeUndefined();
    expect(tokens.length % 2).toBe(0);
  });

  test.each([...cyrus, ...exim])('is not offered by %s', async (server) => {
    const { code } = await signIn(servers[server], { method, username: alice.address, token: bed.oauth2.alice }, [
      bed.oauth2.alice,
    ]);
    expect(code).toBe('ERR_AUTH_UNAVAILABLE');
  });
});

describe.concurrent("method 'external'", () => {
  const certificate = (who: keyof typeof bed.pki.client): Partial<OutgoingServer> => {
    const { cert, key } = bed.pki.client[who];
    return { tls: { ca: { file: bed.pki.ca }, clientCertificate: { file: cert, keyFile: key } } };
  };

  test.each([...dovecot, ...exim])('signs in to %s by certificate', async (server) => {
    const { report, code, message } = await signIn(
      { ...servers[server], ...certificate('alice') },
      { method: 'external' },
      [],
    );
    expect([code, message, report.mechanism]).toEqual([undefined, '', 'EXTERNAL']);
  });

  test.each(dovecot)(
    'is refused by %s with a certificate that is not trusted, and with one that expired',
    async (server) => {
      for (const who of ['aliceUntrusted', 'aliceExpired'] as const) {
        expect((await signIn({ ...servers[server], ...certificate(who) }, { method: 'external' }, [])).code).toBe(
          'ERR_AUTH_REJECTED',
        );
      }
    },
  );

  test.each(exim)('is not offered by %s without a certificate that it trusts', async (server) => {
    for (const who of ['aliceUntrusted', 'aliceExpired'] as const) {
      expect((await signIn({ ...servers[server], ...certificate(who) }, { method: 'external' }, [])).code).toBe(
        'ERR_AUTH_UNAVAILABLE',
      );
    }
  });

  test.each(postfix.filter((name) => !name.endsWith('no TLS')))('is not offered by %s', async (server) => {
    expect((await signIn({ ...servers[server], ...certificate('alice') }, { method: 'external' }, [])).code).toBe(
      'ERR_AUTH_UNAVAILABLE',
    );
  });
});

describe.concurrent('authorizationId', () => {
  const { address, password } = alice;
  const { cert, key } = bed.pki.client.alice;
  const tls = { ca: { file: bed.pki.ca }, clientCertificate: { file: cert, keyFile: key } };
  const asks = (
    method: 'plain' | 'scram-sha-1' | 'scram-sha-256' | 'external' | 'oauthbearer',
    authorizationId: string,
  ): Authentication => {
    if (method === 'external') return { method, authorizationId };
    if (method === 'oauthbearer')
      return { method, username: address, token: bed.oauth2.alice, authorizationId, allowPlaintext };
    return { method, username: 'alice', password, authorizationId, allowPlaintext };
  };

  // Exim's own PLAIN ignores it.
  test.each([
    ['plain', [...byDovecot, ...cyrus]],
    ['scram-sha-1', all],
    ['scram-sha-256', all],
    ['external', [...dovecot, ...exim]],
    ['oauthbearer', byDovecot],
  ] as const)("of method '%s' is heard: one's own is accepted, another's is refused", async (method, offering) => {
    for (const server of offering) {
      const settings = method === 'external' ? { ...servers[server], tls } : servers[server];
      expect(
        (await signIn(settings, asks(method, 'alice'), [password, bed.oauth2.alice])).code,
        server,
      ).toBeUndefined();
      expect((await signIn(settings, asks(method, 'bob'), [password, bed.oauth2.alice])).code, server).toBe(
        'ERR_AUTH_REJECTED',
      );
    }
  });
});

describe.concurrent('without TLS', () => {
  const server: Partial<OutgoingServer> = { port: bed.postfix.authClear, security: 'none' };
  const { password } = alice;

  test.each([
    { method: 'plain', username: 'alice', password },
    { method: 'login', username: 'alice', password },
    { method: 'xoauth2', username: alice.address, token: bed.oauth2.alice },
    { method: 'oauthbearer', username: alice.address, token: bed.oauth2.alice },
  ] as const)('$method is ERR_AUTH_PLAINTEXT, and nothing of it is sent', async (authentication) => {
    const { report, code } = await signIn(server, authentication, [password, bed.oauth2.alice]);
    expect(code).toBe('ERR_AUTH_PLAINTEXT');
    expect(report.transcript.filter((line) => line.includes('AUTH ') && !/250[- ]/.test(line))).toEqual([]);
  });
});

test('the search for secrets finds each of its forms', () => {
  const { password } = carol;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  for (const text of [
    password,
    base64(password),
    base64(`x${password}x`),
    base64(`xx${password}x`),
    base64(`\0carol\0${password}`),
    encodeURIComponent(password),
  ]) {
    expect(() => expectNoSecret(`before ${text} behind`, [password]), text).toThrow('a secret is seen');
  }
  expectNoSecret('nothing', [password]);
});

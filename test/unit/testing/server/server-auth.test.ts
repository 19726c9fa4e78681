import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { TestSmtpServer } from '../../../../src/testing/server/test-smtp-server.js';
import type { TestSmtpServerOptions } from '../../../../src/testing/server/server-options.js';
import { RawClient } from './raw-client.js';

const password = 'p@ss:w"örd €3';
const users = { alice: password };
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const action of cleanUp.splice(0).reverse()) await action();
});

/** A client after greeting, TLS and EHLO. `certificateOf` is the name of a client certificate. */
async function secured(
  options: TestSmtpServerOptions = {},
  certificateOf?: string,
): Promise<{ server: TestSmtpServer; client: RawClient; ehlo: string }> {
  const server = await TestSmtpServer.start({ security: 'implicit', users, ...options });
  const client = await RawClient.open(server.port);
  cleanUp.push(
    () => server.close(),
    () => client.socket.destroy(),
  );
  const identity = certificateOf === undefined ? undefined : server.issueClientCertificate(certificateOf);
  if (options.security !== 'none')
    await client.startTls({ ca: server.ca, cert: identity?.certificate, key: identity?.key });
  await client.reply();
  return { server, client, ehlo: (await client.ask('EHLO x')) ?? '' };
}

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

describe('AUTH of TestSmtpServer', () => {
  test('offers every mechanism over TLS, -PLUS and EXTERNAL only there, and needs it for MAIL', async () => {
    const { client, ehlo } = await secured({}, 'alice');
    const all =
      'SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN ' +
      'LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER';
    expect(ehlo).toContain(`AUTH ${all} EXTERNAL`);
    expect(await client.codes('MAIL FROM:<a@b>')).toBe('530');
    expect((await secured()).ehlo).toContain(`AUTH ${all}`);
    expect((await secured()).ehlo).not.toContain('EXTERNAL');
    expect((await secured({ security: 'none' })).ehlo).toContain('AUTH SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN');
  });

  test('does not offer AUTH before STARTTLS, and refuses it there', async () => {
    const server = await TestSmtpServer.start({ users });
    const client = await RawClient.open(server.port);
    cleanUp.push(
      () => server.close(),
      () => client.socket.destroy(),
    );
    await client.reply();
    expect(await client.ask('EHLO x')).not.toContain('AUTH');
    expect(await client.codes(`AUTH PLAIN ${base64(`\0alice\0${password}`)}`)).toBe('538');
  });

  test.each([
    ['PLAIN', [`\0alice\0${password}`], '235'],
    ['PLAIN', [`alice\0alice\0${password}`], '235'],
    ['PLAIN', [`bob\0alice\0${password}`], '535'],
    ['PLAIN', ['\0alice\0wrong'], '535'],
    ['PLAIN', ['\0nobody\0'], '535'],
    ['PLAIN', ['\0__proto__\0x'], '535'],
    ['PLAIN', [''], '535'],
    ['LOGIN', ['alice', password], '334 235'],
    ['LOGIN', ['alice', 'wrong'], '334 535'],
    ['XOAUTH2', [`user=alice\x01auth=Bearer ${password}\x01\x01`], '235'],
    ['XOAUTH2', ['user=alice\x01auth=Bearer wrong\x01\x01', ''], '334 535'],
    ['OAUTHBEARER', [`n,a=alice,\x01host=h\x01port=1\x01auth=Bearer ${password}\x01\x01`], '235'],
    ['OAUTHBEARER', ['n,a=alice,\x01auth=Bearer wrong\x01\x01', '\x01'], '334 535'],
    ['OAUTHBEARER', ['auth=Bearer x'], '535'],
  ])('%s with %j gives %s, with and without an initial response', async (mechanism, responses, codes) => {
    const { server, client } = await secured();
    const encoded = responses.map(base64);
    expect(await client.codes(`AUTH ${mechanism}`, ...encoded)).toBe(`334 ${codes}`);
    const second = await RawClient.open(server.port);
    cleanUp.push(() => second.socket.destroy());
    await second.startTls({ ca: server.ca });
    await second.reply();
    expect(await second.codes('EHLO x', `AUTH ${mechanism} ${encoded[0] || '='}`, ...encoded.slice(1))).toBe(
      `250 ${codes}`,
    );
    const shown = server.transcript.join('\n');
    for (const secret of [password, ...encoded.filter(Boolean)]) expect(shown).not.toContain(secret);
    expect(shown).toContain(`C: AUTH ${mechanism} [hidden]`);
  });

  test('verifies CRAM-MD5 (RFC 2195)', async () => {
    const { server, client } = await secured();
    for (const [key, code] of [
      ['wrong', '535'],
      [password, '235'],
    ] as const) {
      const challenge = Buffer.from((await client.ask('AUTH CRAM-MD5'))?.slice(4) ?? '', 'base64').toString();
      expect(challenge).toMatch(/^<.+@.+>$/);
      const digest = createHmac('md5', key).update(challenge).digest('hex');
      expect(await client.codes(base64(`alice ${digest}`))).toBe(code);
    }
    expect(server.transcript).toContain('S: 334 [hidden]');
  });

  test.each(['SHA-1', 'SHA-256', 'SHA-512'])(
    'verifies SCRAM-%s, -PLUS by both bindings, and finds a changed list (RFC 5802, 9266)',
    async (name) => {
      const run = async (
        flag: string,
        plus: boolean,
        key: string,
        bindingOf?: (socket: TLSSocket) => Uint8Array,
      ): Promise<string> => {
        const { client } = await secured();
        const first = 'n=alice,r=abc';
        const binding = bindingOf?.(client.socket as TLSSocket) ?? new Uint8Array();
        const reply = await client.ask(`AUTH SCRAM-${name}${plus ? '-PLUS' : ''} ${base64(`${flag},,${first}`)}`);
        if (!reply?.startsWith('334')) return reply?.slice(0, 3) ?? '';
        const serverFirst = Buffer.from(reply.slice(4), 'base64').toString();
        const [, nonce = '', salt = '', i = ''] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst) ?? [];
        const hash = name.toLowerCase().replace('-', '');
        const hmac = (k: Uint8Array, data: string): Buffer => createHmac(hash, k).update(data).digest();
        const salted = pbkdf2Sync(key, Buffer.from(salt, 'base64'), Number(i), createHash(hash).digest().length, hash);
        const clientKey = hmac(salted, 'Client Key');
        const withoutProof = `c=${Buffer.concat([Buffer.from(`${flag},,`), binding]).toString('base64')},r=${nonce}`;
        const authMessage = `${first},${serverFirst},${withoutProof}`;
        const signature = hmac(createHash(hash).update(clientKey).digest(), authMessage);
        const proof = clientKey.map((octet, at) => octet ^ (signature[at] ?? 0));
        const final = await client.ask(base64(`${withoutProof},p=${base64(proof)}`));
        if (!final?.startsWith('334')) return final?.slice(0, 3) ?? '';
        const expected = `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`;
        expect(Buffer.from(final.slice(4), 'base64').toString()).toBe(expected);
        return client.codes('');
      };
      const exporter = (socket: TLSSocket): Uint8Array =>
        socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
      const endPoint = (socket: TLSSocket): Uint8Array =>
        createHash('sha256')
          .update(socket.getPeerX509Certificate()?.raw ?? '')
          .digest();
      expect(await run('n', false, password)).toBe('235');
      expect(await run('n', false, 'wrong')).toBe('535');
      expect(await run('y', false, password)).toBe('535');
      expect(await run('n', true, password)).toBe('535');
      expect(await run('p=tls-exporter', false, password, exporter)).toBe('535');
      expect(await run('p=tls-exporter', true, password, exporter)).toBe('235');
      expect(await run('p=tls-exporter', true, password, endPoint)).toBe('535');
      expect(await run('p=tls-server-end-point', true, password, endPoint)).toBe('235');
      expect(await run('p=tls-unique', true, password, endPoint)).toBe('535');
    },
  );

  test('takes EXTERNAL from a client certificate of its own authority, for a user it knows', async () => {
    const { server, client } = await secured({}, 'alice');
    expect(await client.codes('AUTH EXTERNAL', '', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', '.')).toBe(
      '334 235 250 250 354 250',
    );
    expect(server.messages[0]?.user).toBe('alice');
    expect(await (await secured({}, 'alice')).client.codes(`AUTH EXTERNAL ${base64('bob')}`)).toBe('535');
    expect(await (await secured({}, 'mallory')).client.codes('AUTH EXTERNAL =')).toBe('535');
    const other = await secured();
    const foreign = other.server.issueClientCertificate('alice');
    const third = await RawClient.open(server.port);
    cleanUp.push(() => third.socket.destroy());
    await third.startTls({ ca: server.ca, cert: foreign.certificate, key: foreign.key });
    await third.reply();
    expect(await third.ask('EHLO x')).not.toContain('EXTERNAL');
  });

  test('cancels on *, refuses what is no base64, a second AUTH, and mechanisms it does not offer', async () => {
    const { client } = await secured({ mechanisms: ['plain'] });
    expect(await client.codes('AUTH PLAIN', '*', 'AUTH PLAIN', 'a', 'AUTH LOGIN', 'AUTH PLAIN a b')).toBe(
      '334 501 334 501 504 501',
    );
    expect(await client.codes(`AUTH PLAIN ${base64(`\0alice\0${password}`)}`, 'AUTH PLAIN')).toBe('235 503');
  });

  test('scripts every step of AUTH, and hides what follows a scripted challenge', async () => {
    const { server, client } = await secured({
      replies: { AUTH: ['334 Zm9v', '334 YmFy', '454 4.7.0 later', '235 2.7.0 fine'] },
    });
    const codes = await client.codes(
      'AUTH LOGIN',
      'c2VjcmV0MQ==',
      'c2VjcmV0Mg==',
      'MAIL FROM:<a@b>',
      'AUTH PLAIN c2VjcmV0Mw==',
      'MAIL FROM:<a@b>',
    );
    expect(codes).toBe('334 334 454 530 235 250');
    expect(server.transcript.join('\n')).not.toMatch(/c2VjcmV0|Zm9v|YmFy/);
  });

  test('hides what a client sends after a refused AUTH', async () => {
    const { server, client } = await secured({ mechanisms: ['PLAIN'] });
    expect(await client.codes('AUTH LOGIN', 'c2VjcmV0MQ==')).toBe('504 500');
    expect(server.transcript.join('\n')).not.toContain('c2VjcmV0');
  });
});

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { LdapCertificates } from '../../../../src/model/settings/smime.js';
import { ldapLimits } from '../../../../src/pki/ldap/client.js';
import { parseFilter } from '../../../../src/pki/ldap/filter.js';
import { lookUpRecipients } from '../../../../src/pki/recipients/find.js';
import type { RecipientLookUp } from '../../../../src/pki/recipients/find.js';
import * as der from '../../../../src/util/der.js';
import { extension, issue, root } from '../../../support/certificates.js';
import { cpuTimer } from '../../../support/cpu-time.js';
import { errorOf, fixture } from '../fixtures.js';
import { ldapEntry, ldapMessage, ldapResult, startLdapServer } from './ldap-server.js';
import type { LdapRequest, LdapTestServer } from './ldap-server.js';

const bind = 0x60;
const search = 0x63;
const extended = 0x77;
const now = new Date('2024-06-01');

const servers: LdapTestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(answer: (request: LdapRequest, socket: Socket) => void): Promise<LdapTestServer> {
  const server = await startLdapServer(answer);
  servers.push(server);
  return server;
}

/** Refuses StartTLS and answers searches. `ask` has trust anchors, so the client searches without TLS too. */
const plainly = (answer: (request: LdapRequest, socket: Socket) => void) => (request: LdapRequest, socket: Socket) => {
  if (request.operation === extended) socket.write(ldapResult(request.id, 0x78, 2, 'unsupported'));
  else if (request.operation === search) answer(request, socket);
};

async function ask(
  server: LdapTestServer,
  settings: Partial<LdapCertificates> = {},
  signal?: AbortSignal,
  addresses = ['ann@example.test'],
): Promise<readonly RecipientLookUp[]> {
  const certificates = { ldap: `ldap://127.0.0.1:${server.port}`, baseDn: 'dc=example,dc=test', ...settings };
  return lookUpRecipients(
    addresses,
    { certificates, trustAnchors: [fixture('root.der'), fixture('sub.der')] },
    { now, signal },
  );
}

describe('LDAP filters (RFC 4515)', () => {
  const encode = (filter: string, address = 'a@b'): string => parseFilter(filter, 'filter')(address).toString('hex');
  const of = (text: string): string => Buffer.from(text).toString('hex');

  it('encodes the default', () => {
    expect(encode('(mail={address})')).toBe(`a30b0404${of('mail')}0403${of('a@b')}`);
  });

  it('puts an address in as octets, whatever it holds', () => {
    const address = '*)(uid=*\\2a\0(|&@x';
    expect(encode('(mail={address})', address)).toBe(`a3190404${of('mail')}0411${of(address)}`);
  });

  it('encodes and, or, not, presence, substrings, comparisons and matching rules', () => {
    expect(encode('(&(a={address})(!(b=c)))')).toBe(
      'a014' + 'a308' + '040161' + '0403614062' + 'a208' + 'a306' + '040162' + '040163',
    );
    expect(encode('(|(a=*)(b={address}))')).toBe('a10d' + '870161' + 'a308' + '040162' + '0403614062');
    expect(encode('(a=x*{address}*z)')).toBe('a410' + '040161' + '300b' + '800178' + '8103614062' + '82017a');
    expect(encode('(a>={address})').slice(0, 2)).toBe('a5');
    expect(encode('(a<={address})').slice(0, 2)).toBe('a6');
    expect(encode('(a~={address})').slice(0, 2)).toBe('a8');
    expect(encode('(cn:dn:2.4.6:={address})')).toBe('a913' + '8105322e342e36' + '8202636e' + '8303614062' + '8401ff');
    expect(encode('(a=\\28{address}\\29)')).toContain('0405' + '28614062' + '29');
  });

  it.each([
    '',
    'mail={address}',
    '(mail={address}',
    '(mail={address}))',
    '()',
    '(={address})',
    '(&)',
    '(!(a=1)(b={address}))',
    '(a=\\2{address})',
    '(mail=fixed)',
    '(a{address}=b)',
    '(a={address}) ',
    '(a>=*{address})',
    `${'(!'.repeat(30)}(a={address})${')'.repeat(30)}`,
  ])('refuses %j, naming its place', async (filter) => {
    const error = await errorOf(() => parseFilter(filter, 'smime.encrypt.certificates.filter'));
    expect([error.code, error.problems?.[0]?.path]).toEqual([
      'ERR_PROFILE_INVALID',
      'smime.encrypt.certificates.filter',
    ]);
  });
});

describe('certificates from LDAP', () => {
  it('reads userCertificate and userSMIMECertificate, and takes the newest that is valid', async () => {
    const server = await serve(
      plainly(({ id }, socket) => {
        socket.write(
          ldapEntry(id, {
            'userCertificate;binary': [
              fixture('ann.der'),
              fixture('ann-new.der'),
              fixture('ann-expired.der'),
              Buffer.from('rubbish'),
            ],
            cn: [Buffer.from('x')],
          }),
        );
        socket.write(ldapEntry(id, { userSMIMECertificate: [fixture('bundle.p7b')] }));
        socket.write(ldapResult(id, 0x65, 0));
      }),
    );
    const [found] = await ask(server);
    expect(found?.certificate?.info.emails).toEqual(['Ann@Example.Test']);
  });

  it('takes no more of millions of values than it looks at', async () => {
    const tiny = der.element(0x31, Buffer.alloc(5_000_000, Buffer.of(4, 0)));
    const server = await serve(
      plainly(({ id }, socket) => {
        socket.write(
          ldapMessage(
            id,
            der.element(
              0x64,
              der.octetString(Buffer.from('cn=x')),
              der.sequence(der.sequence(der.octetString(Buffer.from('userCertificate')), tiny)),
            ),
          ),
        );
        socket.write(ldapEntry(id, { userCertificate: [fixture('ann.der')] }));
        socket.write(ldapResult(id, 0x65, 0));
      }),
    );
    const [found] = await ask(server);
    expect([found?.failure, found?.reason]).toEqual([
      undefined,
      `there is none in the LDAP server 127.0.0.1:${server.port}`,
    ]);
  });

  it.each(['ldaps', 'ldap'])('refuses a server whose certificate is for another host (%s)', async (scheme) => {
    const authority = root('Authority');
    const other = issue({
      subject: 'other.test',
      issuer: authority,
      extensions: [extension('2.5.29.17', false, der.sequence(der.contextPrimitive(2, Buffer.from('other.test'))))],
    });
    const toPem = (bytes: Buffer): string =>
      `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const secureContext = createSecureContext({
      cert: toPem(other.der),
      key: other.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    });
    const seen: Buffer[] = [];
    const listen = (socket: Socket): void => {
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('data', (chunk: Buffer) => seen.push(chunk)).on('error', () => undefined);
    };
    const listener = createServer((socket) => {
      if (scheme === 'ldaps') return listen(socket);
      socket.on('error', () => undefined).once('data', () => (socket.write(ldapResult(1, 0x78, 0)), listen(socket)));
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const settings = {
      ldap: `${scheme}://127.0.0.1:${port}`,
      baseDn: '',
      bindDn: 'cn=me',
      password: 'ldap-Secret',
      tls: { ca: toPem(authority.der) },
    };
    const [found] = await lookUpRecipients(['ann@example.test'], { certificates: settings });
    listener.close();
    expect(found?.failure?.code).toBe('ERR_TLS');
    expect(Buffer.concat(seen).toString('latin1')).not.toContain('ldap-Secret');
  });

  it('derives no key for what a server gives in place of certificates', async () => {
    // PKCS#12 with a MAC of 900 000 rounds. Deriving twenty of these keys took a minute.
    const mac = der.sequence(
      der.sequence(der.sequence(der.oid('1.3.14.3.2.26')), der.octetString(Buffer.alloc(20))),
      der.octetString(Buffer.alloc(8)),
      der.integer(900_000),
    );
    const slow = der.sequence(
      der.integer(3),
      der.sequence(der.oid('1.2.840.113549.1.7.1'), der.context(0, der.octetString(der.sequence()))),
      mac,
    );
    const server = await serve(
      plainly(({ id }, socket) => {
        socket.write(ldapEntry(id, { userSMIMECertificate: [...Array<Buffer>(20).fill(slow), fixture('ann.der')] }));
        socket.write(ldapResult(id, 0x65, 0));
      }),
    );
    const elapsed = cpuTimer();
    expect((await ask(server))[0]?.certificate?.info.emails).toEqual(['ann@example.test']);
    expect(elapsed()).toBeLessThan(1_500);
  });

  it('names the field of a TLS client certificate that cannot be read, and lets the caller read it', async () => {
    const server = await serve(() => undefined);
    const tls = { clientCertificate: { file: '/no/such/file.p12' } };
    const settings = { certificates: { ldap: `ldaps://127.0.0.1:${server.port}`, baseDn: '', tls } };
    expect((await lookUpRecipients(['ann@example.test'], settings))[0]?.reason).toContain(
      'smime.encrypt.certificates.tls.clientCertificate: /no/such/file.p12: there is no such file',
    );
    const asked: string[] = [];
    const identityFor = (slot: string) => () => (asked.push(slot), Promise.reject(new Error('asked')));
    await lookUpRecipients(['ann@example.test'], settings, { identityFor }).catch(() => undefined);
    expect(asked).toEqual(['smime.encrypt.certificates.tls.clientCertificate']);
  });

  it('reads answers that come byte by byte', async () => {
    const server = await serve(
      plainly(({ id }, socket) => {
        const all = Buffer.concat([ldapEntry(id, { userCertificate: [fixture('ann.der')] }), ldapResult(id, 0x65, 0)]);
        void (async () => {
          for (const octet of all) {
            socket.write(Buffer.of(octet));
            await new Promise((resolve) => setImmediate(resolve));
          }
        })();
      }),
    );
    expect((await ask(server))[0]?.certificate?.info.emails).toEqual(['ann@example.test']);
  });

  it('asks with one connection for all recipients, and closes it', async () => {
    const server = await serve(plainly(({ id }, socket) => socket.write(ldapResult(id, 0x65, 0))));
    const found = await ask(server, {}, undefined, ['a@x.test', 'b@x.test', 'c@x.test']);
    expect(found.map(({ reason }) => reason)).toEqual(
      Array(3).fill(`there is none in the LDAP server 127.0.0.1:${server.port}`),
    );
    expect(server.requests.filter(({ operation }) => operation === extended)).toHaveLength(1);
    await expect.poll(() => server.open.size).toBe(0);
    expect(server.requests.at(-1)?.operation).toBe(0x42);
  });

  it('never sends a password without TLS', async () => {
    const server = await serve(plainly(() => undefined));
    const [found] = await ask(server, { bindDn: 'cn=me', password: 'ldap-Secret' });
    expect(found?.failure?.code).toBe('ERR_TLS_REQUIRED');
    expect(server.requests.map(({ operation }) => operation)).not.toContain(bind);
    expect(Buffer.concat(server.requests.map(({ bytes }) => bytes)).toString('latin1')).not.toContain('ldap-Secret');
    expect(JSON.stringify(found)).not.toContain('ldap-Secret');
  });

  it('refuses what comes in the clear behind the answer to StartTLS', async () => {
    const server = await serve(({ id }, socket) =>
      socket.write(Buffer.concat([ldapResult(id, 0x78, 0), ldapResult(id + 1, 0x61, 0)])),
    );
    const [found] = await ask(server, { bindDn: 'cn=me', password: 'x' });
    expect(found?.failure?.message).toContain('sent data before TLS began');
  });

  it('does not follow referrals, and takes what came before a limit', async () => {
    const reference = (id: number): Buffer =>
      ldapMessage(id, Buffer.concat([Buffer.from([0x73, 9, 4, 7]), Buffer.from('ldap://')]));
    for (const code of [10, 4, 3]) {
      const server = await serve(
        plainly(({ id }, socket) =>
          socket.write(
            Buffer.concat([
              reference(id),
              ldapEntry(id, { userCertificate: [fixture('ann.der')] }),
              ldapResult(id, 0x65, code),
            ]),
          ),
        ),
      );
      expect((await ask(server))[0]?.certificate).toBeDefined();
    }
  });

  it.each<[string, (request: LdapRequest, socket: Socket) => void, string, string]>([
    [
      'an error',
      ({ id }, socket) => socket.write(ldapResult(id, 0x65, 50, 'no\u001b[31m')),
      'ERR_CERTIFICATE',
      '50 insufficientAccessRights: no\\x1b[31m',
    ],
    ['the end of the connection', (_, socket) => socket.end(), 'ERR_CONNECT', 'closed the connection'],
    [
      'a notice of disconnection',
      (_, socket) => socket.write(ldapResult(0, 0x78, 52)),
      'ERR_CERTIFICATE',
      '52 unavailable',
    ],
    ['what is no LDAP', (_, socket) => socket.write('220 hello\r\n'), 'ERR_CERTIFICATE', 'does not speak LDAP'],
    [
      'a message of 4 GiB',
      (_, socket) => socket.write(Buffer.from('3084ffffffff', 'hex')),
      'ERR_CERTIFICATE',
      'more than',
    ],
    [
      'a length of nine octets',
      (_, socket) => socket.write(Buffer.from('3089010101010101010101', 'hex')),
      'ERR_CERTIFICATE',
      'not well-formed',
    ],
    [
      'a message without operation',
      (_, socket) => socket.write(Buffer.from('3003020102', 'hex')),
      'ERR_CERTIFICATE',
      'not well-formed',
    ],
    ['entries without end', ({ id }, socket) => flood(id, socket), 'ERR_CERTIFICATE', 'sent more than'],
  ])('reports %s in its own words', async (_, answer, code, reason) => {
    const server = await serve(plainly(answer));
    const [found] = await ask(server);
    expect([found?.certificate, found?.failure?.code, found?.failure?.message]).toEqual([
      undefined,
      code,
      expect.stringContaining(reason),
    ]);
    await expect.poll(() => server.open.size).toBe(0);
  });

  function flood(id: number, socket: Socket): void {
    const entry = ldapEntry(id, { userCertificate: [Buffer.alloc(1 << 20)] });
    const more = (): boolean => !socket.destroyed && socket.write(entry, () => void setImmediate(more));
    more();
  }

  it.each<[string, (request: LdapRequest, socket: Socket) => void]>([
    [
      'answers to what was not asked',
      ({ id }, socket) =>
        socket.write(
          Buffer.concat([ldapEntry(id + 7, { userCertificate: [fixture('ann.der')] }), ldapResult(id + 7, 0x65, 0)]),
        ),
    ],
    [
      'sends half an answer',
      ({ id }, socket) => socket.write(ldapEntry(id, { userCertificate: [fixture('ann.der')] }).subarray(0, -10)),
    ],
    ['says nothing', () => undefined],
    [
      'sends a byte now and then',
      ({ id }, socket) => drip(ldapEntry(id, { userCertificate: [fixture('ann.der')] }), socket),
    ],
  ])('gives up on a server that %s when its time is over', async (_, answer) => {
    const before = ldapLimits.operationMs;
    ldapLimits.operationMs = 300;
    try {
      const server = await serve(plainly(answer));
      const [found] = await ask(server);
      expect([found?.certificate, found?.failure?.code, found?.failure?.retryable]).toEqual([
        undefined,
        'ERR_TIMEOUT',
        true,
      ]);
      await expect.poll(() => server.open.size).toBe(0);
    } finally {
      ldapLimits.operationMs = before;
    }
  });

  function drip(bytes: Buffer, socket: Socket, at = 0): void {
    if (socket.destroyed) return;
    socket.write(bytes.subarray(at, at + 1));
    setTimeout(() => drip(bytes, socket, at + 1), 50).unref();
  }

  it('ends at once with its signal, whatever the server does', async () => {
    const controller = new AbortController();
    const server = await serve(plainly(() => controller.abort()));
    expect((await errorOf(() => ask(server, {}, controller.signal))).code).toBe('ERR_ABORTED');
    await expect.poll(() => server.open.size).toBe(0);
  });

  it.each<[string, Partial<LdapCertificates>]>([
    ['another scheme', { ldap: 'http://127.0.0.1' }],
    ['a path', { ldap: 'ldap://127.0.0.1/dc=x' }],
    ['a user in the URL', { ldap: 'ldap://me:secret@127.0.0.1' }],
    ['no host', { ldap: 'ldap:///' }],
    ['no URL', { ldap: 'directory' }],
    ['a name without password (RFC 4513 section 5.1.2)', { bindDn: 'cn=me' }],
    ['a password without name', { password: 'x' }],
  ])('refuses %s before it connects', async (_, settings) => {
    const server = await serve(() => undefined);
    const error = await errorOf(() => ask(server, settings));
    expect(error.code).toBe('ERR_PROFILE_INVALID');
    expect(error.message).not.toContain('secret');
    expect(server.requests).toEqual([]);
  });
});

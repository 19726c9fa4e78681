/**
 * An attacker between mailer and directory removes the offer of StartTLS and answers with a certificate of their own.
 * @module
 */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/mailer/create-mailer.js';
import type { LogEvent } from '../../src/model/log.js';
import type { SmimeEncryptSettings } from '../../src/model/settings/smime.js';
import type { TlsSettings } from '../../src/model/settings/server.js';
import { MemoryTransport } from '../../src/testing/memory-transport.js';
import * as der from '../../src/util/der.js';
import { extension, issue, keyPair, root } from '../support/certificates.js';
import { ldapEntry, ldapMessage, ldapResult, startLdapServer } from '../unit/pki/ldap/ldap-server.js';
import type { LdapRequest, LdapTestServer } from '../unit/pki/ldap/ldap-server.js';

const bob = 'bob@example.org';
const authority = root('Authority');
const attacker = root('Attacker');
const person = (issuer: typeof authority): Buffer =>
  issue({
    subject: 'bob',
    issuer,
    ca: false,
    keyUsage: [0, 4],
    emails: [bob],
    to: new Date(Date.now() + 300 * 86_400_000),
  }).der;
const forged = person(attacker);
const right = person(authority);

const startTls = 0x77;
const search = 0x63;
const extendedResponse = 0x78;
const searchDone = 0x65;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

type Answer = (request: LdapRequest, socket: Socket) => void;

/** Answers StartTLS with the given result, and each search with the certificate. */
async function directory(certificate: Buffer, answer: Answer): Promise<LdapTestServer> {
  const server = await startLdapServer((request, socket) => {
    if (request.operation === startTls) answer(request, socket);
    if (request.operation === search)
      socket.write(
        Buffer.concat([
          ldapEntry(request.id, { 'userCertificate;binary': [certificate] }),
          ldapResult(request.id, searchDone, 0),
        ]),
      );
  });
  open.push(server);
  return server;
}

const refusing =
  (code: number, text = ''): Answer =>
  ({ id }, socket) =>
    socket.write(ldapResult(id, extendedResponse, code, text));

interface Outcome {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly cause: unknown;
  readonly warnings: readonly string[];
  readonly logged: readonly string[];
  readonly sent: number;
}

function mailerFor(port: number, more: Partial<SmimeEncryptSettings> & { tls?: TlsSettings; password?: boolean }) {
  const { tls, password, ...settings } = more;
  const events: LogEvent[] = [];
  const transport = new MemoryTransport();
  const certificates = {
    ldap: `ldap://127.0.0.1:${port}`,
    baseDn: 'o=example',
    ...(tls && { tls }),
    ...(password && { bindDn: 'cn=mail', password: 'ldap-Secret' }),
  };
  const mailer = createMailer(
    {
      name: 'payroll',
      sender: { email: 'payroll@example.com' },
      server: { host: 'localhost' },
      smime: { encrypt: { certificates, ...settings } },
    },
    { transport, logger: (event) => void events.push(event) },
  );
  open.push(mailer);
  return { mailer, transport, events };
}

async function send(port: number, more: Parameters<typeof mailerFor>[1] = {}): Promise<Outcome> {
  const { mailer, transport, events } = mailerFor(port, more);
  const outcome = await mailer.send({ to: bob, subject: 's', text: 'the merger is on' }).then(
    ({ warnings }) => ({ code: 'sent', message: '', remedy: '', cause: undefined, warnings: warnings.map(codeOf) }),
    ({ code, message, remedy, cause }) => ({ code, message, remedy, cause, warnings: [] }),
  );
  const logged = events.flatMap((event) => (event.type === 'warning' ? [event.warning.code] : []));
  return { ...outcome, logged, sent: transport.sent.length };
}

const codeOf = ({ code }: { readonly code: string }): string => code;
const anchored = { trustAnchors: [authority.der] };

describe('a directory whose StartTLS is taken out', () => {
  const refusals: readonly (readonly [string, Answer])[] = [
    ['is not known (protocolError)', refusing(2, 'unsupported extended operation')],
    ['is refused (unavailable)', refusing(52)],
    ['is refused (unwillingToPerform)', refusing(53)],
    ['is refused (operationsError)', refusing(1)],
    ['needs more (confidentialityRequired)', refusing(13)],
    ['is referred to another server', refusing(10, 'ldap://evil.example')],
    ['gets a code that no document has', refusing(123)],
    ['gets an answer to an abandoned operation', refusing(118)],
  ];

  it.each(refusals)('is not asked without trust anchors where StartTLS %s', async (_, answer) => {
    const server = await directory(forged, answer);
    const outcome = await send(server.port);
    expect(outcome).toMatchObject({ code: 'ERR_TLS_REQUIRED', sent: 0 });
    expect(outcome.message).toContain(`the LDAP server 127.0.0.1:${server.port} refused StartTLS`);
    expect(outcome.remedy).toContain('smime.encrypt.certificates.ldap');
    expect(server.requests.map(({ operation }) => operation)).not.toContain(search);
  });

  it.each(refusals)(
    'is not asked where tls is set, whatever judges the certificates, and StartTLS %s',
    async (_, answer) => {
      for (const tls of [{}, { ca: pem(authority.der), serverName: 'directory.example.org' }]) {
        const server = await directory(forged, answer);
        expect(await send(server.port, { ...anchored, tls })).toMatchObject({ code: 'ERR_TLS_REQUIRED', sent: 0 });
        expect(server.requests.map(({ operation }) => operation)).not.toContain(search);
      }
    },
  );

  it.each(refusals)(
    'is asked with a warning where trust anchors judge the answer and StartTLS %s',
    async (_, answer) => {
      const honest = await directory(right, answer);
      expect(await send(honest.port, anchored)).toMatchObject({
        code: 'sent',
        warnings: ['WARN_LDAP_PLAINTEXT'],
        logged: ['WARN_LDAP_PLAINTEXT'],
      });
      const lying = await directory(forged, answer);
      expect(await send(lying.port, anchored)).toMatchObject({ code: 'ERR_CERTIFICATE_MISSING', sent: 0 });
    },
  );

  it('is warned of with every message that its kept certificates encrypt, once for all recipients', async () => {
    const server = await directory(right, refusing(2));
    const { mailer } = mailerFor(server.port, anchored);
    for (let i = 0; i < 2; i++) {
      const { warnings } = await mailer.send({ to: [bob, 'Bob@Example.ORG'], text: 'x' });
      expect(warnings.map(codeOf)).toEqual(['WARN_LDAP_PLAINTEXT']);
    }
    expect(server.requests.filter(({ operation }) => operation === startTls)).toHaveLength(1);
  });

  it('is told of by testEncryption()', async () => {
    const server = await directory(right, refusing(2));
    const warned = await mailerFor(server.port, anchored).mailer.testEncryption(bob);
    expect([warned.ok, warned.problems.map(codeOf)]).toEqual([true, ['LDAP_PLAINTEXT']]);
    expect(warned.problems[0]).toMatchObject({ severity: 'warning' });
    const refused = await mailerFor(server.port, {}).mailer.testEncryption(bob);
    expect([refused.ok, refused.missing]).toEqual([false, [bob]]);
    expect(refused.problems[0]?.message).toContain(
      'refused StartTLS with 2 protocolError; no certificate was requested',
    );
    expect(refused.problems[0]?.message).not.toMatch(/\.\.$/);
  });

  it('is no reason to leave a recipient out', async () => {
    const server = await directory(right, refusing(2));
    const outcome = await send(server.port, { onMissingCertificate: 'drop-recipient' });
    expect(outcome).toMatchObject({ code: 'ERR_TLS_REQUIRED', sent: 0 });
  });

  it('is passed over where a later source has the certificate', async () => {
    const server = await directory(forged, refusing(2));
    const certificates = [
      { ldap: `ldap://127.0.0.1:${server.port}`, baseDn: 'o=example' },
      () => Promise.resolve([right]),
    ];
    const { mailer } = mailerFor(server.port, { certificates });
    expect(await mailer.send({ to: bob, text: 'x' })).toMatchObject({ accepted: [bob], warnings: [] });
    expect(server.requests.map(({ operation }) => operation)).not.toContain(search);
  });

  it('never gets the password, trust anchors or not', async () => {
    for (const settings of [{}, anchored]) {
      const server = await directory(right, refusing(2));
      const outcome = await send(server.port, { ...settings, password: true });
      expect(outcome.code).toBe('ERR_TLS_REQUIRED');
      expect(Buffer.concat(server.requests.map(({ bytes }) => bytes)).toString('latin1')).not.toContain('ldap-Secret');
    }
  });

  it.each<[string, Answer, RegExp]>([
    ['ends the connection', (_, socket) => socket.end(), /closed the connection/],
    ['resets the connection', (_, socket) => socket.resetAndDestroy(), /ECONNRESET|closed the connection/],
    ['says yes and hangs up', ({ id }, socket) => socket.end(ldapResult(id, extendedResponse, 0)), /TLS|closed|failed/],
    [
      'says yes and goes on in plain text',
      ({ id }, socket) =>
        socket.write(
          Buffer.concat([
            ldapResult(id, extendedResponse, 0),
            ldapEntry(id + 1, { userCertificate: [forged] }),
            ldapResult(id + 1, searchDone, 0),
          ]),
        ),
      /sent data before TLS began/,
    ],
    [
      'says yes and speaks plain text a little later',
      ({ id }, socket) => {
        // The next octets belong to a TLS handshake, so the LDAP server must not parse them.
        socket.removeAllListeners('data').once('data', () => {
          socket.write(
            Buffer.concat([ldapEntry(id + 1, { userCertificate: [forged] }), ldapResult(id + 1, searchDone, 0)]),
          );
        });
        socket.write(ldapResult(id, extendedResponse, 0));
      },
      /did not answer with TLS/,
    ],
    [
      'answers as if a search were done',
      ({ id }, socket) => socket.write(ldapResult(id, searchDone, 0)),
      /another operation/,
    ],
    ['answers as if a login were done', ({ id }, socket) => socket.write(ldapResult(id, 0x61, 0)), /another operation/],
    [
      'gives notice of disconnection',
      (_, socket) => socket.write(ldapResult(0, extendedResponse, 52)),
      /52 unavailable/,
    ],
    ['speaks no LDAP', (_, socket) => socket.write('220 mail.example.org ESMTP\r\n'), /does not speak LDAP/],
    [
      'gives an entry in place of an answer, and ends',
      ({ id }, socket) => socket.end(ldapEntry(id, { userCertificate: [forged] })),
      /closed the connection/,
    ],
    [
      'sends what is not well-formed',
      ({ id }, socket) => socket.write(ldapMessage(id, Buffer.of(extendedResponse, 0))),
      /not well-formed/,
    ],
  ])('is never asked in plain text where it %s', async (_, answer, reason) => {
    for (const settings of [{}, anchored, { ...anchored, tls: {} }]) {
      const server = await directory(forged, answer);
      const outcome = await send(server.port, settings);
      expect(outcome).toMatchObject({ code: 'ERR_CERTIFICATE_MISSING', sent: 0 });
      expect(outcome.message).toMatch(reason);
      expect(server.requests.filter(({ operation }) => operation === search)).toEqual([]);
    }
  });

  it('gives the same outcome when the refusal comes byte by byte', async () => {
    const server = await directory(right, ({ id }, socket) => {
      const bytes = ldapResult(id, extendedResponse, 2, 'no');
      const next = (at: number): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      next(0);
    });
    expect(await send(server.port)).toMatchObject({ code: 'ERR_TLS_REQUIRED' });
    expect(await send(server.port, anchored)).toMatchObject({ code: 'sent', warnings: ['WARN_LDAP_PLAINTEXT'] });
  });
});

describe('a directory that offers StartTLS', () => {
  const keys = keyPair();
  const host = issue({
    subject: 'directory',
    issuer: authority,
    keys,
    extensions: [extension('2.5.29.17', false, der.sequence(der.contextPrimitive(7, Buffer.of(127, 0, 0, 1))))],
  });
  const secureContext = createSecureContext({
    cert: pem(host.der),
    key: host.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  });

  /** Does StartTLS, then a search over TLS. */
  async function tlsDirectory(): Promise<number> {
    const sockets = new Set<Socket>();
    const listener = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(ldapResult(1, extendedResponse, 0));
        const secured = new TLSSocket(socket, { isServer: true, secureContext });
        secured.on('error', () => undefined);
        secured.on('data', (bytes: Buffer) => {
          const parts = [...der.children(bytes, der.readElement(bytes, 0))];
          const [id, operation] = parts;
          if (id === undefined || operation?.tag !== search) return;
          const number = der.contentOf(bytes, id).readUIntBE(0, id.end - id.start);
          secured.write(
            Buffer.concat([ldapEntry(number, { userCertificate: [right] }), ldapResult(number, searchDone, 0)]),
          );
        });
      });
    });
    open.push({
      close: () =>
        new Promise<void>((resolve) => {
          for (const socket of sockets) socket.destroy();
          listener.close(() => resolve());
        }),
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return (listener.address() as AddressInfo).port;
  }

  it('is asked over TLS, with nothing to warn of', async () => {
    const port = await tlsDirectory();
    expect(await send(port, { tls: { ca: pem(authority.der) } })).toMatchObject({
      code: 'sent',
      warnings: [],
      logged: [],
    });
  });

  it('that is not trusted is named with its own settings, and never the mail server', async () => {
    const port = await tlsDirectory();
    const outcome = await send(port, { tls: { ca: pem(attacker.der) } });
    expect(outcome.code).toBe('ERR_CERTIFICATE_MISSING');
    expect(outcome.message).toContain('The certificate of the LDAP server 127.0.0.1 was refused');
    expect(outcome.remedy).toContain('smime.encrypt.certificates.tls.ca');
    expect(outcome.message + outcome.remedy).not.toMatch(/server\.tls|server\.port|\.\./);
  });
});

describe('errors of a directory', () => {
  it('that is down name it and its setting, and never the mail server', async () => {
    const server = await directory(right, refusing(2));
    await server.close();
    const outcome = await send(server.port);
    expect(outcome.message).toContain(`No connection to the LDAP server 127.0.0.1:${server.port}`);
    expect(outcome.remedy).toContain('smime.encrypt.certificates.ldap');
    expect(outcome.message + outcome.remedy).not.toMatch(/server\.(?:port|host)/);
    const { problems } = await mailerFor(server.port, {}).mailer.testEncryption(bob);
    expect(problems[0]?.message).toMatch(/the LDAP server .*[^.]\.$/);
    expect(problems[0]?.remedy).toBe(outcome.remedy);
  });

  it('in a list are named by their place in it', async () => {
    const server = await directory(right, refusing(2));
    await server.close();
    const ldap = { ldap: `ldap://127.0.0.1:${server.port}`, baseDn: 'o=example' };
    const outcome = await send(server.port, { certificates: [() => [], ldap] });
    expect(outcome.remedy).toContain('smime.encrypt.certificates.1.ldap');
  });

  it('whose name does not exist names the setting that holds it', async () => {
    const { mailer } = mailerFor(1, { certificates: { ldap: 'ldap://no-such-host.invalid', baseDn: 'o=example' } });
    const error: { message: string; remedy: string } = await mailer.send({ to: bob, text: 'x' }).catch((e) => e);
    expect(error.message).toContain('no-such-host.invalid');
    expect(error.remedy).not.toContain('server.host');
  });

  it('whose tls.ca cannot be read names that field', async () => {
    const server = await directory(right, refusing(0));
    const outcome = await send(server.port, { tls: { ca: { file: '/no/such/ca.pem' } } });
    expect(outcome.message).toContain('/no/such/ca.pem of smime.encrypt.certificates.tls.ca');
  });
});

function pem(bytes: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Input from files, servers and profiles is read, or refused with an error of the library. No other error may occur.
 * @module
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseProfile as parseEmailProfile, profileToJson } from '../../src/index.js';
import { parseProfile as parseKrb5Conf } from '../../src/kerberos/config/profile-tree.js';
import type { Section } from '../../src/kerberos/config/profile-tree.js';
import { krb5Settings } from '../../src/kerberos/config/settings.js';
import { parseCredentialCache } from '../../src/kerberos/credentials/ccache.js';
import { parseKeytab } from '../../src/kerberos/credentials/keytab.js';
import { MalformedError } from '../../src/kerberos/errors.js';
import { readKdcReply, readKdcReplyPart, readKrbError, readMethodData } from '../../src/kerberos/protocol/replies.js';
import { parseChallenges } from '../../src/net/proxy/http-challenges.js';
import { requestTokens } from '../../src/oauth2/token-endpoint.js';
import { judgeToken } from '../../src/oauth2/token-claims.js';
import { readContents } from '../../src/pki/formats/read-contents.js';
import { parseFilter } from '../../src/pki/ldap/filter.js';
import { decodeMessage, messageLength } from '../../src/pki/ldap/messages.js';
import { parseCertificate } from '../../src/pki/x509/certificate.js';
import { parseRevocationList } from '../../src/pki/x509/crl.js';
import { createMechanism } from '../../src/sasl/create.js';
import { ReplyParser } from '../../src/smtp/reply-parser.js';
import { parseExtensions } from '../../src/smtp/extensions.js';
import { parseFile } from '../../src/store/file-format.js';
import { krbError } from '../unit/kerberos/fake-kdc.js';
import {
  aliceKdc,
  context as kerberosContext,
  mechanismFor,
  password,
  quietConf,
  Scratch,
} from '../unit/kerberos/harness.js';
import { surroundings } from '../unit/oauth2/support.js';
import { fixture } from '../unit/pki/fixtures.js';
import { auth, underTls } from '../unit/sasl/support.js';
import { fuzz, mutated, type Next, pick, refusedOr } from './kit.js';

const isMalformed = (error: unknown): boolean => error instanceof MalformedError;
const kerberosFixture = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/kerberos/${name}`, import.meta.url));

/** Parsers whose callers turn a MalformedError or RangeError into an error that names the file or server. */
test.each<[string, readonly Buffer[], (bytes: Buffer) => unknown, number]>([
  [
    'a ticket cache',
    [kerberosFixture('version3.ccache'), kerberosFixture('version4.ccache')],
    parseCredentialCache,
    500,
  ],
  ['a keytab', [kerberosFixture('all.keytab'), kerberosFixture('hole.keytab')], parseKeytab, 500],
  [
    'an error of a KDC',
    [krbError(25, { text: 'no', data: Buffer.from('300d300ba103020113a20404023000', 'hex'), clientRealm: 'X' })],
    (bytes) => {
      const { data } = readKrbError(bytes);
      if (data) readMethodData(data);
    },
    500,
  ],
])('%s', async (_, samples, parse, rounds) => {
  let read = 0;
  await fuzz(rounds, async (next) => {
    const bytes = mutated(samples, next);
    if ((await refusedOr(() => (parse(bytes), true), isMalformed)) === true) read++;
  });
  expect(read).toBeGreaterThan(0);
});

test('a reply of a KDC, through the mechanism', async () => {
  const scratch = new Scratch();
  const kdc = await aliceKdc();
  const replies: Buffer[] = [];
  const settings = { principal: 'alice@FAKE.TEST', password, kdc: [`127.0.0.1:${kdc.port}`] };
  const krb5ConfFile = scratch.write('krb5.conf', quietConf);
  const start = (): unknown => mechanismFor({ ...settings, krb5ConfFile }).mechanism.start(kerberosContext);
  try {
    kdc.mutate = (reply) => (replies.push(reply), reply);
    await start();
    expect(replies.length).toBeGreaterThan(1);
    for (const parse of [
      (bytes: Buffer) => readKdcReply(bytes, 11),
      (bytes: Buffer) => readKdcReply(bytes, 13),
      readKdcReplyPart,
    ])
      await fuzz(200, async (next) => await refusedOr(() => parse(mutated(replies, next)), isMalformed));
    await fuzz(20, async (next) => {
      kdc.mutate = (reply) => (next(2) === 0 ? reply : mutated([reply, ...replies], next));
      await refusedOr(start);
    });
  } finally {
    await kdc.close();
    scratch.remove();
  }
});

test('krb5.conf', async () => {
  const sample = Buffer.from(
    '[libdefaults]\n default_realm = A.B\n clockskew = 5m\n permitted_enctypes = aes -rc4\n[realms]\n A.B = {\n' +
      '  kdc = a:88\n }\n[domain_realm]\n .a.b = A.B\n',
  );
  const words = [
    '{',
    '}',
    '[',
    ']',
    '=',
    '\n',
    '"',
    '\\',
    '#',
    'clockskew = ',
    '1d2h',
    'include /',
    'aes256-cts',
    '*',
    '-',
  ];
  await fuzz(500, async (next) => {
    const root: Section = new Map();
    const text = mutated([sample], next, words).toString('latin1');
    const source = { text, include: () => Promise.resolve() };
    await refusedOr(async () => {
      await parseKrb5Conf(root, source);
      const settings = krb5Settings(root);
      settings.kdcsOf('A.B');
      settings.realmOf('x.a.b');
    }, isMalformed);
  });
});

test('files of certificates and keys', async () => {
  const names = [
    'java.jks',
    'java.jceks',
    'openssl-plain-nomac.p12',
    'people.p7b',
    'ber.p7b',
    'bundle.p7b',
    'crl.pem',
    'trusted.pem',
  ];
  const keys = ['pkcs1.key', 'sec1.key', 'ann.p8', 'ann.der', 'dek-des.key'];
  const samples = [...names, ...keys].map(fixture);
  const words = [
    '-----BEGIN CERTIFICATE-----',
    '-----END ',
    'Proc-Type: 4,ENCRYPTED\n',
    'DEK-Info: AES-128-CBC,',
    '\n',
  ];
  const passwords = { file: () => Promise.resolve('secret1'), key: () => Promise.resolve('secret1') };
  let read = 0;
  await fuzz(500, async (next) => {
    const contents = await refusedOr(() =>
      readContents(mutated(samples, next, words), { passwords, wantKeys: true } as never),
    );
    if (contents !== undefined) read++;
  });
  expect(read).toBeGreaterThan(0);
});

test('certificates and revocation lists', async () => {
  const samples = ['ann.der', 'ann-expired.der', 'bob.der', 'root.der', 'sub.der', 'eve.der'].map(fixture);
  const list = Buffer.from(
    fixture('crl.pem')
      .toString('latin1')
      .replace(/-----[^-]+-----|\s/g, ''),
    'base64',
  );
  const isRangeError = (error: unknown): boolean => error instanceof RangeError;
  await fuzz(500, async (next) => {
    await refusedOr(() => parseCertificate(mutated(samples, next)));
    await refusedOr(() => parseRevocationList(mutated([list], next)), isRangeError);
  });
});

test('messages of a directory', async () => {
  // A bind response, an entry with two attributes, and a search result with a referral.
  const samples = [
    '300c02010161070a010004000400',
    '302f020102642a040f636e3d622c64633d6578616d706c65301730150409757365724365727431080401610403626364',
    '302502010365200a010a0400041130000000000000000000000000000000a30604046c646170',
  ].map((hex) => Buffer.from(hex, 'hex'));
  const isRangeError = (error: unknown): boolean => error instanceof RangeError;
  await fuzz(666, async (next) => {
    const bytes = mutated(samples, next);
    await refusedOr(() => {
      const length = messageLength(bytes, 1000);
      if (length !== undefined && length <= bytes.length) decodeMessage(bytes.subarray(0, length));
    }, isRangeError);
    await refusedOr(() =>
      parseFilter(
        mutated([Buffer.from('(&(mail={address})(!(a=*b*)))')], next, ['(', ')', '\\2a', '{']).toString(),
        'x',
      ),
    );
  });
});

test('responses of a token endpoint', async () => {
  const body = JSON.stringify({
    access_token: 'a.b.c',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'r',
    scope: 's',
  });
  const refusal = JSON.stringify({
    error: 'invalid_grant',
    error_description: 'AADSTS70008: it has expired',
    error_uri: 'x',
  });
  const words = [
    'null',
    '[',
    '{',
    '}',
    '"',
    '1e999',
    '-1',
    '"__proto__":',
    '"error":',
    ',',
    ':',
    '\\u0000',
    '\ud800',
    '\r\n',
    'true',
  ];
  const claims = ['{"exp":1,"aud":"https://outlook.office.com","scp":"SMTP.Send"}', '{"alg":"none"}'].map((text) =>
    Buffer.from(text),
  );
  const response = (next: Next): { readonly status: number; readonly body: Buffer } => ({
    status: pick([200, 200, 400, 401, 429, 500, 302, 0], next),
    body: mutated([Buffer.from(body), Buffer.from(refusal)], next, words),
  });
  const endpoint = new URL('https://login.example.com/token');
  await fuzz(300, async (next) => {
    const header = (): string | undefined =>
      pick([undefined, 'application/json', '5', '\x1b', 'Wed, 21 Oct 2099 07:28:00 GMT', '-1'], next);
    const http = () => Promise.resolve({ ...response(next), header });
    const client = {
      settings: { clientId: 'c' },
      surroundings: surroundings({ http }),
      endpoints: { tokenUrl: endpoint },
    };
    const request = { parameters: { grant_type: 'refresh_token' }, secrets: ['Secret9'] };
    const outcome = await refusedOr(() => requestTokens(client as never, request, new AbortController().signal));
    expect(JSON.stringify(outcome && 'failure' in outcome ? outcome.failure.message : '')).not.toMatch(
      /Secret9|\\u001b/,
    );
    const token = [0, 1].map(() => mutated(claims, next, words).toString('base64url')).join('.');
    judgeToken(`${token}.x`, 'smtp.office365.com', 1_800_000_000_000);
  });
});

test('profiles in JSON, which come back from what they are written to', async () => {
  const sample = {
    $schema: 'x',
    name: 'p',
    sender: { name: 'Ann', email: 'a@example.com', replyTo: ['b@example.com'] },
    server: {
      host: 'mail.example.com',
      port: 587,
      security: 'explicit',
      timeouts: { replyMs: 1 },
      tls: { minVersion: 'TLSv1.2' },
    },
    authentication: { method: 'password', username: 'u', password: { env: 'X' } },
    smime: { sign: { certificate: { file: '/x.p12', password: 'y' } }, encrypt: { certificates: { directory: '/d' } } },
    oauth2: { clientId: 'c', tokenUrl: 'https://a.example/t', refreshToken: 'r' },
    proxy: { type: 'socks5', host: 'p', port: 1080 },
    logging: { file: '/l', level: 'debug', eventLog: { syslog: { host: 's' } } },
    headers: { 'X-A': 'b' },
  };
  const odd: readonly unknown[] = [
    null,
    0,
    -1,
    1e308,
    '',
    'x',
    '\0',
    '\r\n',
    [],
    {},
    [[]],
    true,
    'x'.repeat(300),
    '__proto__',
    '{',
    '%',
  ];
  const places = (value: unknown): { readonly holder: Record<string, unknown>; readonly key: string }[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.keys(value).flatMap((key) => [
          { holder: value as Record<string, unknown>, key },
          ...places((value as Record<string, unknown>)[key]),
        ]);
  let accepted = 0;
  await fuzz(400, async (next) => {
    const json = structuredClone(sample) as Record<string, unknown>;
    if (next(2) === 0) delete json['oauth2'];
    for (let changes = next(4); changes > 0; changes--) {
      const all = places(json);
      const { holder, key } = pick(all, next);
      const action = next(4);
      if (action === 0) delete holder[key];
      else if (action === 1) holder[key] = structuredClone(pick(odd, next));
      else if (action === 2) holder[String(pick(odd, next))] = structuredClone(pick(all, next).holder);
      else holder[key] = structuredClone(pick(all, next).holder[pick(all, next).key] ?? null);
    }
    const profile = await refusedOr(() => parseEmailProfile(json, { allowReferences: next(2) === 0 }));
    if (profile === undefined) return;
    accepted++;
    const written = profileToJson(profile, { secrets: 'include' });
    expect(profileToJson(parseEmailProfile(structuredClone(written)), { secrets: 'include' })).toEqual(written);
  });
  expect(accepted).toBeGreaterThan(10);
});

test('files of a profile store', async () => {
  const header = JSON.stringify({
    format: 'sealpost profile store',
    version: 1,
    key: { kdf: 'scrypt', salt: 'AAAA', cost: 17 },
    check: 'AAAA',
  });
  const sample = Buffer.from(`${header}\nAAAA\n{"revision":0}\n`);
  const words = ['null', '{', '"', '\n', '"kdf":"raw"', '1e9', '__proto__'];
  let read = 0;
  await fuzz(500, (next) => {
    if (parseFile(mutated([sample], next, words)) !== undefined) read++;
  });
  expect(read).toBeGreaterThan(0);
});

test('challenges to every mechanism', async () => {
  const ntlm = Buffer.from(
    '4e544c4d53535000020000000c000c0038000000358289e20123456789abcdef000000000000000024002400440000000601b11d0000000f' +
      '4404f004d00410049004e0002000c0044004f004d00410049004e0001000c0053004500520056004500520000000000'.slice(1),
    'hex',
  );
  const samples = [
    ntlm,
    ...[
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
      'e=other-error',
      '{"status":"400","schemes":"bearer","scope":"x"}',
      '<1896.697170952@postoffice.example.net>',
      'Username:',
      'Password:',
    ].map((text) => Buffer.from(text)),
  ];
  const words = ['r=', ',i=', ',s=', 'v=', ',m=', '=', '999999999', '\0', '{', '"'];
  const methods = [
    'plain',
    'login',
    'cram-md5',
    'scram-sha-1',
    'scram-sha-256',
    'ntlm',
    'xoauth2',
    'oauthbearer',
  ] as const;
  await fuzz(600, async (next) => {
    const method = pick(methods, next);
    const more = method.includes('oauth') ? { password: undefined, token: 'reference' } : {};
    const name = method.toUpperCase();
    const mechanism = createMechanism(name, { authentication: auth(method, more), secret: 'Secret9' });
    await refusedOr(async () => {
      const first = await mechanism.start(underTls);
      const nonce = /r=([^,]*)/.exec(Buffer.from(first ?? []).toString('latin1'))?.[1] ?? '';
      for (let round = 0; round < 4; round++) {
        const challenge = mutated(samples, next, words)
          .toString('latin1')
          .replace(/r=/, next(2) === 0 ? `r=${nonce}` : 'r=');
        // The mechanism bounds the number of iterations; large ones are left out to save time.
        if (/i=\d{5}/.test(challenge)) continue;
        await mechanism.next(Buffer.from(challenge, 'latin1'));
      }
    });
  });
});

test('replies and extensions: the same however they are cut', async () => {
  const sample = Buffer.from(
    '250-mail.example.com Hello\r\n250-SIZE 1000\r\n250-AUTH=PLAIN LOGIN\r\n250 CHUNKING\r\n451 4.3.0 later\r\n',
  );
  const words = ['\r\n', '\n', '\r', '-', ' ', '250', '250-', '5', 'AUTH PLAIN', 'SIZE', '\0', '\u00e9'];
  const readAll = async (chunks: readonly Buffer[]): Promise<string> => {
    const parser = new ReplyParser();
    const found: string[] = [];
    const read = await refusedOr(() => {
      for (const chunk of chunks) {
        parser.push(chunk);
        for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
          const { code, lines } = reply.read();
          found.push(`${code} ${lines.join('|')}`);
          parseExtensions(lines);
        }
      }
      return true;
    });
    return `${found.join('\n')}${read === true ? '' : ' refused'}`;
  };
  await fuzz(333, async (next) => {
    const bytes = mutated([sample], next, words);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const size = 1 + next(1 + next(20));
      chunks.push(Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
    expect(await readAll(chunks)).toBe(await readAll([bytes]));
  });
});

test('challenges of an HTTP proxy', async () => {
  const sample = Buffer.from(
    'Basic realm="x", Digest realm="a\\"b", nonce="n", qop="auth,auth-int", algorithm=SHA-256, Negotiate',
  );
  await fuzz(
    500,
    (next) => void parseChallenges([mutated([sample], next, [',', '=', '"', '\\', ' ', 'NTLM']).toString('latin1')]),
  );
});

import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../../src/profile/define.js';
import { hasSystemCa } from '../../../src/profile/shape/server.js';
import { parseProblems, problemsOf } from './problems.js';
import { complete, fingerprint, minimal, secrets, withKeys, withSender, withServer } from './samples.js';
import { cpuTimer } from '../../support/cpu-time.js';

function withTls(tls: object): Record<string, unknown> {
  return withServer({ tls });
}

function withAuthentication(authentication: unknown, server: object = {}): Record<string, unknown> {
  return { ...withServer(server), authentication };
}

const sign = (certificate: unknown, more: object = {}): object =>
  withKeys({ smime: { sign: { certificate, ...more } } });
const encrypt = (certificates: unknown, more: object = {}): object =>
  withKeys({ smime: { encrypt: { certificates, ...more } } });
const p12 = { file: 'me.p12' };

describe('parseProfile', () => {
  it('takes what JSON holds, drops $schema and reads { base64 } as bytes', () => {
    const json = {
      $schema: 'https://example.com/profile.json',
      ...minimal,
      server: { host: 'h', tls: { ca: { base64: 'AQID' } } },
    };
    expect(parseProfile(json)).toEqual({ ...minimal, server: { host: 'h', tls: { ca: new Uint8Array([1, 2, 3]) } } });
    expect(json.$schema).toBe('https://example.com/profile.json');
  });

  it('finds every problem at once, each with its path', () => {
    const problems = parseProblems({
      sender: { email: 7, nam: 'x' },
      server: { host: 'mail.example.com', port: '587', timeouts: { replyMs: 1.5 } },
      priority: 'high',
      proxy: 'none',
      smime: { encrypt: {} },
    });
    expect(problems).toEqual([
      'sender.email: expected an address such as ann@example.com, got the number 7',
      'sender.nam: is not a known key; did you mean name?',
      'server.port: expected a whole number from 1 to 65535, got a string: write the number without quotes',
      'server.timeouts.replyMs: expected a whole number from 0 to 2147483647, got the number 1.5',
      "priority: 'high' belongs in importance: importance: 'high'",
      'smime.encrypt.certificates: expected a certificate source, { store }, { directory }, { ldap, baseDn } ' +
        'or a function, or an array of these, got nothing',
      'name: expected the name of the profile, got nothing',
    ]);
  });

  it('names five problems in its message and counts the rest', () => {
    const value = withServer({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1 });
    expect(() => parseProfile(value)).toThrow(/^The profile is not valid: server\.a: .*server\.e: [^;]*; and 2 more$/);
  });

  it('stops counting problems at 100', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]));
    expect(parseProblems({ ...minimal, ...many })).toHaveLength(100);
  });

  it.each([undefined, null, 5, 'text', true, [], new Date(0), new Map(), Symbol('x'), 5n, () => minimal])(
    'refuses %s as a profile, by its kind',
    (value) => {
      expect(parseProblems(value)).toEqual([
        expect.stringMatching(/^profile: expected a profile: an object with name, sender and server, got /),
      ]);
    },
  );

  it.each(['__proto__', 'constructor', 'prototype'])('refuses a key %s wherever it stands', (key) => {
    const own = (base: object): unknown =>
      JSON.parse(JSON.stringify({ ...base, zz: { polluted: true } }).replace('"zz"', `"${key}"`));
    for (const [path, value] of [
      ['', own(minimal)],
      ['server.', withKeys({ server: own(minimal.server) })],
      ['headers.', withKeys({ headers: own({ 'X-A': 'b' }) })],
      ['sender.', withKeys({ sender: own(minimal.sender) })],
    ] as const) {
      expect(parseProblems(value)).toContainEqual(expect.stringContaining(`${path}${key}: is refused`));
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('refuses an object whose prototype was set', () => {
    expect(parseProblems({ ...minimal, server: Object.create({ host: 'h' }) as object })).toEqual([
      "server: expected an object with host, or wellKnownServer('gmail'), got an instance of a class",
    ]);
  });

  it('escapes keys that it names, and keeps them short', () => {
    const [problem = ''] = parseProblems(withKeys({ ['a\r\nb\u001b[31m'.repeat(50)]: 1 }));
    expect(problem).toMatch(/^a\\x0d\\x0ab\\x1b\[31m/);
    expect(problem.length).toBeLessThan(400);
  });

  it.each([
    ['user', 'authentication.user: is not a known key; did you mean username?'],
    ['passwrod', 'authentication.passwrod: is not a known key; did you mean password?'],
    ['PASSWORD', 'authentication.PASSWORD: is not a known key; did you mean password?'],
    ['allow_plaintext', 'authentication.allow_plaintext: is not a known key; did you mean allowPlaintext?'],
    [
      'x',
      'authentication.x: is not a known key; known are method, username, password, authorizationId, allowPlaintext',
    ],
  ])('suggests the nearest known key for %s', (key, expected) => {
    expect(
      parseProblems(withAuthentication({ method: 'plain', username: 'a', password: 'b', [key]: 'secret' })),
    ).toEqual([expected]);
  });

  it("never repeats a secret's value", () => {
    const text = JSON.stringify(complete, (_key, value: unknown) =>
      value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
    );
    // Each secret is made invalid: by a control character in it, or by an invalid value beside it.
    const broken = JSON.parse(
      text
        .replace(/"(pw-[a-z0-9]+|-----BEGIN PRIVATE[^"]*)"/g, '"$1\\u0000"')
        .replace('"username":"u"', '"username":"u:\\u0000"'),
    ) as object;
    const inspected = problemsOf(() =>
      parseProfile({
        ...broken,
        x: 'pw-auth',
        authentication: { method: 'plain', username: ['pw-auth'], password: ['pw-auth'] },
      }),
    );
    expect(inspected.length).toBeGreaterThan(8);
    for (const secret of secrets) expect(JSON.stringify(inspected)).not.toContain(secret);
    const [proxy = ''] = parseProblems(withKeys({ proxy: 'socks9://user:pw-proxy@host' }));
    expect(proxy).toBe('proxy: expected http, https, socks4, socks4a, socks5 or socks5h as the scheme, got another');
  });
});

describe('values that are allowed', () => {
  it.each<[string, object]>([
    ['a single-label host', withServer({ host: 'localhost' })],
    ['an underscore in a host', withServer({ host: 'mail_server' })],
    ['an IPv4 host', withServer({ host: '192.0.2.1' })],
    ['an IPv6 host', withServer({ host: '2001:db8::1' })],
    ['an IPv6 host with a zone', withServer({ host: 'fe80::1%eth0' })],
    ['a host with non-ASCII letters', withServer({ host: 'mail.bücher.example' })],
    ["port 465 with 'explicit'", withServer({ port: 465, security: 'explicit' })],
    ["port 25 with 'implicit'", withServer({ port: 25, security: 'implicit' })],
    ['an address literal as localName', withServer({ localName: '[192.0.2.1]' })],
    ['a single CA', withTls({ ca: { file: 'ca.pem' } })],
    ['a header value with a tab and characters beyond ASCII', withKeys({ headers: { 'X-A': 'a\tb é 😀' } })],
    ['no headers', withKeys({ headers: [] })],
    [
      'a password with a line break, blanks and characters beyond ASCII',
      withAuthentication({ method: 'plain', username: 'a', password: ' p\r\nä ' }),
    ],
    [
      'an external method with a certificate',
      withAuthentication({ method: 'external' }, { tls: { clientCertificate: p12 } }),
    ],
    ['Kerberos with the ticket cache alone', withAuthentication({ method: 'kerberos' })],
    [
      'Kerberos with a keytab',
      withAuthentication({
        method: 'kerberos',
        principal: 'svc/host@EXAMPLE.COM',
        keytabFile: 'k',
        kdc: ['kdc', 'kdc:88', '[::1]:88', '::1', '192.0.2.1:88'],
      }),
    ],
    [
      'Kerberos to an IP address with a service principal',
      withAuthentication({ method: 'kerberos', servicePrincipal: 'smtp/mail.example.com' }, { host: '192.0.2.1' }),
    ],
    [
      'an NTLM domain',
      withAuthentication({
        method: 'ntlm',
        username: 'DOM\\user',
        password: { env: 'PW' },
        domain: 'DOM',
        workstation: 'WS',
      }),
    ],
    ['a token by reference', withAuthentication({ method: 'xoauth2', username: 'a', token: { file: '/run/token' } })],
    ['an empty certificate password', sign({ file: 'me.p12', password: '' })],
    ['a key in bytes', sign({ data: 'AAAA', key: { base64: 'AAAA' } })],
    ['the machine store', sign({ store: 'machine', select: { fingerprint: fingerprint } })],
    ['LDAP anonymously, with an empty base', encrypt({ ldap: 'ldap://ldap.example.com/', baseDn: '' })],
    ["proxy 'auto' as an object", withKeys({ proxy: { type: 'auto', username: 'a', password: 'b' } })],
    ['an IPv6 proxy as text', withKeys({ proxy: 'http://[2001:db8::1]:3128' })],
    ['SOCKS4 with a user id', withKeys({ proxy: 'socks4://id@proxy' })],
    ['tls: false of a SOCKS proxy', withKeys({ proxy: { type: 'socks5', host: 'p', tls: false } })],
    [
      'a single DKIM signature by reference',
      withKeys({ dkim: { domain: 'example.com', selector: 's', privateKey: { env: 'DKIM' } } }),
    ],
    ['a null reverse path', withSender({ envelopeFrom: '' })],
    ['a quoted local part', withSender({ email: '"a b"@example.com' })],
  ])('takes %s', (_name, value) => {
    expect(parseProfile(value)).toEqual(decodeBase64(value));
  });
});

/** The same with bytes in place of `{ base64 }`. */
function decodeBase64(value: object): unknown {
  return JSON.parse(JSON.stringify(value), (_key, entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('base64' in entry)) return entry;
    return new Uint8Array(Buffer.from(String(entry.base64), 'base64'));
  });
}

describe('values that are refused', () => {
  it.each<[string, object, RegExp]>([
    ['name', withKeys({ name: '' }), /got an empty string/],
    ['name', withKeys({ name: 'a\nb' }), /holds a control character \(LF, U\+000A at position 2\)/],
    ['description', withKeys({ description: 'a\u0000' }), /NUL/],
    ['description', withKeys({ description: '\ud800' }), /half of a surrogate pair/],
    [
      'sender',
      withKeys({ sender: 'ann@example.com' }),
      /expected an object with email, and optionally name, got a string/,
    ],
    ['sender.name', withSender({ name: 'Ann\r\nBcc: eve@example.com' }), /CR, U\+000D at position 4/],
    ['sender.organization', withSender({ organization: 'a\u0085b' }), /U\+0085/],
    ['sender.email', withSender({ email: 'Ann <ann@example.com>' }), /./],
    ['sender.email', withSender({ email: 'ann' }), /./],
    ['sender.email', withSender({ email: 'ann@example.com\r\nRCPT TO:<x>' }), /CR/],
    ['sender.email', withSender({ email: 'a@b, c@d' }), /./],
    ['sender.envelopeFrom', withSender({ envelopeFrom: null }), /got null/],
    ['sender.replyTo', withSender({ replyTo: [] }), /at least one entry, got an empty array; leave it out instead/],
    ['sender.replyTo', withSender({ replyTo: 'a@b, c@d' }), /./],
    ['sender.replyTo.1', withSender({ replyTo: ['a@b.example', 5] }), /got the number 5/],
    ['sender.replyTo.email', withSender({ replyTo: { name: 'x', email: 'x' } }), /./],
    ['sender.readReceiptTo.name', withSender({ readReceiptTo: { name: 'x\n', email: 'x@example.com' } }), /LF/],
    ['sender.returnReceiptTo', withSender({ returnReceiptTo: ['a@example.com'] }), /got an array/],
    ['sensitivity', withKeys({ sensitivity: 'Personal' }), /^'Personal' is written 'personal' here$/],
    ['importance', withKeys({ importance: true }), /got a boolean/],
    ['server.host', withServer({ host: '' }), /got an empty string/],
    ['server.host', withServer({ host: 'smtp://mail.example.com' }), /leave out the scheme/],
    ['server.host', withServer({ host: 'mail.example.com:587' }), /the port is a separate field/],
    ['server.host', withServer({ host: '[::1]' }), /without/],
    ['server.host', withServer({ host: 'user@mail.example.com' }), /with an @/],
    ['server.host', withServer({ host: 'mail.example.com.' }), /final dot/],
    ['server.host', withServer({ host: 'mail..example.com' }), /neither/],
    ['server.host', withServer({ host: '-mail.example.com' }), /neither/],
    ['server.host', withServer({ host: 'mail example.com' }), /neither/],
    ['server.host', withServer({ host: 'mail.example.com\u0000' }), /NUL/],
    ['server.host', withServer({ host: 'mail/../x' }), /neither/],
    ['server.host', withServer({ host: `${'a'.repeat(64)}.example.com` }), /neither/],
    ['server.host', withServer({ host: 'a.'.repeat(200) }), /too long/],
    ['server.host', withServer({ host: `${'ü.'.repeat(60)}example` }), /neither/],
    ['server.host', withServer({ host: '1.2.3' }), /malformed IP/],
    ['server.host', withServer({ host: '2130706433' }), /malformed IP/],
    ['server.host', withServer({ host: '0x7f.1' }), /malformed IP/],
    ['server.host', withServer({ host: '192.0.2.256' }), /malformed IP/],
    ['server.host', withServer({ host: 'ex\u2024ample.com:25' }), /port/],
    ['server.host', withServer({ host: 'a\u00ad\u200d.\u{e0001}' }), /neither/],
    ['server.port', withServer({ port: 0 }), /from 1 to 65535, got the number 0/],
    ['server.port', withServer({ port: 65536 }), /got the number 65536/],
    ['server.port', withServer({ port: '587' }), /got a string/],
    ['server.port', withServer({ port: Number.NaN }), /got NaN/],
    [
      'server.security',
      withServer({ security: 'tls' }),
      /expected 'automatic', 'implicit', 'explicit' or 'none', got 'tls'$/,
    ],
    ['server.security', withServer({ security: 'STARTTLS' }), /^'STARTTLS' is called 'explicit' here$/],
    ['server.security', withServer({ security: 'ssl' }), /^'ssl' is called 'implicit' here$/],
    ['server.protocol', withServer({ protocol: 'esmtp' }), /'smtp' or 'lmtp'/],
    ['server.localName', withServer({ localName: 'a\r\nMAIL' }), /CR/],
    ['server.localName', withServer({ localName: '192.0.2.1' }), /in brackets/],
    ['server.localName', withServer({ localName: '[2001:db8::1]' }), /IPv6:/],
    ['server.localAddress', withServer({ localAddress: 'eth0' }), /expected an IP address/],
    ['server.maxRecipients', withServer({ maxRecipients: 0 }), /a whole number from 1 to 1000000/],
    ['server.maxRecipients', withServer({ maxRecipients: 1.5 }), /a whole number/],
    ['server.ignoreExtensions', withServer({ ignoreExtensions: 'CHUNKING' }), /expected an array/],
    ['server.ignoreExtensions.0', withServer({ ignoreExtensions: ['SIZE 100'] }), /without parameters/],
    ['server.ignoreExtensions.0', withServer({ ignoreExtensions: ['A\r\nMAIL'] }), /CR/],
    ['server.ignoreExtensions.1', withServer({ ignoreExtensions: ['X', 'starttls'] }), /server\.security controls/],
    ['server.ignoreExtensions.0', withServer({ ignoreExtensions: ['Bdat'] }), /'CHUNKING'/],
    ['server.ignoreExtensions', withServer({ ignoreExtensions: new Array(51).fill('X') }), /at most 50/],
    ['server.timeouts.connectMs', withServer({ timeouts: { connectMs: -1 } }), /from 0 to 2147483647/],
    ['server.timeouts.totalMs', withServer({ timeouts: { totalMs: 2 ** 31 } }), /from 0 to 2147483647/],
    ['server.timeouts.stallMs', withServer({ timeouts: { stallMs: Infinity } }), /got Infinity/],
    ['server.timeouts.connect', withServer({ timeouts: { connect: 5 } }), /did you mean connectMs/],
    ['server.tls.minVersion', withTls({ minVersion: 'TLSv1' }), /'TLSv1.2' or 'TLSv1.3'/],
    ['server.tls.ciphers', withTls({ ciphers: 'HIGH\n' }), /LF/],
    ['server.tls.ciphers', withTls({ ciphers: 'HIGH;rm' }), /cipher list/],
    ['server.tls.pinnedFingerprints', withTls({ pinnedFingerprints: [] }), /at least one/],
    ['server.tls.pinnedFingerprints', withTls({ pinnedFingerprints: fingerprint }), /got a string/],
    ['server.tls.pinnedFingerprints.0', withTls({ pinnedFingerprints: ['ab'.repeat(20)] }), /40 hex digits \(SHA-1\)/],
    ['server.tls.pinnedFingerprints.0', withTls({ pinnedFingerprints: [`${'a1:'.repeat(31)}a`] }), /63 hex digits/],
    [
      'server.tls.dangerouslyAcceptAnyCertificate',
      withTls({ pinnedFingerprints: [fingerprint], dangerouslyAcceptAnyCertificate: true }),
      /contradicts pinnedFingerprints/,
    ],
    ['server.tls.rejectUnauthorized', withTls({ rejectUnauthorized: false }), /pinnedFingerprints/],
    ['server.tls.serverName', withTls({ serverName: 'a b' }), /neither/],
    ['server.tls.ca', withTls({ ca: [] }), /at least one/],
    ['server.tls.ca', withTls({ ca: 'ca.pem' }), /write a file as \{ file \}/],
    ['server.tls.ca', withTls({ ca: '-----BEGIN PRIVATE KEY-----' }), /contains a private key/],
    ['server.tls.ca', withTls({ ca: Buffer.from('-----BEGIN RSA PRIVATE KEY-----') }), /contains a private key/],
    ['server.tls.ca.base64', withTls({ ca: { base64: 'AQ*=' } }), /base64 text/],
    ['server.tls.ca.base64', withTls({ ca: { base64: 'AQID-_' } }), /base64 text/],
    ['server.tls.ca', withTls({ ca: { base64: '' } }), /got none/],
    ['server.tls.ca.x', withTls({ ca: { base64: 'AQ==', x: 1 } }), /not a known key/],
    [
      'server.tls.clientCertificate',
      withTls({ clientCertificate: {} }),
      /exactly one of file, data or store, got none/,
    ],
    ['server.tls.clientCertificate', withTls({ clientCertificate: 'me.p12' }), /a certificate source/],
    ['headers.0 (X Y)', withKeys({ headers: [{ name: 'X Y', value: '' }] }), /printable ASCII/],
    ['headers.0 (X:)', withKeys({ headers: [{ name: 'X:', value: '' }] }), /printable ASCII/],
    ['headers.0 (Ä)', withKeys({ headers: [{ name: 'Ä', value: '' }] }), /printable ASCII/],
    ['headers.0 (X)', withKeys({ headers: [{ name: 'X', value: 'a\r\nBcc: b' }] }), /CR/],
    ['headers.0 (X).value', withKeys({ headers: [{ name: 'X', value: 5 }] }), /expected text, got the number 5/],
    ['headers.X', withKeys({ headers: { X: 'a\nb' } }), /LF/],
    ['headers.X:', withKeys({ headers: { 'X:': '' } }), /printable ASCII/],
    ['headers', withKeys({ headers: 'X: y' }), /an array of \{ name, value \}/],
    ['authentication', withAuthentication('user:pass'), /an object with a method, got a string/],
    ['authentication.method', withAuthentication({ username: 'a' }), /got nothing/],
    ['authentication.method', withAuthentication({ method: 'digest-md5' }), /got 'digest-md5'/],
    ['authentication.username', withAuthentication({ method: 'plain', password: 'x' }), /got nothing/],
    ['authentication.username', withAuthentication({ method: 'plain', username: 'a\u0000b', password: 'x' }), /NUL/],
    ['authentication.password', withAuthentication({ method: 'login', username: 'a' }), /got nothing/],
    [
      'authentication.password',
      withAuthentication({ method: 'login', username: 'a', password: '' }),
      /got an empty string/,
    ],
    ['authentication.password', withAuthentication({ method: 'login', username: 'a', password: 'a\u0000' }), /NUL/],
    [
      'authentication.password',
      withAuthentication({ method: 'login', username: 'a', password: '[redacted]' }),
      /hidden secret: give the secret itself/,
    ],
    // YAML and form fields may turn a password of digits into a number.
    [
      'authentication.password',
      withAuthentication({ method: 'login', username: 'a', password: 12345678 }),
      /got a number$/,
    ],
    [
      'authentication.password',
      withAuthentication({ method: 'login', username: 'a', password: {} }),
      /an object with no key/,
    ],
    [
      'authentication.password',
      withAuthentication({ method: 'login', username: 'a', password: { env: 'A', file: 'b' } }),
      /other keys/,
    ],
    [
      'authentication.password',
      withAuthentication({ method: 'login', username: 'a', password: { path: 'b' } }),
      /other keys/,
    ],
    [
      'authentication.password.env',
      withAuthentication({ method: 'login', username: 'a', password: { env: '' } }),
      /empty string/,
    ],
    [
      'authentication.password.env',
      withAuthentication({ method: 'login', username: 'a', password: { env: 'A=B' } }),
      /=/,
    ],
    [
      'authentication.password.file',
      withAuthentication({ method: 'login', username: 'a', password: { file: 'a\u0000b' } }),
      /NUL/,
    ],
    [
      'authentication.authorizationId',
      withAuthentication({ method: 'xoauth2', username: 'a', token: 'b', authorizationId: 'c' }),
      /XOAUTH2 has no such field/,
    ],
    [
      'authentication.authorizationId',
      withAuthentication({ method: 'cram-md5', username: 'a', password: 'b', authorizationId: 'c' }),
      /not a known key/,
    ],
    [
      'authentication.domain',
      withAuthentication({ method: 'plain', username: 'a', password: 'b', domain: 'c' }),
      /not a known key/,
    ],
    [
      'authentication.token',
      withAuthentication({ method: 'xoauth2', username: 'a' }),
      /or oauth2 settings, got nothing/,
    ],
    [
      'authentication.token',
      withAuthentication({ method: 'oauthbearer', username: 'a', token: 'Bearer abc' }),
      /without "Bearer"/,
    ],
    ['authentication.principal', withAuthentication({ method: 'kerberos', password: 'x' }), /got nothing/],
    [
      'authentication.principal',
      withAuthentication({ method: 'kerberos', password: 'x', principal: 'ann' }),
      /without a realm/,
    ],
    [
      'authentication.keytabFile',
      withAuthentication({ method: 'kerberos', password: 'x', keytabFile: 'k', principal: 'a@B' }),
      /one of them/,
    ],
    [
      'authentication.servicePrincipal',
      withAuthentication({ method: 'kerberos' }, { host: '2001:db8::1' }),
      /because server\.host is an IP address/,
    ],
    [
      'authentication.servicePrincipal',
      withAuthentication({ method: 'kerberos', servicePrincipal: 'smtp' }),
      /smtp\/mail/,
    ],
    ['authentication.kdc.0', withAuthentication({ method: 'kerberos', kdc: ['kdc:99999'] }), /host:port/],
    ['authentication.kdc.0', withAuthentication({ method: 'kerberos', kdc: ['kdc:x'] }), /host:port/],
    [
      'server.tls.clientCertificate',
      withAuthentication({ method: 'external' }),
      /because authentication\.method is 'external'/,
    ],
    [
      'server.security',
      withAuthentication({ method: 'external' }, { security: 'none', tls: { clientCertificate: p12 } }),
      /presented in TLS/,
    ],
    [
      'authentication.createMechanism',
      withAuthentication({ method: 'custom', createMechanism: 'x' }),
      /expected a function, got a string/,
    ],
    ['smime.sign.certificate', sign({ file: 'a', data: 'b' }), /exactly one of file, data or store, got file and data/],
    ['smime.sign.certificate.keyFile', sign({ data: 'b', keyFile: 'k' }), /only allowed together with file/],
    ['smime.sign.certificate.key', sign({ file: 'b', key: 'k' }), /only allowed together with data/],
    ['smime.sign.certificate.select', sign({ file: 'b', select: { alias: 'x' } }), /only allowed together with store/],
    ['smime.sign.certificate.select', sign({ store: 'user' }), /got nothing/],
    [
      'smime.sign.certificate.select',
      sign({ store: 'user', select: { alias: 'a', email: 'b' } }),
      /exactly one of subject, email, fingerprint or alias, got email and alias/,
    ],
    [
      'smime.sign.certificate.store',
      sign({ store: 'system', select: { alias: 'a' } }),
      /'user' or 'machine', got 'system'/,
    ],
    [
      'smime.sign.certificate.store.type',
      sign({ store: { type: 'pem', location: 'x' }, select: { alias: 'a' } }),
      /got 'pem'/,
    ],
    ['smime.sign.certificate.cache', sign({ file: 'b', cache: 'yes' }), /true or false/],
    ['smime.sign.certificate.data', sign({ data: '[redacted]' }), /placeholder for a hidden secret/],
    ['smime.sign.certificate.data.base64', sign({ data: { base64: '[redacted]' } }), /placeholder for a hidden secret/],
    ['smime.sign.hashAlgorithm', sign(p12, { hashAlgorithm: 'md5' }), /'sha1', 'sha256', 'sha384' or 'sha512'/],
    ['smime.sign.includeCertificate', sign(p12, { includeCertificate: 'all' }), /^'all' is called 'chain' here$/],
    ['smime.encrypt.certificates', encrypt([]), /at least one/],
    ['smime.encrypt.certificates', encrypt('certs'), /got a string/],
    ['smime.encrypt.certificates.ldap', encrypt({ ldap: 'http://x', baseDn: '' }), /ldaps?:\/\/host/],
    ['smime.encrypt.certificates.ldap', encrypt({ ldap: 'ldap://u:p@x', baseDn: '' }), /ldaps?:\/\/host/],
    ['smime.encrypt.certificates.ldap', encrypt({ ldap: 'ldap://x/dc=a', baseDn: '' }), /ldaps?:\/\/host/],
    ['smime.encrypt.certificates.baseDn', encrypt({ ldap: 'ldap://x' }), /got nothing/],
    [
      'smime.encrypt.certificates.password',
      encrypt({ ldap: 'ldap://x', baseDn: '', bindDn: 'cn=a' }),
      /together with bindDn, got nothing/,
    ],
    [
      'smime.encrypt.certificates.password',
      encrypt({ ldap: 'ldap://x', baseDn: '', password: 'a' }),
      /only allowed together with bindDn/,
    ],
    ['smime.encrypt.certificates.filter', encrypt({ ldap: 'ldap://x', baseDn: '', filter: '(mail=x)' }), /\{address\}/],
    ['smime.encrypt.algorithm', encrypt(p12, { algorithm: 'rc2' }), /got 'rc2'/],
    ['smime.encrypt.trustAnchors', encrypt(p12, { trustAnchors: [] }), /at least one/],
    ['proxy', withKeys({ proxy: 'direct' }), /'none', 'auto' or scheme/],
    ['proxy', withKeys({ proxy: 'ftp://x' }), /socks5h as the scheme/],
    ['proxy', withKeys({ proxy: 'http://x:0' }), /host:port/],
    ['proxy', withKeys({ proxy: 'http://x/path' }), /./],
    ['proxy', withKeys({ proxy: 'http://a%zz@x' }), /percent-encoded/],
    ['proxy.username', withKeys({ proxy: 'http://a%0d%0ab:c@x' }), /CR/],
    ['proxy.password', withKeys({ proxy: 'http://a:b%0d%0ac@x' }), /control character, .*\(RFC 7617\)/],
    ['proxy.host', withKeys({ proxy: 'http://a b' }), /neither/],
    ['proxy.password', withKeys({ proxy: 'socks5://a:[redacted]@x' }), /placeholder for a hidden secret/],
    ['proxy.password', withKeys({ proxy: 'socks4://a:b@x' }), /'socks4' supports a user id but no password/],
    [
      'proxy.password',
      withKeys({ proxy: { type: 'socks4a', host: 'x', username: 'a', password: 'b' } }),
      /no password/,
    ],
    [
      'proxy.password',
      withKeys({ proxy: { type: 'socks5', host: 'x', password: 'b' } }),
      /only allowed together with username/,
    ],
    [
      'proxy.password',
      withKeys({ proxy: { type: 'socks5', host: 'x', username: 'a', password: 'é'.repeat(128) } }),
      /at most 255 bytes \(RFC 1929\)/,
    ],
    [
      'proxy.tls',
      withKeys({ proxy: { type: 'socks5', host: 'x', tls: true } }),
      /only allowed with type 'http-connect'/,
    ],
    ['proxy.resolve', withKeys({ proxy: { type: 'socks4', host: 'x', resolve: 'proxy' } }), /'socks4a' supports names/],
    ['proxy.username', withKeys({ proxy: { type: 'http-connect', host: 'x', username: 'a:b' } }), /colon/],
    ['proxy.type', withKeys({ proxy: { type: 'http', host: 'x' } }), /^'http' is called 'http-connect' here$/],
    ['proxy.host', withKeys({ proxy: { type: 'auto', host: 'x' } }), /not a known key/],
    ['dkim', withKeys({ dkim: [] }), /at least one/],
    ['dkim.domain', withKeys({ dkim: { domain: '192.0.2.1', selector: 's', privateKey: 'k' } }), /a domain name/],
    ['dkim.selector', withKeys({ dkim: { domain: 'a.example', selector: 's;d=x', privateKey: 'k' } }), /./],
    [
      'dkim.headers',
      withKeys({ dkim: { domain: 'a.example', selector: 's', privateKey: 'k', headers: ['Subject'] } }),
      /lacks From/,
    ],
    ['dkim.privateKey', withKeys({ dkim: { domain: 'a.example', selector: 's' } }), /got nothing/],
  ])('refuses %s, with its path alone: %#', (path, value, message) => {
    const problems = problemsOf(() => parseProfile(value));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toMatch(message);
  });

  it.each([
    'From',
    'sender',
    'REPLY-TO',
    'To',
    'Cc',
    'Bcc',
    'Subject',
    'Date',
    'Message-ID',
    'In-Reply-To',
    'References',
    'MIME-Version',
    'Content-Type',
    'Content-Transfer-Encoding',
    'Content-Disposition',
    'Return-Path',
    'Received',
    'DKIM-Signature',
  ])('refuses the custom header field %s in both forms', (name) => {
    expect(parseProblems(withKeys({ headers: [{ name, value: 'x' }] }))).toEqual([
      expect.stringMatching(new RegExp(`^headers\\.0 \\(${name}\\): the field ${name} is not allowed`)),
    ]);
    expect(parseProblems(withKeys({ headers: { [name]: 'x' } }))).toEqual([
      expect.stringContaining(`headers.${name}: `),
    ]);
  });

  it('refuses useSystemCa before Node 22.15', () => {
    expect(['20.19.0', '22.14.9', '23.9.0', '22.15.0', '23.10.0', '24.0.0'].map(hasSystemCa)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    const problems = parseProblems(withTls({ useSystemCa: true }));
    expect(problems).toEqual(
      hasSystemCa(process.versions.node) ? [] : [expect.stringMatching(/^server\.tls\.useSystemCa: needs Node 22\.15/)],
    );
  });

  it('reads a hostile megabyte in no time', () => {
    const long = 'a.'.repeat(500_000);
    const elapsed = cpuTimer();
    parseProblems({
      ...withServer({
        host: long,
        localName: `[${long}`,
        tls: { ciphers: long, pinnedFingerprints: [long], ca: { base64: long } },
      }),
      proxy: `http://${'@'.repeat(500_000)}`,
      name: long,
      [long]: 1,
    });
    expect(elapsed()).toBeLessThan(500);
  });

  it('looks for the meaning of no more unknown keys than it names', () => {
    const value = {
      ...minimal,
      ...Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`authenticatoin${index}`, 1])),
    };
    const elapsed = cpuTimer();
    expect(parseProblems(value)).toHaveLength(100);
    expect(elapsed()).toBeLessThan(1000);
  });
});

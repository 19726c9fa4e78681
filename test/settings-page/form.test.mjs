/**
 * The form and the profile without a browser: profiles of every kind, and the field of each problem.
 * @module
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProfile, profileToJson, sampleOAuth2Settings } from '../../dist/index.js';
import { checkForm } from '../../docs/examples/settings-page/check-form.mjs';
import { fieldOf, fromForm, toForm } from '../../docs/examples/settings-page/form.mjs';

const base = { name: 'office', sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } };
const user = { username: 'ann', password: 'secret' };
const tls = { clientCertificate: { file: 'ann.p12' } };
const source = { file: 'ann.pem', keyFile: 'ann.key', password: { env: 'P12' }, keyPassword: 'k', cache: true };
const byStore = {
  store: { type: 'windows', location: 'CurrentUser\\My' },
  select: { subject: 'CN=Ann: of Sales' },
  keyPassword: 'k',
};

/** Additions to the base profile, by the part that each shows. */
const profiles = {
  'nothing more': {},
  'password by reference': { authentication: { method: 'password', username: 'ann', password: { env: 'PW' } } },
  'identity to act as': { authentication: { method: 'plain', ...user, authorizationId: 'bob', allowPlaintext: true } },
  'Windows domain': { authentication: { method: 'ntlm', ...user, domain: 'EXAMPLE', workstation: 'here' } },
  keytab: {
    authentication: { method: 'kerberos', principal: 'ann@EXAMPLE.COM', keytabFile: 'a.keytab', kdc: ['kdc'] },
  },
  'ticket cache': { authentication: { method: 'kerberos' } },
  'ready token': { authentication: { method: 'oauthbearer', username: 'ann', token: 'secret' } },
  'client certificate': { authentication: { method: 'external' }, server: { ...base.server, tls } },
  'OAuth 2.0 of Google': {
    authentication: { method: 'xoauth2', username: 'ann' },
    oauth2: { ...sampleOAuth2Settings('google'), clientId: 'c', clientSecret: 's' },
  },
  'OAuth 2.0 by issuer and key': {
    authentication: { method: 'xoauth2', username: 'ann' },
    oauth2: { clientId: 'c', issuer: 'https://login.example.com', grant: 'jwt-bearer', privateKey: { key: 'k' } },
  },
  'certificate files': { smime: { sign: { certificate: source, scheme: 'pss', includeCertificate: 'chain' } } },
  'certificate of a store': { smime: { sign: { certificate: byStore }, encrypt: { certificates: byStore } } },
  'certificate within': { smime: { sign: { certificate: { data: { base64: 'AAAA' }, key: 'k' } } } },
  'directory of recipients': {
    smime: { encrypt: { certificates: { directory: 'd' }, onMissingCertificate: 'drop-recipient' } },
  },
  'store of recipients': { smime: { encrypt: { certificates: { store: 'user' }, encryptToSelf: source } } },
  'several places of recipients': {
    smime: { encrypt: { certificates: [{ ldap: 'ldaps://x', baseDn: '' }, source] }, headerProtection: 'hide-subject' },
  },
  'proxy as text': { proxy: 'https://ann:p%40ss@[2001:db8::1]:8443' },
  'proxy by name': { proxy: 'socks5h://proxy.example.com' },
  'no proxy by word': { proxy: 'none' },
  'automatic proxy': { proxy: 'auto' },
  'automatic proxy with password': { proxy: { type: 'auto', ...user } },
  'proxy over TLS': { proxy: { type: 'http-connect', host: 'p', ...user, tls: { minVersion: 'TLSv1.3' } } },
  'log with rotation': { logging: { level: 'debug', file: { path: 'a', maxBytes: 9, maxFiles: 2 }, eventLog: false } },
  syslog: { logging: { eventLog: { source: 'x', syslog: { host: 'log', protocol: 'tcp' } } } },
  'fields by name': { headers: { 'X-A': 'a', 'X-B': '' } },
  'fields in order': {
    headers: [
      { name: 'X-A', value: '1' },
      { name: 'X-A', value: '2' },
    ],
  },
  'several addresses': {
    sender: { ...base.sender, name: '', replyTo: ['a@example.com', { name: 'B "b" \\', email: 'b@example.com' }] },
  },
  'parts of a second': { server: { ...base.server, timeouts: { totalMs: 1500, replyMs: 10 }, protocol: 'lmtp' } },
  'values that are the defaults': {
    priority: 'unspecified',
    server: { ...base.server, port: 25, security: 'automatic' },
  },
};

describe('a form that is shown and not changed', () => {
  for (const [name, more] of Object.entries(profiles))
    it(`leaves a profile as it is: ${name}`, () => {
      const json = profileToJson(parseProfile({ ...base, ...more }), { secrets: 'include' });
      const { values, stored } = toForm(json);
      checkForm(values);
      assert.deepEqual(fromForm(values, json), json);
      const shown = JSON.stringify(values);
      for (const secret of ['"secret"', '"k"', '"s"', 'p@ss', 'p%40ss', 'AAAA']) assert.ok(!shown.includes(secret));
      assert.ok(Array.isArray(stored));
    });
});

describe('a form that is changed', () => {
  const change = (more, changes) => {
    const json = profileToJson(parseProfile({ ...base, ...more }), { secrets: 'include' });
    return fromForm({ ...toForm(json).values, ...changes }, json);
  };

  it('keeps the other settings of the part', () => {
    assert.deepEqual(change(profiles['Windows domain'], { 'authentication.username': 'bob' }).authentication, {
      ...profiles['Windows domain'].authentication,
      username: 'bob',
    });
    const proxy = change(profiles['proxy as text'], { 'proxy.port': '8444' }).proxy;
    assert.deepEqual(proxy, {
      type: 'http-connect',
      host: '2001:db8::1',
      port: 8444,
      username: 'ann',
      password: 'p@ss',
      tls: true,
    });
    const named = change(profiles['proxy by name'], { 'proxy.port': '1081' }).proxy;
    assert.deepEqual(named, { type: 'socks5', host: 'proxy.example.com', port: 1081 });
    const file = change(profiles['log with rotation'], { 'logging.file': 'b' }).logging.file;
    assert.deepEqual(file, { path: 'b', maxBytes: 9, maxFiles: 2 });
    const sign = change(profiles['certificate files'], { 'smime.sign.certificate.cache': false }).smime.sign;
    const stored = change(profiles['certificate of a store'], { 'smime.sign.certificate.cache': true }).smime.sign;
    assert.deepEqual(stored.certificate, { ...byStore, cache: true });
    const { cache, ...without } = source;
    assert.deepEqual(sign, { certificate: without, scheme: 'pss', includeCertificate: 'chain' });
    assert.equal(cache, true);
  });

  it('takes from one method to the next what both have', () => {
    const { authentication } = change(profiles['Windows domain'], { 'authentication.method': 'plain' });
    assert.deepEqual(authentication, { method: 'plain', ...user });
    const kerberos = change({ authentication: { method: 'plain', ...user } }, { 'authentication.method': 'kerberos' });
    assert.deepEqual(kerberos.authentication, { method: 'kerberos', principal: 'ann', password: 'secret' });
    const token = change({ authentication: { method: 'plain', ...user } }, { 'authentication.method': 'xoauth2' });
    assert.deepEqual(token.authentication, { method: 'xoauth2', username: 'ann' });
  });

  it('removes a part by its box', () => {
    const boxes = { 'authentication.use': 'authentication', 'smime.sign.use': 'smime', 'logging.file.use': 'logging' };
    const more = {
      authentication: { method: 'plain', ...user },
      smime: { sign: { certificate: source } },
      logging: { file: 'a' },
    };
    for (const [box, part] of Object.entries(boxes)) assert.equal(change(more, { [box]: false })[part], undefined, box);
  });

  it('asks for each secret again that would go to another server', () => {
    const cases = [
      [{ authentication: { method: 'plain', ...user } }, { 'server.host': 'other' }, 'authentication.password'],
      [profiles['ready token'], { 'server.host': 'other' }, 'server.host'],
      [profiles['OAuth 2.0 of Google'], { 'oauth2.tokenUrl': 'https://other/' }, 'oauth2.clientSecret'],
      [profiles['proxy as text'], { 'proxy.host': 'other' }, 'proxy.password'],
    ];
    for (const [more, changes, path] of cases)
      assert.throws(
        () => change(more, changes),
        ({ code, problems: [problem] }) => code === 'ERR_PROFILE_INVALID' && problem.path === path,
      );
    const [more, changes] = cases[0];
    const { authentication } = change(more, { ...changes, 'authentication.password': 'new' });
    assert.equal(authentication.password, 'new');
    assert.equal(change(more, { ...changes, 'authentication.use': false }).authentication, undefined);
  });
});

it('each problem has the field that is nearest', () => {
  const near = {
    'server.port': 'server.port',
    sender: 'sender.name',
    'headers.2 (X-A)': 'headers.2',
    headers: 'headers',
    'authentication.principal': 'authentication.username',
    'authentication.servicePrincipal': 'authentication.method',
    'authentication.token': 'authentication.method',
    'server.tls.clientCertificate': 'server.tls.clientCertificate.use',
    'smime.sign.certificate': 'smime.sign.certificate.source',
    'smime.sign.certificate.store.type': 'smime.sign.certificate.store',
    'smime.sign.certificate.select.alias': 'smime.sign.certificate.select',
    'smime.encrypt.certificates.cache': 'smime.encrypt.certificates.cache',
    'logging.file.path': 'logging.file',
    'oauth2.authorizationParameters.state': 'oauth2.authorizationParameters',
    proxy: 'proxy.type',
    to: 'test.recipient',
    'recipients.0': 'test.encryption',
    'dkim.domain': undefined,
  };
  for (const [path, field] of Object.entries(near)) assert.equal(fieldOf(path), field, path);
});

import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../../src/profile/define.js';
import { parseProblems } from './problems.js';
import { complete, minimal, withKeys, withServer } from './samples.js';

const strict = { allowReferences: false };
const sign = (certificate: object): object => withKeys({ smime: { sign: { certificate } } });
const encrypt = (certificates: unknown, more: object = {}): object =>
  withKeys({ smime: { encrypt: { certificates, ...more } } });
const authentication = (value: object): object => withKeys({ authentication: value });
const kerberos = { method: 'kerberos', principal: 'a@EXAMPLE.COM' };

describe('parseProfile with allowReferences: false', () => {
  it.each<[string, object]>([
    ['authentication.password.env', authentication({ method: 'plain', username: 'a', password: { env: 'HOME' } })],
    [
      'authentication.password.file',
      authentication({ method: 'plain', username: 'a', password: { file: '/etc/passwd' } }),
    ],
    ['authentication.token.file', authentication({ method: 'xoauth2', username: 'a', token: { file: '/etc/passwd' } })],
    ['authentication.keytabFile', authentication({ ...kerberos, keytabFile: '/etc/krb5.keytab' })],
    ['authentication.credentialCache', authentication({ ...kerberos, credentialCache: '/tmp/krb5cc_0' })],
    ['authentication.krb5ConfFile', authentication({ ...kerberos, password: 'x', krb5ConfFile: '/etc/krb5.conf' })],
    // Without a setting, Kerberos uses the ticket cache of the process's user.
    ['authentication', authentication({ method: 'kerberos' })],
    ['server.tls.ca.file', withServer({ tls: { ca: { file: 'ca.pem' } } })],
    ['server.tls.ca.1.file', withServer({ tls: { ca: [{ base64: 'AQ==' }, { file: 'ca.pem' }] } })],
    ['server.tls.clientCertificate.file', withServer({ tls: { clientCertificate: { file: 'me.p12' } } })],
    ['smime.sign.certificate.keyFile', sign({ data: 'AAAA', keyFile: 'k' })],
    ['smime.sign.certificate.store', sign({ store: 'user', select: { alias: 'a' } })],
    ['smime.sign.certificate.store', sign({ store: 'machine', select: { alias: 'a' } })],
    [
      'smime.sign.certificate.store.location',
      sign({ store: { type: 'windows', location: 'CurrentUser\\My' }, select: { alias: 'a' } }),
    ],
    ['smime.sign.certificate.key.env', sign({ data: 'AAAA', key: { env: 'KEY' } })],
    ['smime.sign.certificate.password.file', sign({ data: 'AAAA', password: { file: 'x' } })],
    // The cache is found by the profile's name, which a stranger may choose.
    ['smime.sign.certificate.cache', sign({ data: 'AAAA', cache: true })],
    ['smime.encrypt.certificates.directory', encrypt({ directory: '/certs' })],
    ['smime.encrypt.certificates.0.ldap', encrypt([{ ldap: 'ldap://169.254.169.254', baseDn: '' }])],
    ['smime.encrypt.certificates.store', encrypt({ store: 'user' })],
    ['smime.encrypt.trustAnchors.0.file', encrypt({ data: 'AAAA' }, { trustAnchors: [{ file: 'ca.pem' }] })],
    ['smime.encrypt.encryptToSelf.file', encrypt({ data: 'AAAA' }, { encryptToSelf: { file: 'me.p12' } })],
    ['proxy', withKeys({ proxy: 'auto' })],
    ['proxy', withKeys({ proxy: { type: 'auto' } })],
    [
      'proxy.password.env',
      withKeys({ proxy: { type: 'socks5', host: 'p', username: 'a', password: { env: 'HOME' } } }),
    ],
    ['proxy.tls.ca.file', withKeys({ proxy: { type: 'http-connect', host: 'p', tls: { ca: { file: 'x' } } } })],
    ['logging.file', withKeys({ logging: { file: '/var/log/x' } })],
    ['logging.file.path', withKeys({ logging: { file: { path: '/var/log/x' } } })],
    ['logging.eventLog', withKeys({ logging: { eventLog: true } })],
    ['logging.eventLog', withKeys({ logging: { eventLog: { syslog: { host: 'h' } } } })],
    [
      'dkim.privateKey.file',
      withKeys({ dkim: { domain: 'example.com', selector: 's', privateKey: { file: '/etc/ssl/private/key.pem' } } }),
    ],
  ])('refuses %s, and says why: %#', (path, value) => {
    const problems = parseProblems(value, strict);
    const found = problems.find((problem) => problem.startsWith(`${path}: `));
    expect(found).toMatch(/which is not allowed here: this profile is read with allowReferences: false/);
    expect(
      problems.every(
        (problem) => problem.includes('allowReferences') || problem.includes('is only allowed together with'),
      ),
    ).toBe(true);
  });

  it('takes a profile that names nothing of this machine', () => {
    const value = {
      ...minimal,
      authentication: { ...kerberos, password: 'x', kdc: ['kdc.example.com'] },
      smime: {
        sign: { certificate: { data: 'AAAA', password: 'x', cache: false } },
        encrypt: { certificates: { data: '-----BEGIN CERTIFICATE-----' } },
      },
      proxy: 'http://u:p@proxy:3128',
    };
    expect(parseProfile(value, strict)).toEqual(value);
  });

  it('finds every reference in a profile at once', () => {
    // keyPassword, ca.1, file, directory, store location, store password, 'user', ldap, encryptToSelf's file and
    // keyFile.
    expect(parseProblems(complete, strict).filter((problem) => problem.includes('allowReferences'))).toHaveLength(10);
  });

  it('is not the default', () => {
    expect(parseProfile(complete)).toEqual(complete);
    expect(parseProfile(complete, {})).toEqual(complete);
  });
});

describe('the options of parseProfile', () => {
  it.each([{ allowReference: false }, { allowReferences: 'false' }, { allowReferences: 0 }, null])(
    'are refused as %j, which would let a stranger read files',
    (options) => {
      expect(() => parseProfile(minimal, options as never)).toThrow(/options of this call are not valid/);
    },
  );
});

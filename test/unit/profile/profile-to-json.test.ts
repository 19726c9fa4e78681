import { serverOf } from '../../support/server-of.js';
import { describe, expect, it } from 'vitest';
import type { EmailProfile } from '../../../src/model/settings/profile.js';
import { defineProfile, parseProfile, profileToJson } from '../../../src/profile/define.js';
import { parseProblems, problemsOf } from './problems.js';
import { complete, minimal, secrets } from './samples.js';

function roundTrip(profile: EmailProfile): EmailProfile {
  return parseProfile(JSON.parse(JSON.stringify(profileToJson(profile, { secrets: 'include' }))));
}

const proxies: readonly NonNullable<EmailProfile['proxy']>[] = [
  'none',
  'auto',
  'socks5://user:p%40ss@[2001:db8::1]:1080',
  { type: 'auto', username: 'a', password: { env: 'PROXY' } },
  { type: 'socks4', host: 'p', resolve: 'local' },
];

describe("profileToJson with secrets: 'include'", () => {
  it('gives what parseProfile makes the same profile of', () => {
    expect(roundTrip(complete)).toEqual(complete);
    expect(roundTrip(defineProfile(complete))).toEqual(complete);
    expect(roundTrip(minimal)).toEqual(minimal);
    for (const proxy of proxies) expect(roundTrip({ ...minimal, proxy })).toEqual({ ...minimal, proxy });
    const headers = { 'X-A': 'b', 'X-password': 'c', password: 'd', toJSON: 'e' };
    expect(roundTrip({ ...minimal, headers })).toEqual({ ...minimal, headers });
  });

  it('writes bytes as { base64 }, and makes { base64 } of the caller bytes in the profile', () => {
    const profile = defineProfile({ ...minimal, server: { host: 'h', tls: { ca: { base64: 'AQID' } } } });
    expect(serverOf(profile).tls?.ca).toEqual(new Uint8Array([1, 2, 3]));
    expect(profileToJson(profile, { secrets: 'include' })).toMatchObject({
      server: { tls: { ca: { base64: 'AQID' } } },
    });
  });

  it('gives data of which a change does not reach the profile', () => {
    const profile = defineProfile(complete);
    (profileToJson(profile, { secrets: 'include' }) as { server: { tls: { ca: string[] } } }).server.tls.ca.length = 0;
    expect(profile).toEqual(complete);
  });
});

describe("profileToJson with secrets: 'redact'", () => {
  it('holds no secret, and keeps references', () => {
    const text = JSON.stringify(profileToJson(complete, { secrets: 'redact' }));
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).toContain('{"env":"KEY_PASSWORD"}');
    expect(text).toContain('{"file":"/run/secrets/nss"}');
  });

  it('redacts where the word is not exactly include', () => {
    for (const options of [{ secrets: 'Include' }, { secrets: undefined }, {}, { secrets: true }]) {
      const text = JSON.stringify(
        profileToJson({ ...complete, proxy: 'http://u:pw-proxy@p' }, options as { secrets: 'redact' }),
      );
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });

  it('gives what parseProfile refuses at each secret that was left out', () => {
    const paths = parseProblems(profileToJson(complete, { secrets: 'redact' })).map((problem) =>
      problem.replace(/: .*/, ''),
    );
    expect(paths).toEqual([
      'server.tls.clientCertificate.data',
      'server.tls.clientCertificate.password',
      'server.tls.clientCertificate.keyPassword',
      'authentication.password',
      'smime.sign.certificate.data',
      'smime.sign.certificate.key',
      'smime.encrypt.certificates.4.password',
      'smime.encrypt.encryptToSelf.password',
      'proxy.password',
      'oauth2.clientSecret',
      'oauth2.authenticationValue',
      'oauth2.refreshToken',
      'oauth2.privateKey.key',
      'dkim.0.privateKey',
    ]);
  });

  it.each([
    ['http://user:secret@proxy:3128', 'http://user:[redacted]@proxy:3128'],
    ['socks5://user:s%3Acr%40et@proxy', 'socks5://user:[redacted]@proxy'],
    ['socks5://user:se:cr@et@proxy', 'socks5://user:[redacted]@proxy'],
    ['https://user@proxy', 'https://user@proxy'],
    ['socks4://proxy:1080', 'socks4://proxy:1080'],
  ])('writes the proxy %s as %s', (proxy, expected) => {
    expect(profileToJson({ ...minimal, proxy: proxy as EmailProfile['proxy'] }, { secrets: 'redact' })).toMatchObject({
      proxy: expected,
    });
  });
});

describe('profileToJson of live values', () => {
  const password = (): string => 'x';
  const store = { list: () => Promise.resolve([]), load: () => Promise.reject(new Error('none')) };
  const live: EmailProfile = {
    ...minimal,
    authentication: { method: 'plain', username: 'a', password },
    smime: {
      sign: { certificate: { store, select: { alias: 'a' } } },
      encrypt: { certificates: [{ file: 'x' }, () => []] },
    },
  };

  it.each(['redact', 'include'] as const)('names the path of each, with secrets: %s', (mode) => {
    expect(
      problemsOf(() => profileToJson(live, { secrets: mode })).map(({ path, message }) => `${path}: ${message}`),
    ).toEqual([
      'authentication.password: is a function, which has no JSON form',
      'smime.sign.certificate.store: is an object, which has no JSON form',
      'smime.encrypt.certificates.1: is a function, which has no JSON form',
    ]);
  });

  it('refuses a profile that is not valid before it writes any of it', () => {
    expect(
      problemsOf(() => profileToJson({ ...minimal, name: '' }, { secrets: 'include' })).map(({ path }) => path),
    ).toEqual(['name']);
  });
});

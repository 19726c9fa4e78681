/**
 * `oauth2` in a profile: accepted values, and settings that contradict each other.
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { EmailProfile } from '../../../src/model/settings/profile.js';
import { defineProfile, parseProfile, profileToJson } from '../../../src/profile/define.js';
import { sampleOAuth2Settings } from '../../../src/oauth2/sample-settings.js';
import { problemsOf } from './problems.js';
import { minimal } from './samples.js';

const tokenUrl = 'https://login.example.com/token';
const least = { clientId: 'client', tokenUrl };
const withOAuth2 = (oauth2: unknown): EmailProfile => ({ ...minimal, oauth2 }) as EmailProfile;
const pathsOf = (oauth2: unknown): readonly string[] =>
  problemsOf(() => defineProfile(withOAuth2(oauth2))).map(({ path }) => path.replace('oauth2.', ''));

describe('oauth2', () => {
  it.each<[string, object]>([
    ['a token endpoint', least],
    ['an issuer', { clientId: 'c', issuer: 'https://login.example.com' }],
    ['a ready token', { clientId: 'c', authenticationValue: 'Bearer abc.def' }],
    ['http on loopback', { clientId: 'c', tokenUrl: 'http://127.0.0.1:1/t', authorizationUrl: 'http://[::1]/a' }],
    ['a certificate', { ...least, clientAuthentication: 'certificate', clientCertificate: { file: 'c.p12' } }],
    ['a key that proves the client', { ...least, grant: 'client-credentials', privateKey: { key: 'k' } }],
    [
      'a key and a secret with jwt-bearer',
      { ...least, grant: 'jwt-bearer', privateKey: { key: 'k' }, clientSecret: 's' },
    ],
    ['redirects to localhost', { ...least, redirectUri: 'http://localhost' }],
    ['redirects with port and path', { ...least, redirectUri: 'http://[::1]:8400/call/back' }],
  ])('takes %s', (_what, oauth2) => {
    expect(defineProfile(withOAuth2(oauth2)).oauth2).toMatchObject(oauth2);
  });

  it.each<[path: string, oauth2: object]>([
    ['clientId', { tokenUrl }],
    ['clientId', { clientId: '', tokenUrl }],
    ['tokenUrl', { clientId: 'c' }],
    ['tokenUrl', { clientId: 'c', tokenUrl: 'http://login.example.com/token' }],
    ['tokenUrl', { clientId: 'c', tokenUrl: 'http://127.0.0.1.example.com/token' }],
    ['tokenUrl', { clientId: 'c', tokenUrl: 'https://user:pw@login.example.com/token' }],
    ['tokenUrl', { clientId: 'c', tokenUrl: 'https://login.example.com/token#x' }],
    ['tokenUrl', { clientId: 'c', tokenUrl: 'file:///etc/passwd' }],
    ['tokenUrl', { clientId: 'c', tokenUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token' }],
    ['authorizationUrl', { ...least, authorizationUrl: 'javascript:alert(1)' }],
    ['authorizationUrl', { ...least, authorizationUrl: 'https://a.example\r\n/' }],
    ['issuer', { clientId: 'c', issuer: 'https://login.example.com/?a=b' }],
    ['scope', { ...least, scope: 'a  b' }],
    ['scope', { ...least, scope: 'a"b' }],
    ['authenticationValue', { ...least, authenticationValue: 'Basic abc def' }],
    ['grant', { ...least, grant: 'password' }],
    ['privateKey', { ...least, grant: 'jwt-bearer' }],
    ['privateKey', { ...least, privateKey: { key: 'k' }, clientSecret: 's' }],
    ['privateKey.kid', { ...least, privateKey: { key: 'k', kid: 'x' } }],
    ['clientSecret', { ...least, grant: 'client-credentials' }],
    ['clientSecret', { ...least, clientAuthentication: 'basic' }],
    [
      'clientSecret',
      { ...least, clientSecret: 's', clientAuthentication: 'certificate', clientCertificate: { file: 'c' } },
    ],
    ['clientCertificate', { ...least, clientAuthentication: 'certificate' }],
    ['clientCertificate', { ...least, clientCertificate: { file: 'c.p12' } }],
    ['authorizationParameters.state', { ...least, authorizationParameters: { state: 'x' } }],
    ['authorizationParameters.redirect_uri', { ...least, authorizationParameters: { redirect_uri: 'x' } }],
    ['authorizationParameters.a b', { ...least, authorizationParameters: { 'a b': 'x' } }],
    ['tokenParameters.grant_type', { ...least, tokenParameters: { grant_type: 'password' } }],
    ['redirectUri', { ...least, redirectUri: 'https://localhost/' }],
    ['redirectUri', { ...least, redirectUri: 'http://localhost.example.com/' }],
    ['redirectUri', { ...least, redirectUri: 'http://localhost/?a=b' }],
    ['redirectUri', { ...least, redirectUri: 'http://localhost:99999/' }],
    ['redirectUri', { ...least, redirectUri: 'urn:ietf:wg:oauth:2.0:oob' }],
  ])('refuses %s: %#', (path, oauth2) => {
    expect(pathsOf(oauth2)).toEqual([path]);
  });

  it('is what a token may come from', () => {
    const authentication = { method: 'xoauth2', username: 'ann@example.com' } as const;
    expect(defineProfile({ ...minimal, authentication, oauth2: least }).oauth2).toBeDefined();
  });

  it('reads nothing of this machine where the profile is from a stranger', () => {
    const oauth2 = {
      ...least,
      clientSecret: { env: 'A' },
      refreshToken: { file: '/b' },
      privateKey: { key: { env: 'C' } },
    };
    const problems = problemsOf(() => parseProfile(withOAuth2(oauth2), { allowReferences: false }));
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['oauth2.clientSecret.env', 'oauth2.refreshToken.file', 'oauth2.privateKey.key.env']),
    );
  });
});

describe('sampleOAuth2Settings', () => {
  const fill = (settings: object): object => ({
    ...settings,
    clientId: 'client',
    ...('clientSecret' in settings ? { clientSecret: 'secret' } : {}),
    ...('privateKey' in settings ? { privateKey: { key: 'key', subject: 'ann@example.com' } } : {}),
    ...('issuer' in settings ? { issuer: 'https://login.example.com', scope: 'mail' } : {}),
  });

  it.each([
    ['google', {}],
    ['google', { grant: 'jwt-bearer' }],
    ['microsoft', {}],
    ['microsoft', { grant: 'device-code' }],
    ['microsoft', { grant: 'client-credentials', tenant: 'contoso.onmicrosoft.com' }],
    ['generic', {}],
    ['generic', { grant: 'client-credentials' }],
    ['generic', { grant: 'jwt-bearer' }],
  ] as const)('gives settings of %s that lack the credentials alone: %j', (provider, options) => {
    const sample = sampleOAuth2Settings(provider, options);
    const problems = problemsOf(() => defineProfile(withOAuth2(sample))).map(({ path }) => path);
    expect(problems).toContain('oauth2.clientId');
    expect(problemsOf(() => defineProfile(withOAuth2(fill(sample))))).toEqual([]);
  });

  it('names the exact scopes and endpoints', () => {
    expect(sampleOAuth2Settings('google')).toMatchObject({
      scope: 'https://mail.google.com/',
      tokenUrl: 'https://oauth2.googleapis.com/token',
      authorizationParameters: { access_type: 'offline', prompt: 'consent' },
    });
    expect(sampleOAuth2Settings('microsoft', { tenant: 't' })).toMatchObject({
      scope: 'https://outlook.office.com/SMTP.Send offline_access',
      authorizationUrl: 'https://login.microsoftonline.com/t/oauth2/v2.0/authorize',
      redirectUri: 'http://localhost',
    });
    expect(sampleOAuth2Settings('microsoft', { tenant: 't', grant: 'client-credentials' })).toMatchObject({
      scope: 'https://outlook.office365.com/.default',
      tokenUrl: 'https://login.microsoftonline.com/t/oauth2/v2.0/token',
    });
  });

  it('is refused by defineProfile until the tenant is filled in', () => {
    const sample = sampleOAuth2Settings('microsoft', { grant: 'client-credentials' });
    expect(pathsOf(fill(sample))).toEqual(['tokenUrl']);
  });

  it.each([
    ['google', 'client-credentials'],
    ['google', 'device-code'],
    ['microsoft', 'jwt-bearer'],
  ] as const)('says where %s has no %s for mail', (provider, grant) => {
    expect(problemsOf(() => sampleOAuth2Settings(provider, { grant })).map(({ path }) => path)).toEqual(['grant']);
  });
});

it('profileToJson hides the secrets of oauth2', () => {
  const oauth2 = { ...least, clientSecret: 'secret-1', refreshToken: 'secret-2', authenticationValue: 'secret-3' };
  const json = JSON.stringify(profileToJson(defineProfile(withOAuth2(oauth2)), { secrets: 'redact' }));
  expect(json).not.toMatch(/secret-\d/);
});

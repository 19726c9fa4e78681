/**
 * The claims of a token that are read before a server is asked: token-claims.ts.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { judgeToken } from '../../../src/oauth2/token-claims.js';

const now = 1_800_000_000_000;
const host = 'smtp.office365.com';
const jwt = (claims: object): string =>
  [{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.c2ln';
const entra = (claims: object): string =>
  jwt({
    iss: 'https://sts.windows.net/tenant/',
    aud: 'https://outlook.office365.com',
    exp: now / 1000 + 60,
    ...claims,
  });

describe('a token of Entra ID', () => {
  it.each([
    ['delegated', entra({ scp: 'User.Read SMTP.Send' })],
    ["an application's", entra({ roles: ['SMTP.SendAsApp'] })],
    ['for the other name of Exchange', entra({ aud: 'https://outlook.office.com/', scp: 'SMTP.Send' })],
    ['for the application id of Exchange', entra({ aud: '00000002-0000-0ff1-ce00-000000000000', scp: 'SMTP.Send' })],
    ['of the other issuer', entra({ iss: 'https://login.microsoftonline.com/tenant/v2.0', scp: 'SMTP.Send' })],
  ])('that is right is let through: %s', (_what, token) => {
    expect(judgeToken(token, host, now)).toEqual({ expired: false, doubt: undefined });
  });

  it.each([
    ['Graph', { aud: 'https://graph.microsoft.com', scp: 'SMTP.Send' }, /is for Microsoft Graph .*not for SMTP/],
    ['Graph by its id', { aud: '00000003-0000-0000-c000-000000000000', scp: 'SMTP.Send' }, /Microsoft Graph/],
    ['another application', { aud: 'api://mine', scp: 'SMTP.Send' }, /for api:\/\/mine, not for Exchange/],
    ['nothing', { aud: undefined, scp: 'SMTP.Send' }, /for no audience/],
  ])('for %s is an error', (_what, claims, message) => {
    const { error } = judgeToken(entra(claims), host, now);
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(error?.message).toMatch(message);
    expect(error?.remedy).toContain('https://outlook.office.com/SMTP.Send offline_access');
  });

  it('for Graph is an error whatever the host is called', () => {
    const token = entra({ aud: 'https://graph.microsoft.com' });
    expect(judgeToken(token, 'mail.example.com', now).error?.message).toContain('Graph');
  });

  it.each([['User.Read'], ['SMTP.SendX'], ['IMAP.AccessAsUser.All POP.AccessAsUser.All']])(
    'of a person without SMTP.Send is an error: %s',
    (scp) => {
      expect(judgeToken(entra({ scp }), host, now).error?.message).toContain('no scope SMTP.Send');
    },
  );

  it.each([[undefined], [[]], [['Mail.Send']], ['SMTP.SendAsApp']])(
    'of an application with roles %j is a doubt, since RBAC shows in no token',
    (roles) => {
      const { error, doubt } = judgeToken(entra({ roles }), host, now);
      expect(error).toBeUndefined();
      expect(doubt).toContain('The token has no SMTP.SendAsApp role');
    },
  );

  it.each([
    [-299, false],
    [-301, true],
    [60, false],
  ])('that ends %i s from now has expired: %s', (seconds, expired) => {
    expect(judgeToken(entra({ scp: 'SMTP.Send', exp: now / 1000 + seconds }), host, now).expired).toBe(expired);
  });
});

it.each([
  ['opaque', 'ya29.a0AfH6SMBx', host],
  ['a JWT of another provider', jwt({ iss: 'https://login.example.com', aud: 'https://graph.microsoft.com' }), host],
  ['three parts that are no JWT', 'a.b.c', host],
  ['an encrypted JWT', 'a.b.c.d.e', host],
  ['of Entra for an own server', entra({ aud: 'https://mail.example.com', exp: 1 }), 'mail.example.com'],
])('a token that is %s is left to the server', (_what, token, to) => {
  expect(judgeToken(token, to, now)).toEqual({});
});

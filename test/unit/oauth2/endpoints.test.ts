/**
 * Discovery (RFC 8414, OpenID Connect): endpoints.ts.
 * @module
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findEndpoints } from '../../../src/oauth2/endpoints.js';
import { type FakeProvider, startFakeProvider } from '../../support/fake-provider.js';
import { failureOf, surroundings } from './support.js';

let provider: FakeProvider;
beforeEach(async () => {
  provider = await startFakeProvider();
});
afterEach(() => provider[Symbol.asyncDispose]());

const rfc8414 = '/.well-known/oauth-authorization-server';
const openId = '/.well-known/openid-configuration';
const { signal } = new AbortController();
const find = (path = '', more = {}) =>
  findEndpoints({ clientId: 'c', issuer: provider.origin + path, ...more }, surroundings(), signal);
const metadata = (issuer: string, more = {}): object => ({
  issuer,
  token_endpoint: `${provider.origin}/token`,
  authorization_endpoint: `${provider.origin}/authorize`,
  ...more,
});

describe('the metadata of an issuer', () => {
  it.each([
    ['', rfc8414],
    ['/tenant', `${rfc8414}/tenant`],
    ['/', rfc8414],
  ])('with path %j are at %s', async (path, place) => {
    provider.answers.set(place, () => ({ json: metadata(provider.origin + path) }));
    const found = await find(path);
    expect(found.tokenUrl.href).toBe(`${provider.origin}/token`);
    expect(found.authorizationUrl?.href).toBe(`${provider.origin}/authorize`);
    expect(found).toMatchObject({ issuer: provider.origin + path, promisesIssuer: false });
  });

  it.each(['', '/tenant/v2.0'])(
    'with path %j are where OpenID Connect has them, where they are not in the other place',
    async (path) => {
      provider.answers.set(path + openId, () => ({
        json: metadata(provider.origin + path, { authorization_response_iss_parameter_supported: true }),
      }));
      expect(await find(path)).toMatchObject({ promisesIssuer: true });
      expect(provider.calls.map((call) => call.path)).toEqual([`${rfc8414}${path}`, `${path}${openId}`]);
    },
  );

  it.each<[string, unknown, RegExp]>([
    ['of another issuer', { issuer: 'https://evil.example' }, /another issuer: it names https:\/\/evil\.example/],
    ['of no issuer', { issuer: undefined }, /another issuer: it names no issuer/],
    ['of an issuer with a slash more', { issuer: 'SLASH' }, /another issuer/],
    [
      'with an endpoint without TLS',
      { token_endpoint: 'http://login.example.com/token' },
      /token_endpoint that is not an https URL/,
    ],
    [
      'with an endpoint that is a file',
      { authorization_endpoint: 'file:///etc/passwd' },
      /authorization_endpoint that is not/,
    ],
    ['without an endpoint', { token_endpoint: undefined }, /contain no endpoint/],
  ])('%s are refused', async (_what, change, message) => {
    const made = JSON.stringify({ ...metadata(provider.origin), ...(change as object) }).replace(
      'SLASH',
      `${provider.origin}/`,
    );
    provider.answers.set(rfc8414, () => ({ text: made }));
    const error = await failureOf(find());
    expect(error.code).toBe('ERR_OAUTH2');
    expect(error.message).toMatch(message);
  });

  it('that are no JSON, redirect or are not there are refused', async () => {
    provider.answers.set(rfc8414, () => ({ text: '<html>' }));
    expect((await failureOf(find())).message).toContain('is not a JSON object');
    provider.answers.set(rfc8414, () => ({ status: 302, headers: { Location: openId } }));
    expect((await failureOf(find())).message).toContain('redirects');
    provider.answers.delete(rfc8414);
    const error = await failureOf(find());
    expect(error.message).toContain('HTTP 404');
    expect(error.remedy).toContain('oauth2.issuer');
  });

  it('may pass where the provider has a failure', async () => {
    for (const place of [rfc8414, openId]) provider.answers.set(place, () => ({ status: 503, text: '' }));
    expect((await failureOf(find())).retryable).toBe(true);
  });

  it('are not read where the URLs are given, which come first', async () => {
    const given = { tokenUrl: 'https://a.example/token', authorizationUrl: 'https://a.example/authorize' };
    expect((await find('', given)).tokenUrl.href).toBe(given.tokenUrl);
    expect(provider.calls).toEqual([]);
    provider.answers.set(rfc8414, () => ({ json: metadata(provider.origin) }));
    const mixed = await find('', { tokenUrl: given.tokenUrl });
    expect([mixed.tokenUrl.href, mixed.authorizationUrl?.href]).toEqual([
      given.tokenUrl,
      `${provider.origin}/authorize`,
    ]);
  });

  it.each([
    ['device-code', /device-code/],
    ['authorization-code', /authorization-code/],
  ] as const)('without the endpoint of grant %s name no other', async (grant, message) => {
    provider.answers.set(rfc8414, () => ({ json: metadata(provider.origin, { authorization_endpoint: undefined }) }));
    expect((await failureOf(find('', { grant }))).message).toMatch(message);
  });
});

it('needs a URL or an issuer', async () => {
  const settings = { clientId: 'c', tokenUrl: 'https://a.example/token' };
  const error = await failureOf(findEndpoints(settings, surroundings(), signal));
  expect(error).toMatchObject({ code: 'ERR_PROFILE_INVALID', problems: [{ path: 'oauth2.authorizationUrl' }] });
});

/**
 * The device authorization grant (RFC 8628): device-code.ts.
 * @module
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { authorize } from '../../../../src/index.js';
import type { OAuth2Settings, UserCodePrompt } from '../../../../src/index.js';
import { runGrant } from '../../../../src/oauth2/grants/authorize.js';
import {
  bearer,
  type FakeProvider,
  type ProviderAnswer,
  refusal,
  startFakeProvider,
} from '../../../support/fake-provider.js';
import { everythingIn, expectNoSecret, failureOf, FakeClock, surroundings } from '../support.js';

let provider: FakeProvider;
let clock: FakeClock;
let answers: ProviderAnswer[];
const code = {
  device_code: 'device-secret',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://login.example.com/device',
  verification_uri_complete: 'https://login.example.com/device?code=WDJB-MJHT',
  expires_in: 600,
  interval: 5,
};
beforeEach(async () => {
  clock = new FakeClock();
  answers = [];
  provider = await startFakeProvider({
    '/device': () => ({ json: code }),
    '/token': () => answers.shift() ?? bearer('access-1', { refresh_token: 'refresh-1' }),
  });
});
afterEach(() => provider[Symbol.asyncDispose]());

const settings = (): OAuth2Settings => ({
  clientId: 'client',
  grant: 'device-code',
  scope: 'mail offline_access',
  tokenUrl: `${provider.origin}/token`,
  deviceAuthorizationUrl: `${provider.origin}/device`,
});
const prompts: UserCodePrompt[] = [];
const run = (signal?: AbortSignal) =>
  runGrant(settings(), { signal, onUserCode: (prompt) => void prompts.push(prompt) }, surroundings({ clock }));

it('shows the code, and asks until the person is done', async () => {
  answers = [refusal('authorization_pending'), refusal('authorization_pending')];
  prompts.length = 0;
  const start = clock.time;
  expect(await run()).toMatchObject({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  expect(prompts).toEqual([
    {
      userCode: 'WDJB-MJHT',
      verificationUri: code.verification_uri,
      verificationUriComplete: code.verification_uri_complete,
      expiresAt: new Date(start + 600_000),
    },
  ]);
  const [first, ...polls] = provider.calls;
  expect(Object.fromEntries(first?.form ?? [])).toEqual({ client_id: 'client', scope: 'mail offline_access' });
  expect(Object.fromEntries(polls[0]?.form ?? [])).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: 'device-secret',
    client_id: 'client',
  });
  expect(clock.waits).toEqual([5000, 5000, 5000]);
});

it('asks 5 s less often from each slow_down on', async () => {
  answers = [refusal('slow_down'), refusal('authorization_pending'), refusal('slow_down')];
  await run();
  expect(clock.waits).toEqual([5000, 10_000, 10_000, 15_000]);
});

it('asks half as often after each failure that may pass', async () => {
  answers = [{ status: 503, text: '' }, (response) => void response.destroy(), refusal('authorization_pending')];
  await run();
  expect(clock.waits).toEqual([5000, 10_000, 20_000, 20_000]);
});

it.each([
  ['no interval', { interval: undefined }, 5000],
  ['an interval of 0', { interval: 0 }, 1000],
  ['an interval of 30', { interval: 30 }, 30_000],
])('with %s waits', async (_what, change, wait) => {
  provider.answers.set('/device', () => ({ json: { ...code, ...change } }));
  await run();
  expect(clock.waits).toEqual([wait]);
});

it('gives up when the code has expired, without asking once more', async () => {
  provider.answers.set('/device', () => ({ json: { ...code, expires_in: 12 } }));
  answers = [refusal('authorization_pending'), refusal('authorization_pending'), refusal('authorization_pending')];
  expect((await failureOf(run())).code).toBe('ERR_TIMEOUT');
  expect(clock.waits).toEqual([5000, 5000]);
});

it.each([
  ['ahead', 3_600_000],
  ['back', -3_600_000],
])('waits for the life of the code, though the time of the machine is set an hour %s', async (_what, by) => {
  provider.answers.set('/device', () => ({ json: { ...code, expires_in: 12 } }));
  answers = Array.from({ length: 5 }, () => refusal('authorization_pending'));
  const onUserCode = (): void => void (clock.set = by);
  expect((await failureOf(runGrant(settings(), { onUserCode }, surroundings({ clock })))).code).toBe('ERR_TIMEOUT');
  expect(clock.waits).toEqual([5000, 5000]);
});

it('gives up when the provider says that the code has expired', async () => {
  answers = [refusal('expired_token')];
  expect((await failureOf(run())).code).toBe('ERR_TIMEOUT');
});

it('tells a refusal, without the device code', async () => {
  answers = [refusal('access_denied', 'not with device-secret')];
  const error = await failureOf(run());
  expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
  expect(error.message).toContain('access_denied: <hidden>');
  expectNoSecret(everythingIn(error), ['device-secret']);
});

it('ends with the signal', async () => {
  const controller = new AbortController();
  provider.answers.set('/token', () => {
    controller.abort();
    return refusal('authorization_pending');
  });
  expect((await failureOf(run(controller.signal))).code).toBe('ERR_ABORTED');
});

it('takes the name that Google has for the page', async () => {
  provider.answers.set('/device', () => ({
    json: { ...code, verification_uri: undefined, verification_url: 'https://www.google.com/device' },
  }));
  prompts.length = 0;
  await run();
  expect(prompts[0]?.verificationUri).toBe('https://www.google.com/device');
});

it.each([
  ['no code', { user_code: undefined }],
  ['no device code', { device_code: '' }],
  ['a page without TLS', { verification_uri: 'http://login.example.com/device' }],
  ['a page that is a program', { verification_uri: 'javascript:alert(1)' }],
])('refuses %s', async (_what, change) => {
  provider.answers.set('/device', () => ({ json: { ...code, ...change } }));
  expect((await failureOf(run())).message).toContain('no usable code');
});

it('needs onUserCode', async () => {
  const error = await failureOf(authorize(settings()));
  expect(error.message).toContain('onUserCode');
  expect(provider.calls).toEqual([]);
});

it('says what onUserCode threw', async () => {
  const onUserCode = (): void => {
    throw new Error('no screen');
  };
  expect((await failureOf(authorize(settings(), { onUserCode }))).message).toContain('onUserCode threw: no screen');
});

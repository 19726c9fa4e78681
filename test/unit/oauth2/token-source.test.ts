/**
 * Tokens in use: token-source.ts and token-key.ts.
 * @module
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OAuth2Settings } from '../../../src/model/settings/oauth2.js';
import type { EmailProfile } from '../../../src/model/settings/profile.js';
import type { Warning } from '../../../src/model/reply.js';
import type { OAuth2Tokens, TokenStore } from '../../../src/model/store.js';
import { tokenKey } from '../../../src/oauth2/token-key.js';
import { TokenSource } from '../../../src/oauth2/token-source.js';
import {
  bearer,
  type FakeProvider,
  type ProviderCall,
  refusal,
  startFakeProvider,
} from '../../support/fake-provider.js';
import { LockingStore, MemoryStore } from './memory-store.js';
import { everythingIn, expectNoSecret, failureOf, FakeClock, surroundings } from './support.js';

let provider: FakeProvider;
let clock: FakeClock;
let issued: number;
beforeEach(async () => {
  clock = new FakeClock();
  issued = 0;
  provider = await startFakeProvider({ '/token': () => rotating() });
});
afterEach(async () => {
  vi.useRealTimers();
  await provider[Symbol.asyncDispose]();
});

/** Responses with access-1 and refresh-1, then access-2 and refresh-2, and so on. Each token lasts an hour. */
function rotating(more: object = {}) {
  issued++;
  return bearer(`access-${issued}`, { refresh_token: `refresh-${issued}`, ...more });
}

const key = '["p"]';
const { signal } = new AbortController();
const warnings: Warning[] = [];
const query = { signal, warn: (warning: Warning) => void warnings.push(warning) };
const hour = 3_600_000;

function source(store: TokenStore | undefined, more: Partial<OAuth2Settings> = {}, chance = 0): TokenSource {
  return new TokenSource({
    settings: { clientId: 'client', tokenUrl: `${provider.origin}/token`, refreshToken: 'refresh-0', ...more },
    surroundings: surroundings({ clock, chance: () => chance }),
    store,
    key,
  });
}

const tokens = (accessToken: string, lifeMs: number, refreshToken = `refresh-${accessToken}`): OAuth2Tokens => ({
  accessToken,
  refreshToken,
  tokenType: 'Bearer',
  expiresAt: new Date(clock.time + lifeMs),
});

const sentRefreshTokens = (): (string | null)[] => provider.calls.map(({ form }) => form.get('refresh_token'));

describe('a token', () => {
  it('is got with the refresh token of the settings, and kept', async () => {
    const store = new MemoryStore();
    const tested = source(store);
    expect(await tested.get(query)).toBe('access-1');
    expect(await tested.get(query)).toBe('access-1');
    expect(sentRefreshTokens()).toEqual(['refresh-0']);
    expect(await store.loadTokens(key)).toMatchObject({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('comes from the store where it is still good, without a request', async () => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('kept', hour));
    expect(await source(store).get(query)).toBe('kept');
    expect(provider.calls).toEqual([]);
  });

  it('is refreshed with the refresh token of the store, not that of the settings', async () => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('kept', -1, 'refresh-kept'));
    expect(await source(store).get(query)).toBe('access-1');
    expect(sentRefreshTokens()).toEqual(['refresh-kept']);
  });

  it('keeps its refresh token where the provider gives no new one', async () => {
    provider.answers.set('/token', () => bearer('access-1'));
    const store = new MemoryStore();
    await source(store).get(query);
    expect(await store.loadTokens(key)).toMatchObject({ refreshToken: 'refresh-0' });
  });

  it.each([
    ['two minutes before it ends', 0, hour - 121_000, hour - 119_000],
    ['up to half a minute earlier, by chance', 0.999, hour - 151_000, hour - 149_000],
  ])('is refreshed %s', async (_what, chance, fresh, early) => {
    const tested = source(new MemoryStore(), {}, chance);
    const start = clock.time;
    await tested.get(query);
    clock.time = start + fresh;
    expect(await tested.get(query)).toBe('access-1');
    clock.time = start + early;
    expect(await tested.get(query)).toBe('access-2');
  });

  it('that is short-lived is used for three quarters of its life', async () => {
    provider.answers.set('/token', () => rotating({ expires_in: 60 }));
    const tested = source(new MemoryStore());
    const start = clock.time;
    await tested.get(query);
    clock.time = start + 44_000;
    expect(await tested.get(query)).toBe('access-1');
    clock.time = start + 46_000;
    expect(await tested.get(query)).toBe('access-2');
  });

  it('without an expiry is used until it is refused', async () => {
    provider.answers.set('/token', () => rotating({ expires_in: undefined }));
    const tested = source(new MemoryStore());
    await tested.get(query);
    clock.time += 1000 * hour;
    expect(await tested.get(query)).toBe('access-1');
    expect(await tested.get({ ...query, refused: 'access-1' })).toBe('access-2');
  });

  it('that was refused is refreshed by force, once for all who were refused', async () => {
    const tested = source(new MemoryStore());
    await tested.get(query);
    const again = await Promise.all(Array.from({ length: 50 }, () => tested.get({ ...query, refused: 'access-1' })));
    expect(new Set(again)).toEqual(new Set(['access-2']));
    expect(await tested.get({ ...query, refused: 'access-1' })).toBe('access-2');
    expect(provider.calls.length).toBe(2);
  });

  it('that was refused is taken from the store where another process has renewed it', async () => {
    const store = new MemoryStore();
    const tested = source(store);
    await tested.get(query);
    await store.saveTokens(key, tokens('other', hour));
    expect(await tested.get({ ...query, refused: 'access-1' })).toBe('other');
    expect(provider.calls.length).toBe(1);
  });

  it.each(['Bearer  ready', 'ready', 'bearer ready '])('given as %j is used as it is', async (authenticationValue) => {
    expect(await source(undefined, { authenticationValue }).get(query)).toBe('ready');
    expect(provider.calls).toEqual([]);
  });

  it('is asked for anew by a grant that needs no person, and no refresh token is kept', async () => {
    const store = new MemoryStore();
    const tested = source(store, { grant: 'client-credentials', clientSecret: 's', refreshToken: undefined });
    await tested.get(query);
    clock.time += hour;
    expect(await tested.get(query)).toBe('access-2');
    expect(provider.calls.map(({ form }) => form.get('grant_type'))).toEqual([
      'client_credentials',
      'client_credentials',
    ]);
  });

  it('is got with the refresh token of the settings first, also with a grant that needs no person', async () => {
    provider.answers.set('/token', ({ form }: ProviderCall) =>
      form.get('grant_type') === 'refresh_token' && issued > 0
        ? refusal('invalid_grant')
        : rotating({ expires_in: 60 }),
    );
    const tested = source(new MemoryStore(), { grant: 'client-credentials', clientSecret: 's' });
    expect(await tested.get(query)).toBe('access-1');
    clock.time += hour;
    expect(await tested.get(query)).toBe('access-2');
    expect(provider.calls.map(({ form }) => form.get('refresh_token') ?? form.get('grant_type'))).toEqual([
      'refresh-0',
      'refresh-1',
      'refresh-0',
      'client_credentials',
    ]);
  });

  it('whose secret does not come fails after a minute, and the next attempt begins anew', async () => {
    let wanted: () => void = () => {};
    const waiting = new Promise<void>((resolve) => (wanted = resolve));
    const answers = [() => (wanted(), new Promise<string>(() => {})), () => 'secret'];
    const tested = source(new MemoryStore(), { clientSecret: () => answers.shift()?.() ?? 'none' });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const error = failureOf(tested.get(query));
    await waiting;
    vi.advanceTimersByTime(60_000);
    expect(await error).toMatchObject({ code: 'ERR_SECRET', retryable: true });
    vi.useRealTimers();
    expect(await tested.get(query)).toBe('access-1');
  });

  it('of which there is none is ERR_OAUTH2 that says to sign in', async () => {
    const error = await failureOf(source(new MemoryStore(), { refreshToken: undefined }).get(query));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(error.remedy).toContain('mailer.authorize()');
    expect(provider.calls).toEqual([]);
  });
});

describe('one refresh', () => {
  it('serves any number of sends', async () => {
    const tested = source(new MemoryStore());
    const all = await Promise.all(Array.from({ length: 200 }, () => tested.get(query)));
    expect(new Set(all)).toEqual(new Set(['access-1']));
    expect(provider.calls.length).toBe(1);
  });

  it("is not failed by one caller's abort, nor given up by all of them", async () => {
    let answer: () => void = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    let arrived: () => void = () => {};
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    provider.answers.set('/token', async () => {
      arrived();
      await held;
      return rotating();
    });
    const store = new MemoryStore();
    const tested = source(store);
    const controllers = [new AbortController(), new AbortController()];
    const [first, second] = controllers.map((controller) => tested.get({ ...query, signal: controller.signal }));
    await asked;
    controllers[0]?.abort();
    expect((await failureOf(first as Promise<string>)).code).toBe('ERR_ABORTED');
    controllers[1]?.abort();
    expect((await failureOf(second as Promise<string>)).code).toBe('ERR_ABORTED');
    // A refresh token that was sent may be used up, so later callers wait for the response.
    const third = tested.get(query);
    answer();
    expect(await third).toBe('access-1');
    expect(sentRefreshTokens()).toEqual(['refresh-0']);
    expect(await store.loadTokens(key)).toMatchObject({ refreshToken: 'refresh-1' });
  });

  it('is waited for by close(), which must not lose what the provider gave', async () => {
    let answer: () => void = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    let arrived: () => void = () => {};
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    provider.answers.set('/token', async () => (arrived(), await held, rotating()));
    const store = new MemoryStore();
    const tested = source(store);
    const controller = new AbortController();
    const got = failureOf(tested.get({ ...query, signal: controller.signal }));
    await asked;
    controller.abort();
    await got;
    const closed = tested.close(false);
    answer();
    await closed;
    expect(await store.loadTokens(key)).toMatchObject({ refreshToken: 'refresh-1' });
  });
});

describe('rotation', () => {
  it('is saved before the new token is used', async () => {
    const store = new MemoryStore();
    const tested = source(store);
    const token = await tested.get(query);
    store.log.push(`used ${token}`);
    expect(store.log).toEqual(['saved access-1', 'used access-1']);
  });

  it('that cannot be saved keeps the token back, and is saved first the next time', async () => {
    const store = new MemoryStore();
    store.failSaves = 1;
    const tested = source(store);
    const error = await failureOf(tested.get(query));
    expect(error).toMatchObject({ code: 'ERR_STORE', retryable: true });
    expect(error.message).toContain('ENOSPC');
    expectNoSecret(everythingIn(error), ['refresh-1', 'access-1']);
    expect(await tested.get(query)).toBe('access-1');
    expect(sentRefreshTokens()).toEqual(['refresh-0']);
    expect(await store.loadTokens(key)).toMatchObject({ refreshToken: 'refresh-1' });
  });

  it('in memory alone is a warning, told once', async () => {
    warnings.length = 0;
    const tested = source(undefined);
    await tested.get(query);
    clock.time += hour;
    await tested.get(query);
    expect(sentRefreshTokens()).toEqual(['refresh-0', 'refresh-1']);
    expect(warnings.map(({ code }) => code)).toEqual(['WARN_TOKEN_NOT_KEPT']);
    await source(new MemoryStore()).get(query);
    expect(warnings.length).toBe(1);
  });

  it('by two holders of one store uses no refresh token twice', async () => {
    const store = new LockingStore();
    await store.saveTokens(key, tokens('old', -1, 'refresh-0'));
    const spent = new Set<string>();
    provider.answers.set('/token', ({ form }: ProviderCall) => {
      const sent = form.get('refresh_token') ?? '';
      if (spent.has(sent)) return refusal('invalid_grant', 'reuse');
      spent.add(sent);
      return rotating({ expires_in: 1 });
    });
    const holders = Array.from({ length: 4 }, () => source(store));
    for (let round = 0; round < 10; round++) {
      await Promise.all(holders.map((holder) => holder.get(query)));
      clock.time += 2000;
    }
    expect(store.most).toBe(1);
    expect(spent.size).toBe(provider.calls.length);
    expect(provider.calls.length).toBe(10);
  });
});

describe('a refusal of the refresh token', () => {
  it('is ERR_OAUTH2 that says to sign in again, and why', async () => {
    provider.answers.set('/token', () => refusal('invalid_grant', 'Token has been expired or revoked.'));
    const error = await failureOf(source(new MemoryStore()).get(query));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(error.remedy).toMatch(/7 days.*90 days.*Sign in again/);
    expectNoSecret(everythingIn(error), ['refresh-0']);
  });

  it('tries the one of the settings, which a person may have replaced', async () => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('old', -1, 'refresh-dead'));
    provider.answers.set('/token', ({ form }: ProviderCall) =>
      form.get('refresh_token') === 'refresh-0' ? rotating() : refusal('invalid_grant'),
    );
    expect(await source(store).get(query)).toBe('access-1');
    expect(sentRefreshTokens()).toEqual(['refresh-dead', 'refresh-0']);
  });

  it('tries the one that another process saved meanwhile, where the store has no lock', async () => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('old', -1, 'refresh-old'));
    provider.answers.set('/token', async ({ form }: ProviderCall) => {
      if (form.get('refresh_token') !== 'refresh-old') return rotating();
      await store.saveTokens(key, tokens('other', -1, 'refresh-other'));
      return refusal('invalid_grant');
    });
    expect(await source(store, { refreshToken: undefined }).get(query)).toBe('access-1');
    expect(sentRefreshTokens()).toEqual(['refresh-old', 'refresh-other']);
  });

  it('tries none twice, and nothing after another refusal', async () => {
    provider.answers.set('/token', () => refusal('invalid_client'));
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('old', -1, 'refresh-0'));
    await failureOf(source(store).get(query));
    expect(sentRefreshTokens()).toEqual(['refresh-0']);
  });
});

describe('a failure that may pass', () => {
  it.each([
    ['500', () => ({ status: 500, text: '' })],
    ['429', () => ({ status: 429, text: '' })],
    ['no connection', () => (response: { destroy(): void }) => void response.destroy()],
  ])('keeps a token in use that is still valid: %s', async (_what, answer) => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('kept', 60_000));
    provider.answers.set('/token', answer);
    const tested = source(store);
    expect(await tested.get(query)).toBe('kept');
    expect(await tested.get(query)).toBe('kept');
    expect(provider.calls.length).toBe(1);
    clock.time += 31_000;
    expect(await tested.get(query)).toBe('kept');
    expect(provider.calls.length).toBe(2);
    clock.time += 30_000;
    const error = await failureOf(tested.get(query));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: true });
    provider.answers.set('/token', () => rotating());
    expect(await tested.get(query)).toBe('access-1');
  });

  it('does not keep a token in use that was refused', async () => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('kept', hour));
    provider.answers.set('/token', () => ({ status: 503, text: '' }));
    const tested = source(store);
    expect(await tested.get(query)).toBe('kept');
    expect(await failureOf(tested.get({ ...query, refused: 'kept' }))).toMatchObject({
      code: 'ERR_OAUTH2',
      retryable: true,
    });
  });

  it.each([
    ['seconds', () => '60'],
    ['a date', () => new Date(clock.time + 60_000).toUTCString()],
  ])('with Retry-After in %s is heeded: no request before', async (_what, value) => {
    provider.answers.set('/token', () => ({ status: 429, text: '', headers: { 'Retry-After': value() } }));
    const tested = source(new MemoryStore());
    await failureOf(tested.get(query));
    clock.time += 58_000;
    expect(await failureOf(tested.get(query))).toMatchObject({ retryable: true });
    expect(provider.calls.length).toBe(1);
    clock.time += 3000;
    provider.answers.set('/token', () => rotating());
    expect(await tested.get(query)).toBe('access-1');
  });
});

describe.each([
  ['ahead', hour],
  ['back', -hour],
])('a machine whose time is set an hour %s', (_what, by) => {
  it('has a token renewed before the end of its life, and no more than once before that', async () => {
    const tested = source(new MemoryStore());
    expect(await tested.get(query)).toBe('access-1');
    clock.set = by;
    for (let minutes = 0; minutes < 55; minutes += 5) {
      await tested.get(query);
      clock.time += 5 * 60_000;
    }
    expect(provider.calls.length).toBe(by > 0 ? 2 : 1);
    clock.time += 4 * 60_000;
    expect(await tested.get(query)).toBe(by > 0 ? 'access-3' : 'access-2');
  });

  it('heeds Retry-After for as long as it says', async () => {
    provider.answers.set('/token', () => ({ status: 429, text: '', headers: { 'Retry-After': '60' } }));
    const tested = source(new MemoryStore());
    await failureOf(tested.get(query));
    clock.set = by;
    clock.time += 58_000;
    await failureOf(tested.get(query));
    expect(provider.calls.length).toBe(1);
    clock.time += 3000;
    provider.answers.set('/token', () => rotating());
    expect(await tested.get(query)).toBe('access-1');
  });

  it('asks again half a minute after the provider failed, while the token is good', async () => {
    const store = new MemoryStore();
    await store.saveTokens(key, tokens('kept', 60_000));
    provider.answers.set('/token', () => ({ status: 503, text: '' }));
    const tested = source(store);
    expect(await tested.get(query)).toBe('kept');
    const asked = provider.calls.length;
    if (by < 0) clock.set = by;
    clock.time += 29_000;
    expect(await tested.get(query)).toBe('kept');
    expect(provider.calls.length).toBe(asked);
    clock.time += 2000;
    provider.answers.set('/token', () => rotating());
    expect(await tested.get(query)).toBe('access-1');
  });
});

describe('a store that', () => {
  it('gives dates back as text is understood', async () => {
    const store: TokenStore = {
      loadTokens: () => Promise.resolve(JSON.parse(JSON.stringify(tokens('kept', hour))) as OAuth2Tokens),
      saveTokens: () => Promise.resolve(),
    };
    expect(await source(store).get(query)).toBe('kept');
  });

  it.each([
    ['no tokens', { expiresAt: 5 }],
    ['an impossible date', { accessToken: 'a', tokenType: 'Bearer', expiresAt: 'soon' }],
  ])('gives %s is ERR_STORE, and nothing is asked', async (_what, value) => {
    const store = { loadTokens: async () => value, saveTokens: async () => {} } as unknown as TokenStore;
    expect((await failureOf(source(store).get(query))).code).toBe('ERR_STORE');
    expect(provider.calls).toEqual([]);
  });

  it('never gives its lock is waited for no longer than a minute', async () => {
    let wanted: () => void = () => {};
    const waiting = new Promise<void>((resolve) => (wanted = resolve));
    const store = Object.assign(new MemoryStore(), { lock: () => (wanted(), new Promise<never>(() => {})) });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const error = failureOf(source(store).get(query));
    await waiting;
    vi.advanceTimersByTime(60_000);
    expect(await error).toMatchObject({ code: 'ERR_STORE', retryable: true });
    expect(provider.calls).toEqual([]);
  });

  it('gives its lock after it was given up starts nothing', async () => {
    let wanted: (work: () => Promise<unknown>) => void = () => {};
    const waiting = new Promise<() => Promise<unknown>>((resolve) => (wanted = (work) => resolve(work)));
    const lock = <T>(_key: string, work: () => Promise<T>): Promise<T> => {
      wanted(work);
      return new Promise<never>(() => {});
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const error = failureOf(source(Object.assign(new MemoryStore(), { lock })).get(query));
    const late = await waiting;
    vi.advanceTimersByTime(60_000);
    await error;
    await expect(late()).rejects.toMatchObject({ code: 'ERR_STORE' });
    expect(provider.calls).toEqual([]);
  });
});

it('authorize() keeps the tokens, and the next send uses them', async () => {
  const store = new LockingStore();
  const tested = source(store, { grant: 'client-credentials', clientSecret: 's' });
  expect(await tested.authorize({})).toMatchObject({ accessToken: 'access-1' });
  expect(await tested.get(query)).toBe('access-1');
  expect(await store.loadTokens(key)).toMatchObject({ accessToken: 'access-1' });
  expect(provider.calls.length).toBe(1);
});

describe('the key of the tokens', () => {
  const profile: EmailProfile = {
    name: 'office',
    sender: { email: 'ann@example.com' },
    server: { host: 'smtp.example.com' },
    authentication: { method: 'xoauth2', username: 'ann@example.com' },
    oauth2: { clientId: 'c', tokenUrl: 'https://login.example.com/token', scope: 'mail' },
  };

  it('is JSON that begins with the name of the profile', () => {
    expect(JSON.parse(tokenKey(profile))).toEqual([
      'office',
      'c',
      'https://login.example.com/token',
      'mail',
      'ann@example.com',
      'authorization-code',
      '',
      'smtp.example.com',
    ]);
  });

  it('has all hosts of several servers', () => {
    const key = (...hosts: string[]): string => tokenKey({ ...profile, server: hosts.map((host) => ({ host })) });
    expect(key('smtp.example.com')).toBe(tokenKey(profile));
    expect(key('smtp.example.com', 'evil.example')).not.toBe(tokenKey(profile));
    expect(JSON.parse(key('A.example', 'b.example'))).toContain('a.example b.example');
  });

  it.each<[string, Partial<EmailProfile>]>([
    ['name', { name: 'other' }],
    ['host', { server: { host: 'smtp.evil.example' } }],
    ['user', { authentication: { method: 'xoauth2', username: 'bob@example.com' } }],
    ['client', { oauth2: { ...profile.oauth2, clientId: 'd' } }],
    ['endpoint', { oauth2: { clientId: 'c', tokenUrl: 'https://other.example/token', scope: 'mail' } }],
    ['scope', { oauth2: { clientId: 'c', tokenUrl: 'https://login.example.com/token', scope: 'other' } }],
    [
      'grant',
      { oauth2: { clientId: 'c', tokenUrl: 'https://login.example.com/token', scope: 'mail', grant: 'device-code' } },
    ],
  ])('is another one with another %s', (_what, change) => {
    expect(tokenKey({ ...profile, ...change })).not.toBe(tokenKey(profile));
  });
});

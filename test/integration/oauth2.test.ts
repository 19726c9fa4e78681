/**
 * From a profile with `oauth2` to a delivered message, with an authorization server and a mail server on loopback.
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMailer, formatLogEvent } from '../../src/index.js';
import type { EmailProfile, LogEvent, Mailer, MailerOptions, OAuth2Settings } from '../../src/index.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { TestSmtpServer } from '../../src/testing.js';
import type { TestSmtpServerOptions } from '../../src/testing.js';
import { failure } from '../support/engine.js';
import { bearer, type FakeProvider, refusal, startFakeProvider } from '../support/fake-provider.js';
import { LockingStore, MemoryStore } from '../unit/oauth2/memory-store.js';
import { everythingIn, expectNoSecret } from '../unit/oauth2/support.js';

const user = 'ann@example.com';
const good = 'good-access-token-1234567890';
const stale = 'stale-access-token-0987654321';
let provider: FakeProvider;
const open: (() => Promise<void>)[] = [];
beforeEach(async () => {
  provider = await startFakeProvider({ '/token': () => bearer(good, { refresh_token: 'refresh-token-2' }) });
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await provider[Symbol.asyncDispose]();
});

interface SetUp {
  readonly mailer: Mailer;
  readonly smtp: TestSmtpServer;
  readonly events: LogEvent[];
  readonly profile: EmailProfile;
}

async function setUp(
  oauth2: Partial<OAuth2Settings> = {},
  options: MailerOptions = {},
  server: TestSmtpServerOptions = {},
  method: 'xoauth2' | 'oauthbearer' = 'xoauth2',
): Promise<SetUp> {
  const smtp = await TestSmtpServer.start({ security: 'starttls', users: { [user]: good }, ...server });
  const events: LogEvent[] = [];
  const profile: EmailProfile = {
    name: 'test',
    sender: { email: user },
    server: { host: smtp.host, port: smtp.port, security: 'explicit', tls: { ca: smtp.ca } },
    authentication: { method, username: user },
    oauth2: { clientId: 'client', tokenUrl: `${provider.origin}/token`, refreshToken: 'refresh-token-1', ...oauth2 },
  };
  const mailer = createMailer(profile, { logger: (event) => void events.push(event), ...options });
  open.push(
    () => smtp.close(),
    () => mailer.close({ force: true }),
  );
  return { mailer, smtp, events, profile };
}

const message = { to: 'bob@example.org', subject: 's', text: 'hello' };

it.each(['xoauth2', 'oauthbearer'] as const)(
  'a message is delivered by %s with a token that was refreshed',
  async (method) => {
    const { mailer, smtp } = await setUp({}, {}, {}, method);
    await mailer.send(message);
    expect((await smtp.waitForMessage()).user).toBe(user);
    expect(provider.calls.map(({ form }) => form.get('refresh_token'))).toEqual(['refresh-token-1']);
  },
);

it('200 sends at once with an expired token make one token request', async () => {
  const store = new LockingStore();
  const { mailer, smtp, profile } = await setUp({}, { tokenStore: store, pool: { maxConnections: 20 } });
  const { tokenKey } = await import('../../src/oauth2/token-key.js');
  const expiresAt = new Date(Date.now() - 86_400_000);
  await store.saveTokens(tokenKey(profile), {
    accessToken: stale,
    refreshToken: 'refresh-kept',
    tokenType: 'Bearer',
    expiresAt,
  });
  await Promise.all(Array.from({ length: 200 }, () => mailer.send(message)));
  expect(smtp.messages.length).toBe(200);
  expect(provider.calls.map(({ form }) => form.get('refresh_token'))).toEqual(['refresh-kept']);
});

it('a grant that needs no person needs no refresh token', async () => {
  const { mailer, smtp } = await setUp({
    grant: 'client-credentials',
    clientSecret: 'client-secret',
    refreshToken: undefined,
  });
  await mailer.send(message);
  expect(smtp.messages.length).toBe(1);
  expect(provider.calls[0]?.form.get('grant_type')).toBe('client_credentials');
});

it("a provider behind a company's own authority is trusted by server.tls.ca", async () => {
  const authority = createTestCertificateAuthority();
  const { key, certificate } = authority.issueServer();
  const answer = JSON.stringify({ access_token: good, token_type: 'Bearer' });
  const server = createServer({ key, cert: certificate }, (_request, response) => void response.end(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(async () => void server.close());
  const tokenUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const { mailer, profile, smtp } = await setUp({ tokenUrl });
  expect(await failure(mailer.send(message))).toMatchObject({ code: 'ERR_OAUTH2', cause: { code: 'ERR_TLS' } });
  const tls = { ca: [smtp.ca, authority.certificate] };
  const trusting = createMailer({ ...profile, server: { ...profile.server, tls } });
  open.push(() => trusting.close());
  await trusting.send(message);
  expect(smtp.messages.length).toBe(1);
});

describe('a token that the server refuses', () => {
  it('is refreshed once by force, on the same connection', async () => {
    const given = [stale, good];
    provider.answers.set('/token', () => bearer(given.shift() ?? 'none'));
    const { mailer, smtp, events } = await setUp();
    await mailer.send(message);
    expect(provider.calls.length).toBe(2);
    expect(smtp.messages.length).toBe(1);
    expect(new Set(events.filter(({ type }) => type === 'command').map(({ connection }) => connection))).toEqual(
      new Set([1]),
    );
  });

  it('twice is the error, with the reason of the server', async () => {
    provider.answers.set('/token', () => bearer(stale));
    const { mailer } = await setUp();
    const error = await failure(mailer.send(message));
    expect(error.code).toBe('ERR_AUTH_REJECTED');
    expect(error.message).toContain('status invalid_token');
    expect(provider.calls.length).toBe(2);
  });

  it('and cannot be refreshed is both: the refusal, and what to do', async () => {
    const given = [bearer(stale)];
    provider.answers.set(
      '/token',
      () => given.shift() ?? refusal('invalid_grant', 'Token has been expired or revoked.'),
    );
    const { mailer } = await setUp();
    const error = await failure(mailer.send(message));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false, phase: 'authenticate', reply: { code: 535 } });
    expect(error.message).toMatch(
      /refused the authentication by XOAUTH2: 535.*Another token could not be obtained.*invalid_grant/,
    );
    expect(error.remedy).toContain('Sign in again');
  });

  it('from the settings is not asked for again', async () => {
    const { mailer } = await setUp({ authenticationValue: `Bearer ${stale}` });
    const error = await failure(mailer.send(message));
    expect(error.code).toBe('ERR_AUTH_REJECTED');
    expect(error.message).toContain('status invalid_token');
    expect(provider.calls).toEqual([]);
  });

  it('for a while only (454) is not refreshed', async () => {
    const { mailer } = await setUp({}, {}, { replies: { AUTH: ['454 4.7.0 later'] } });
    expect(await failure(mailer.send(message))).toMatchObject({ code: 'ERR_AUTH_REJECTED', retryable: true });
    expect(provider.calls.length).toBe(1);
  });
});

it('authentication.token comes first, then authenticationValue', async () => {
  const { mailer, profile, smtp } = await setUp({ authenticationValue: good });
  await mailer.send(message);
  const own = createMailer({ ...profile, authentication: { method: 'xoauth2', username: user, token: stale } });
  open.push(() => own.close());
  expect((await failure(own.send(message))).code).toBe('ERR_AUTH_REJECTED');
  expect(smtp.messages.length).toBe(1);
  expect(provider.calls).toEqual([]);
});

describe('mailer.authorize()', () => {
  const comeBack = async (url: string): Promise<void> => {
    const { searchParams } = new URL(url);
    await fetch(`${searchParams.get('redirect_uri')}?code=the-code-of-the-person&state=${searchParams.get('state')}`);
  };

  it('keeps the tokens, which the next send uses', async () => {
    const store = new MemoryStore();
    const { mailer, smtp } = await setUp(
      { authorizationUrl: `${provider.origin}/authorize`, refreshToken: undefined },
      { tokenStore: store },
    );
    expect((await failure(mailer.send(message))).remedy).toContain('mailer.authorize()');
    const tokens = await mailer.authorize({ openBrowser: (url) => void comeBack(url) });
    expect(tokens).toMatchObject({ accessToken: good, refreshToken: 'refresh-token-2' });
    await mailer.send(message);
    expect(smtp.messages.length).toBe(1);
    expect(provider.calls.length).toBe(1);
    expect(store.kept.size).toBe(1);
  });

  it('is refused without oauth2 in the profile', async () => {
    const mailer = createMailer({ name: 'p', sender: { email: user }, server: { host: 'mail.example.com' } });
    open.push(() => mailer.close());
    expect(await failure(mailer.authorize())).toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [{ path: 'oauth2' }],
    });
  });

  it('refuses options that are not known', async () => {
    const { mailer } = await setUp();
    expect(await failure(mailer.authorize({ openBrowsr: () => {} } as never))).toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [{ path: 'openBrowsr' }],
    });
  });

  it.each([{}, { force: true }])('ends with close(%j)', async (options) => {
    const { mailer } = await setUp({ authorizationUrl: `${provider.origin}/authorize` });
    let opened: () => void = () => {};
    const opening = new Promise<void>((resolve) => (opened = resolve));
    const outcome = failure(mailer.authorize({ openBrowser: () => opened() }));
    await opening;
    await mailer.close(options);
    expect((await outcome).code).toBe('ERR_CLOSED');
  });
});

it('requests go through the connector, or by fetch where it is given', async () => {
  const targets: string[] = [];
  const { DirectConnector } = await import('../../src/net/direct.js');
  const direct = new DirectConnector();
  const connector = {
    connect: (target: { host: string; port: number }, options: { signal: AbortSignal }) => {
      targets.push(`${target.host}:${target.port}`);
      return direct.connect(target, options);
    },
  };
  const { mailer, smtp } = await setUp({}, { connector });
  await mailer.send(message);
  expect(targets.sort()).toEqual([`${smtp.host}:${smtp.port}`, new URL(provider.origin).host].sort());
  let fetched = 0;
  const counting: typeof globalThis.fetch = (...args) => (fetched++, fetch(...args));
  const { mailer: other } = await setUp({}, { fetch: counting, connector });
  targets.length = 0;
  await other.send(message);
  expect(fetched).toBe(1);
  expect(targets.some((target) => provider.origin.endsWith(target))).toBe(false);
});

it('a store that is a profile store needs its functions for tokens', async () => {
  const profileStore = { loadCached: async () => undefined, saveCached: async () => undefined } as never;
  expect(await failure(setUp({}, { profileStore }))).toMatchObject({ code: 'ERR_PROFILE_INVALID' });
});

it('no token, code, secret, verifier or assertion is in any output, however it is written', async () => {
  const clientSecret = 'the-client-secret-+/=';
  const outputs: string[] = [];
  const secrets = new Set<string>([
    clientSecret,
    good,
    stale,
    'refresh-token-1',
    'refresh-token-2',
    'the-code-of-the-person',
  ]);
  const names = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'client_assertion', 'assertion'];
  const given = [bearer(stale, { refresh_token: 'refresh-token-2' }), bearer(good)];
  provider.answers.set('/token', ({ form, headers }) => {
    for (const name of names) if (form.get(name) !== null) secrets.add(form.get(name) ?? '');
    const sent = [...form.values(), headers.authorization ?? ''].join(' ');
    return (
      given.shift() ??
      refusal('invalid_grant', `${sent} ${Buffer.from(sent).toString('base64')} ${encodeURIComponent(sent)}`)
    );
  });
  const { mailer, events } = await setUp(
    { clientSecret, authorizationUrl: `${provider.origin}/authorize` },
    { tokenStore: new MemoryStore() },
  );
  await mailer.send(message);
  outputs.push(String(await mailer.testConnection()), JSON.stringify(await mailer.testConnection()));
  const comeBack = async (url: string): Promise<void> => {
    const { searchParams } = new URL(url);
    await fetch(`${searchParams.get('redirect_uri')}?code=the-code-of-the-person&state=${searchParams.get('state')}`);
  };
  outputs.push(everythingIn(await failure(mailer.authorize({ openBrowser: (url) => void comeBack(url) }))));
  const { mailer: dead, events: more } = await setUp({ clientSecret });
  outputs.push(everythingIn(await failure(dead.send(message))));
  const { mailer: refused, events: most } = await setUp({ authenticationValue: stale });
  outputs.push(everythingIn(await failure(refused.send(message))));
  for (const event of [...events, ...more, ...most])
    outputs.push(formatLogEvent(event), inspect(event, { depth: 20 }), JSON.stringify(event));
  expect(secrets.size).toBeGreaterThan(6);
  expectNoSecret(outputs.join('\n'), [...secrets]);
});

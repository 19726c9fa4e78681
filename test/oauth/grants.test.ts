/**
 * Every grant with a real authorization server.
 * @module
 */
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize } from '../../src/index.js';
import type { OAuth2Settings, UserCodePrompt } from '../../src/index.js';
import { DirectConnector } from '../../src/net/direct.js';
import { createConnectorClient } from '../../src/net/http/connector-client.js';
import { runGrant } from '../../src/oauth2/grants/authorize.js';
import { systemClock } from '../../src/oauth2/surroundings.js';
import { TokenSource } from '../../src/oauth2/token-source.js';
import { failure } from '../support/engine.js';
import { issue, root } from '../support/certificates.js';
import { MemoryStore } from '../unit/oauth2/memory-store.js';
import { Person, type RealProvider, startProvider } from './support.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const scratch = mkdtempSync(join(tmpdir(), 'sealpost-oauth-'));
let provider: RealProvider;
beforeAll(async () => {
  const clientKeys = [rsa, ec].map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
  provider = await startProvider({ clientKeys });
});
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const service = (more: Partial<OAuth2Settings>): OAuth2Settings => ({
  clientId: 'alice',
  issuer: provider.origin,
  grant: 'client-credentials',
  scope: 'smtp',
  ...more,
});
const person = (more: Partial<OAuth2Settings> = {}): OAuth2Settings => ({
  clientId: 'person',
  issuer: provider.origin,
  scope: 'openid offline_access smtp',
  authorizationParameters: { prompt: 'consent' },
  ...more,
});
const surroundings = {
  http: createConnectorClient({ connector: new DirectConnector() }),
  clock: systemClock,
  chance: Math.random,
  loadCertificate: () => Promise.reject(new Error('none')),
};
const refreshing = (refreshToken: string, store = new MemoryStore()): TokenSource =>
  new TokenSource({
    settings: { clientId: 'person', issuer: provider.origin, refreshToken },
    surroundings,
    store,
    key: '["p"]',
  });
const query = { signal: new AbortController().signal, warn: () => {} };

describe('a code with PKCE', () => {
  it.each(['http://127.0.0.1/', 'http://localhost', 'http://localhost/', 'http://[::1]/callback'])(
    'comes back to %s, with the iss that the metadata promise',
    async (redirectUri) => {
      const signedIn = new Person();
      let page: Promise<{ html: string }> | undefined;
      const tokens = await authorize(person({ redirectUri }), {
        openBrowser: (url) => void (page = signedIn.signIn(url)),
      });
      expect((await page)?.html).toContain('<h1>Signed in</h1>');
      expect(claimsOf(tokens.accessToken)).toMatchObject({
        sub: 'alice',
        scope: 'smtp',
        aud: 'https://mail.example.test',
      });
      expect(tokens.refreshToken).toMatch(/./);
      expect(tokens.expiresAt?.getTime()).toBeGreaterThan(Date.now());
    },
  );

  it('that the person does not allow is told with the words of the provider', async () => {
    const error = await failure(
      authorize(person(), { openBrowser: (url) => void new Person().signIn(url, 'alice', 'no') }),
    );
    expect(error.message).toContain('access_denied: the person <b>pressed</b> cancel');
  });

  it('is worth nothing with another verifier', async () => {
    const spoilt: typeof globalThis.fetch = (url, init) =>
      fetch(url, {
        ...init,
        ...(typeof init?.body === 'string' && { body: init.body.replace(/code_verifier=.{5}/, 'code_verifier=AAAAA') }),
      });
    const error = await failure(
      authorize(person(), { fetch: spoilt, openBrowser: (url) => void new Person().signIn(url) }),
    );
    expect(error.message).toContain('invalid_grant');
  });
});

describe('a refresh token', () => {
  it('rotates; one that was used before ends them all, and the error says to sign in again', async () => {
    const tokens = await authorize(person(), { openBrowser: (url) => void new Person().signIn(url) });
    const first = tokens.refreshToken ?? '';
    const store = new MemoryStore();
    const source = refreshing(first, store);
    const seen = new Set([tokens.accessToken]);
    let last = tokens.accessToken;
    for (let i = 0; i < 5; i++) seen.add((last = await source.get({ ...query, refused: last })));
    expect(seen.size).toBe(6);
    const kept = await store.loadTokens('["p"]');
    expect(kept?.refreshToken).not.toBe(first);
    const reused = await failure(refreshing(first).get(query));
    expect(reused).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(reused.remedy).toContain('Sign in again');
    // The provider has revoked the successors too (RFC 9700 section 4.14.2).
    expect((await failure(source.get({ ...query, refused: last }))).message).toContain('invalid_grant');
  });
});

describe('client credentials', () => {
  it.each<[string, Partial<OAuth2Settings>]>([
    ['a secret in the body', { clientSecret: 'secret of alice +/=' }],
    [
      'a secret in a header field',
      { clientId: 'basic', clientSecret: 'secret:of basic %', clientAuthentication: 'basic' },
    ],
    ['private_key_jwt with RSA', { clientId: 'keyed', privateKey: { key: pem(rsa.privateKey) } }],
    ['private_key_jwt with ECDSA', { clientId: 'keyed', privateKey: { key: pem(ec.privateKey) } }],
  ])('by %s', async (_what, more) => {
    const settings = service(more);
    const tokens = await authorize(settings);
    expect(claimsOf(tokens.accessToken)).toMatchObject({ client_id: settings.clientId, scope: 'smtp' });
  });

  it.each(['rsa', 'ec'])('by private_key_jwt with a certificate and its thumbprint: %s', async (type) => {
    const keys = type === 'rsa' ? rsa : ec;
    const { der } = issue({ subject: 'keyed', issuer: root('authority'), keys });
    const file = join(scratch, `${type}.pem`);
    const certificate = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    writeFileSync(file, certificate + pem(keys.privateKey), { mode: 0o600 });
    const settings = service({ clientId: 'keyed', clientAuthentication: 'certificate', clientCertificate: { file } });
    expect(claimsOf((await authorize(settings)).accessToken)).toMatchObject({ client_id: 'keyed' });
  });

  it.each<[string, Partial<OAuth2Settings>, RegExp]>([
    ['a wrong secret', { clientSecret: 'wrong' }, /invalid_client/],
    [
      'the key of another',
      { clientId: 'keyed', privateKey: { key: pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) } },
      /invalid_client/,
    ],
    [
      'an audience that is not there',
      { clientSecret: 'secret of alice +/=', tokenParameters: { resource: 'nonsense' } },
      /invalid_target/,
    ],
    ['a grant that is not theirs', { clientId: 'person', clientSecret: 'x' }, /invalid_client|unauthorized_client/],
  ])('are refused with %s', async (_what, more, message) => {
    const error = await failure(authorize(service(more)));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(error.message).toMatch(message);
  });
});

describe('a device code', () => {
  it('waits until the person has typed it in', async () => {
    let prompt: UserCodePrompt | undefined;
    const signedIn = new Person();
    const type = async ({ verificationUri, userCode }: UserCodePrompt): Promise<void> => {
      const confirm = await signedIn.submit(await signedIn.visit(verificationUri), { user_code: userCode });
      const signInPage = await signedIn.submit(confirm, { confirm: 'yes' });
      await signedIn.submit(signInPage, { login: 'alice', answer: 'yes' });
    };
    let typed: Promise<void> | undefined;
    const tokens = await runGrant(
      person({ clientId: 'device', grant: 'device-code' }),
      {
        onUserCode: (given) => {
          prompt = given;
          typed = type(given);
        },
      },
      // The first poll comes once the person is done, not after five seconds.
      { ...surroundings, clock: { ...systemClock, wait: async () => await typed } },
    );
    expect(claimsOf(tokens.accessToken)).toMatchObject({ sub: 'alice', client_id: 'device' });
    expect(prompt?.verificationUriComplete).toContain(encodeURIComponent(prompt?.userCode ?? ''));
    expect(prompt?.expiresAt.getTime()).toBeGreaterThan(Date.now());
  });
});

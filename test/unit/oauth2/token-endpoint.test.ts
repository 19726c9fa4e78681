/**
 * Token requests: token-endpoint.ts, client-proof.ts, provider.ts, refusals.ts, jwt.ts and the HTTP clients that they
 * use.
 * @module
 */
import { createHash, generateKeyPairSync, sign, verify, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authorize } from '../../../src/index.js';
import type { OAuth2Settings } from '../../../src/index.js';
import type { LoadedCertificate } from '../../../src/model/certificate.js';
import { DirectConnector } from '../../../src/net/direct.js';
import { createConnectorClient } from '../../../src/net/http/connector-client.js';
import { createFetchClient } from '../../../src/net/http/fetch-client.js';
import { runGrant } from '../../../src/oauth2/grants/authorize.js';
import { createTestCertificateAuthority } from '../../../src/testing/certificate-authority.js';
import { issue, root } from '../../support/certificates.js';
import { storedKey } from '../../support/keys.js';
import { bearer, type FakeProvider, refusal, startFakeProvider } from '../../support/fake-provider.js';
import { everythingIn, expectNoSecret, failureOf, surroundings } from './support.js';

let provider: FakeProvider;
beforeEach(async () => {
  provider = await startFakeProvider({ '/token': () => bearer('access-1') });
});
afterEach(async () => {
  vi.useRealTimers();
  await provider[Symbol.asyncDispose]();
});

const secret = 'client-secret-Ä+/=& value';
const settings = (more: Partial<OAuth2Settings> = {}): OAuth2Settings => ({
  clientId: 'client:1',
  clientSecret: secret,
  grant: 'client-credentials',
  tokenUrl: `${provider.origin}/token`,
  scope: 'mail',
  ...more,
});

const keyOfAnother = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = storedKey('rsa');
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const pemOf = (certificate: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;

function issueCertificate(type: 'rsa' | 'ec') {
  const keys = type === 'rsa' ? rsa : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { certificate: issue({ subject: 'client', issuer: root('authority'), keys }).der, keys };
}

function selfSigned() {
  const { der, privateKey } = root('127.0.0.1', { ca: undefined, keyUsage: undefined });
  return { key: pem(privateKey), certificate: pemOf(der) };
}

/** Header and claims of a JWT. Its signature is verified. */
function readJwt(token: string, key: KeyObject): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const parsed = [header, payload].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as never);
  const { alg } = parsed[0] as unknown as { alg: string };
  const options = alg.startsWith('PS')
    ? { padding: 6, saltLength: 32 }
    : alg.startsWith('ES')
      ? { dsaEncoding: 'ieee-p1363' as const }
      : {};
  const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`;
  const data = Buffer.from(`${header}.${payload}`);
  expect(verify(hash, data, { key, ...options }, Buffer.from(signature, 'base64url')), alg).toBe(true);
  return { header: parsed[0] as never, claims: parsed[1] as never };
}

describe('a client proves itself', () => {
  it('by its secret in the body', async () => {
    await authorize(settings());
    const [call] = provider.calls;
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'mail',
      client_id: 'client:1',
      client_secret: secret,
    });
    expect(call?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(call?.headers.authorization).toBeUndefined();
  });

  it('by its secret in a header field, form-encoded first (RFC 6749 section 2.3.1)', async () => {
    await authorize(settings({ clientAuthentication: 'basic' }));
    const [call] = provider.calls;
    const [scheme, credentials = ''] = (call?.headers.authorization ?? '').split(' ');
    expect(scheme).toBe('Basic');
    expect(Buffer.from(credentials, 'base64').toString()).toBe('client%3A1:client-secret-%C3%84%2B%2F%3D%26+value');
    expect(call?.form.has('client_secret')).toBe(false);
  });

  it.each([
    ['RS256', rsa],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ] as const)('by an assertion that is signed by %s (RFC 7523)', async (alg, { privateKey, publicKey }) => {
    await authorize(settings({ clientSecret: undefined, privateKey: { key: pem(privateKey), keyId: 'key-1' } }));
    const form = provider.calls[0]?.form;
    expect(form?.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    expect(form?.get('client_id')).toBe('client:1');
    const { header, claims } = readJwt(form?.get('client_assertion') ?? '', publicKey);
    expect(header).toEqual({ typ: 'JWT', alg, kid: 'key-1' });
    expect(claims).toMatchObject({ iss: 'client:1', sub: 'client:1', aud: `${provider.origin}/token` });
    const { iat, nbf, exp, jti } = claims as { iat: number; nbf: number; exp: number; jti: string };
    const now = Date.now() / 1000;
    expect(iat).toBeLessThanOrEqual(now);
    expect(nbf).toBeLessThanOrEqual(now);
    expect(exp).toBeGreaterThan(now);
    expect(exp).toBeLessThan(now + 600);
    expect(jti.length).toBeGreaterThan(20);
  });

  it('by an assertion with the issuer and the subject of the key', async () => {
    const privateKey = { key: pem(rsa.privateKey), issuer: 'issuer', subject: 'subject' };
    await authorize(settings({ clientSecret: undefined, privateKey }));
    const { claims } = readJwt(provider.calls[0]?.form.get('client_assertion') ?? '', rsa.publicKey);
    expect(claims).toMatchObject({ iss: 'issuer', sub: 'subject' });
  });

  it.each(['in memory', 'in a device that answers in DER', 'in a device that answers in two numbers'])(
    'by a certificate named by its thumbprint, with its key %s',
    async (where) => {
      for (const type of ['rsa', 'ec'] as const) {
        const { certificate, keys } = issueCertificate(type);
        const options = type === 'rsa' ? { padding: 6, saltLength: 32 } : {};
        const dsaEncoding = where.endsWith('numbers') ? ('ieee-p1363' as const) : ('der' as const);
        const asked: object[] = [];
        const loaded: LoadedCertificate = {
          info: {} as LoadedCertificate['info'],
          certificate,
          chain: [],
          privateKey:
            where === 'in memory'
              ? keys.privateKey.export({ type: 'pkcs8', format: 'der' })
              : {
                  sign: async ({ algorithm, data }) => {
                    asked.push(algorithm);
                    return sign('sha256', data, { key: keys.privateKey, ...options, dsaEncoding });
                  },
                },
        };
        await runGrant(
          settings({
            clientSecret: undefined,
            clientAuthentication: 'certificate',
            clientCertificate: { file: 'c.p12' },
          }),
          {},
          surroundings({ loadCertificate: async () => loaded }),
        );
        const { header, claims } = readJwt(provider.calls.at(-1)?.form.get('client_assertion') ?? '', keys.publicKey);
        const thumbprint = createHash('sha256').update(certificate).digest('base64url');
        expect(header).toEqual({ typ: 'JWT', alg: type === 'rsa' ? 'PS256' : 'ES256', 'x5t#S256': thumbprint });
        expect(claims['sub']).toBe('client:1');
        if (where !== 'in memory')
          expect(asked).toEqual([{ name: type === 'rsa' ? 'RSA-PSS' : 'ECDSA', hash: 'sha256' }]);
      }
    },
  );

  it.each<[string, (data: Uint8Array) => Uint8Array]>([
    ['a signature of another key', (data) => sign('sha256', data, keyOfAnother.privateKey)],
    ['text in place of a signature', () => 'signature' as unknown as Uint8Array],
  ])('never with %s', async (_, make) => {
    const { certificate } = issueCertificate('ec');
    const privateKey = { sign: async ({ data }: { data: Uint8Array }) => make(data) };
    const error = await failureOf(
      runGrant(
        settings({
          clientSecret: undefined,
          clientAuthentication: 'certificate',
          clientCertificate: { file: 'c.p12' },
        }),
        {},
        surroundings({ loadCertificate: async () => ({ info: {} as never, certificate, chain: [], privateKey }) }),
      ),
    );
    expect(error.message).toContain('does not verify');
    expect(provider.calls).toEqual([]);
  });

  it('for a user by a service account (RFC 7523 section 2.1)', async () => {
    const privateKey = { key: pem(rsa.privateKey), keyId: 'k', subject: 'ann@example.com' };
    await authorize(
      settings({ clientSecret: undefined, grant: 'jwt-bearer', clientId: 'robot@example.iam', privateKey }),
    );
    const form = provider.calls[0]?.form;
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(form?.has('client_id')).toBe(false);
    const { claims } = readJwt(form?.get('assertion') ?? '', rsa.publicKey);
    expect(claims).toMatchObject({
      iss: 'robot@example.iam',
      sub: 'ann@example.com',
      aud: `${provider.origin}/token`,
      scope: 'mail',
    });
  });

  it.each([
    ['text', 'no key at all'],
    [
      'an encrypted key',
      generateKeyPairSync('ec', {
        namedCurve: 'P-256',
        privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      }).privateKey,
    ],
    ['a key that signs nothing', pem(generateKeyPairSync('x25519').privateKey)],
  ])('but not by %s', async (_what, key) => {
    const error = await failureOf(authorize(settings({ clientSecret: undefined, privateKey: { key } })));
    expect(error).toMatchObject({ code: 'ERR_SECRET', problems: [{ path: 'oauth2.privateKey.key' }] });
    expectNoSecret(everythingIn(error), [key]);
  });
});

describe('an answer that is refused', () => {
  it.each<[string, Parameters<FakeProvider['answers']['set']>[1], RegExp]>([
    [
      'no JSON',
      () => ({ text: '<html>access_token=leak-me', headers: { 'Content-Type': 'text/html' } }),
      /not return a JSON object \(text\/html\)/,
    ],
    ['JSON that is no object', () => ({ text: '["leak-me"]' }), /not return a JSON object/],
    ['nothing', () => ({ text: '' }), /not return a JSON object/],
    [
      'bytes that are not UTF-8',
      () => (response) => void response.end(Buffer.from([0x7b, 0xff, 0x7d])),
      /not return a JSON object/,
    ],
    ['no token', () => ({ json: { token_type: 'Bearer' } }), /no access token/],
    ['a token that is no text', () => ({ json: { access_token: 5, token_type: 'Bearer' } }), /no access token/],
    [
      'a token with a line end',
      () => ({ json: { access_token: 'leak-me\r\nRCPT', token_type: 'Bearer' } }),
      /no access token/,
    ],
    [
      'a token too long',
      () => ({ json: { access_token: 'a'.repeat(40_000), token_type: 'Bearer' } }),
      /no access token/,
    ],
    ['another type of token', () => ({ json: { access_token: 'leak-me', token_type: 'DPoP' } }), /type DPoP/],
    ['no type of token', () => ({ json: { access_token: 'leak-me' } }), /type unknown/],
    [
      'a refresh token with controls',
      () => bearer('leak-me', { refresh_token: 'a\u0001b' }),
      /an invalid refresh token/,
    ],
    [
      'a redirect to the same host',
      () => ({ status: 302, headers: { Location: '/token2' } }),
      /redirects \(HTTP 302\)/,
    ],
    [
      'a redirect with the body kept',
      () => ({ status: 307, headers: { Location: 'https://evil.example/' } }),
      /redirects \(HTTP 307\)/,
    ],
    [
      'an error with status 200',
      () => ({ json: { error: 'bad_verification_code' } }),
      /refused: bad_verification_code/,
    ],
    [
      'an inherited token',
      () => ({ text: '{"__proto__":{"access_token":"leak-me","token_type":"Bearer"}}' }),
      /no access token/,
    ],
    [
      'an answer that claims to be long',
      () => (response) => void response.writeHead(200, { 'Content-Length': 1_000_000 }).write('{'),
      /more than 64 KiB/,
    ],
    ['a connection that ends', () => (response) => void response.destroy(), /closed the connection/],
    [
      'half an answer',
      () => (response) => {
        response.writeHead(200, { 'Content-Length': 100 }).write('{"a', () => response.destroy());
      },
      /closed the connection/,
    ],
    [
      'another protocol',
      () => (response) => {
        response.socket?.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n');
      },
      /another protocol|ended/,
    ],
    [
      'no HTTP',
      () => (response) => {
        response.socket?.end('220 mail.example.com ESMTP\r\n');
      },
      /does not reply in HTTP/,
    ],
  ])('%s, by our own client and by fetch', async (_what, answer, message) => {
    provider.answers.set('/token', answer);
    for (const options of [{}, { fetch: globalThis.fetch }]) {
      const error = await failureOf(authorize(settings(), options));
      expect(error.code).toBe('ERR_OAUTH2');
      if (options.fetch === undefined || !/reply in HTTP|protocol|closed/.test(message.source))
        expect(error.message).toMatch(message);
      expect(everythingIn(error)).not.toContain('leak-me');
      expectNoSecret(everythingIn(error), [secret]);
    }
    expect(provider.calls.filter(({ path }) => path !== '/token')).toEqual([]);
  });

  it('a gigabyte, of which 64 KiB are read', async () => {
    let response: ServerResponse | undefined;
    let sent = 0;
    const pump = (to: ServerResponse): void => {
      response = to;
      const block = Buffer.alloc(16 * 1024, ' ');
      const more = (): void => {
        while (sent < 2 ** 30 && !to.destroyed) {
          sent += block.length;
          if (!to.write(block)) return void to.once('drain', more);
        }
      };
      more();
    };
    for (const options of [{}, { fetch: globalThis.fetch }]) {
      provider.answers.set('/token', () => pump);
      expect((await failureOf(authorize(settings(), options))).message).toContain('more than 64 KiB');
      if (response?.closed !== true) await once(response as ServerResponse, 'close');
      // Bytes in the sockets' buffers count as sent.
      expect(sent).toBeLessThan(2 ** 26);
      sent = 0;
    }
  });

  it.each(['hangs', 'drips'])('a server that %s, after 30 s', async (how) => {
    let arrived: () => void = () => {};
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    provider.answers.set('/token', () => (response) => {
      if (how === 'drips') response.writeHead(200).write('{');
      arrived();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const outcome = failureOf(authorize(settings()));
    await asked;
    vi.advanceTimersByTime(30_000);
    const error = await outcome;
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: true });
    expect(error.message).toContain('did not answer within 30000 ms');
  });

  it('a fetch that follows redirects, ignores its signal, or throws the request', async () => {
    const answer =
      (more: object): typeof globalThis.fetch =>
      async () =>
        Object.assign(new Response('{}'), more);
    const redirected = answer({});
    const follow: typeof globalThis.fetch = async (...args) =>
      Object.defineProperty(await redirected(...args), 'redirected', { value: true });
    expect((await failureOf(authorize(settings(), { fetch: follow }))).message).toContain('redirected the request');
    const controller = new AbortController();
    const deaf = failureOf(
      authorize(settings(), { fetch: () => (controller.abort(), new Promise(() => {})), signal: controller.signal }),
    );
    expect((await deaf).code).toBe('ERR_ABORTED');
    const leaking: typeof globalThis.fetch = async (_url, init) => {
      throw Object.assign(new Error(`POST failed: ${String(init?.body)}`), { code: 'EPROXY', config: init });
    };
    const error = await failureOf(authorize(settings(), { fetch: leaking }));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: true });
    expect(error.message).toContain('Error EPROXY');
    expectNoSecret(everythingIn(error), [secret]);
  });
});

describe('TLS of the token endpoint', () => {
  const start = async ({ key, certificate }: { readonly key: string; readonly certificate: string }) => {
    const server = createTlsServer({ key, cert: certificate }, (_request, response) => {
      response.end('{"access_token":"by-tls","token_type":"bearer"}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, tokenUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}/token` };
  };

  it('refuses a certificate that is self-signed', async () => {
    const { server, tokenUrl } = await start(selfSigned());
    const error = await failureOf(authorize(settings({ tokenUrl })));
    server.close();
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false, cause: { code: 'ERR_TLS' } });
    expect(error.message).toContain('self-signed');
    expect(error.remedy).toContain('server.tls.ca');
    expectNoSecret(everythingIn(error), [secret]);
  });

  it("trusts a company's own authority beside Node's list", async () => {
    const authority = createTestCertificateAuthority();
    const { server, tokenUrl } = await start(authority.issueServer());
    const connector = new DirectConnector();
    const untrusted = surroundings({ http: createConnectorClient({ connector }) });
    expect((await failureOf(runGrant(settings({ tokenUrl }), {}, untrusted))).cause).toMatchObject({ code: 'ERR_TLS' });
    const trusted = surroundings({ http: createConnectorClient({ connector, ca: authority.certificate }) });
    expect((await runGrant(settings({ tokenUrl }), {}, trusted)).accessToken).toBe('by-tls');
    server.close();
  });
});

describe('a refusal', () => {
  it.each<[string, string, RegExp]>([
    ['invalid_grant', 'Token has been expired or revoked.', /7 days.*90 days.*mailer\.authorize\(\)/],
    ['invalid_grant', 'AADSTS700082: The refresh token has expired due to inactivity.', /90 days/],
    ['invalid_grant', 'AADSTS50173: The provided grant has expired due to it being revoked', /password was changed/],
    ['invalid_grant', 'AADSTS65001: The user or administrator has not consented', /admin consent/],
    ['invalid_grant', 'AADSTS50076: Due to a configuration change you must use multi-factor', /MFA/],
    ['invalid_grant', 'AADSTS53003: Access has been blocked by Conditional Access policies.', /Conditional Access/],
    [
      'invalid_client',
      'AADSTS7000222: The provided client secret keys for app are expired.',
      /client secret has expired/,
    ],
    ['invalid_client', 'AADSTS7000215: Invalid client secret provided.', /value of the secret, not to its id/],
    [
      'invalid_client',
      'AADSTS700027: The certificate with identifier used to sign is not registered',
      /Upload the certificate/,
    ],
    ['unauthorized_client', 'AADSTS700016: Application was not found in the directory', /tenant is wrong/],
    ['invalid_request', "AADSTS90002: Tenant 'x' not found.", /tenant is wrong/],
    ['invalid_scope', 'AADSTS1002012: The provided value for scope is not valid', /\.default/],
    ['invalid_resource', 'AADSTS500011: The resource principal was not found', /\.default/],
    [
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method',
      /Domain-wide delegation/,
    ],
    ['invalid_grant', 'Invalid JWT Signature.', /privateKey/],
    ['invalid_client', '', /clientId, oauth2\.clientSecret/],
    ['invalid_scope', '', /oauth2\.scope/],
    ['unsupported_grant_type', '', /oauth2\.grant/],
  ])('%s %s', async (error, description, remedy) => {
    provider.answers.set('/token', () => refusal(error, description));
    const failure = await failureOf(authorize(settings()));
    expect(failure).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(failure.message).toContain(`(HTTP 400): ${error}${description === '' ? '' : `: ${description}`}`);
    expect(failure.remedy).toMatch(remedy);
  });

  it('does not take AADSTS50 for AADSTS50173', async () => {
    provider.answers.set('/token', () => refusal('other', 'AADSTS501730: something else'));
    expect((await failureOf(authorize(settings()))).remedy).toBeUndefined();
  });

  it.each([
    [500, true],
    [502, true],
    [503, true],
    [429, true],
    [408, true],
    [501, false],
    [400, false],
    [401, false],
    [403, false],
  ])('with status %i may pass: %s', async (status, retryable) => {
    provider.answers.set('/token', () => ({ status, text: '<html>Service Unavailable</html>' }));
    expect(await failureOf(authorize(settings()))).toMatchObject({ code: 'ERR_OAUTH2', retryable });
  });

  it('may pass where nothing listens', async () => {
    const { origin } = provider;
    await provider[Symbol.asyncDispose]();
    expect(await failureOf(authorize(settings({ tokenUrl: `${origin}/token` })))).toMatchObject({ retryable: true });
    provider = await startFakeProvider();
  });

  it.each<[string, Partial<OAuth2Settings>]>([
    ['post', {}],
    ['basic', { clientAuthentication: 'basic' }],
    ['an assertion', { clientSecret: undefined, privateKey: { key: pem(rsa.privateKey) } }],
  ])('repeats nothing of what proved the client: %s', async (_what, more) => {
    let held: string[] = [];
    provider.answers.set('/token', ({ form, headers }) => {
      held = [form.get('client_secret'), form.get('client_assertion'), headers.authorization?.slice(6)].filter(
        (value) => typeof value === 'string',
      );
      const echo = held.flatMap((value) => [
        value,
        Buffer.from(value).toString('base64'),
        Buffer.from(`ab${value}`).toString('base64url'),
        encodeURIComponent(value),
        new URLSearchParams({ a: value }).toString(),
      ]);
      return refusal('invalid_client', echo.join(' | '));
    });
    const error = await failureOf(authorize(settings(more)));
    expect(held.length).toBe(1);
    expectNoSecret(everythingIn(error), held);
    expect(inspect(error)).toContain('<hidden>');
  });
});

it('a fetch of another package is understood, whose bodies are streams of Node', async () => {
  const answering =
    (...chunks: readonly Buffer[]): typeof globalThis.fetch =>
    async () =>
      ({ status: 200, headers: new Headers(), body: Readable.from(chunks) }) as never;
  const answer = Buffer.from(JSON.stringify({ access_token: 'by-node', token_type: 'Bearer' }));
  expect(await authorize(settings(), { fetch: answering(answer) })).toMatchObject({ accessToken: 'by-node' });
  const error = await failureOf(authorize(settings(), { fetch: answering(Buffer.alloc(70_000, ' '), answer) }));
  expect(error.message).toContain('more than 64 KiB');
});

it('a fetch client sends what our own client sends', async () => {
  for (const http of [createConnectorClient({ connector: new DirectConnector() }), createFetchClient(globalThis.fetch)])
    await runGrant(settings(), {}, surroundings({ http }));
  const [one, other] = provider.calls;
  expect(other?.form.toString()).toBe(one?.form.toString());
  for (const name of ['content-type', 'accept', 'user-agent']) expect(other?.headers[name]).toBe(one?.headers[name]);
});

it('the certificates of these tests are what they say', () => {
  expect(new X509Certificate(issueCertificate('rsa').certificate).publicKey.asymmetricKeyType).toBe('rsa');
});

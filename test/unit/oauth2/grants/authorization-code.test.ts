/**
 * The authorization code grant: authorization-code.ts, callback-page.ts and net/loopback-listener.ts.
 * @module
 */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authorize } from '../../../../src/index.js';
import type { AuthorizeOptions, OAuth2Settings, OAuth2Tokens } from '../../../../src/index.js';
import {
  bearer,
  type FakeProvider,
  type ProviderCall,
  refusal,
  startFakeProvider,
} from '../../../support/fake-provider.js';
import { everythingIn, expectNoSecret, failureOf } from '../support.js';

let provider: FakeProvider;
beforeEach(async () => {
  provider = await startFakeProvider({
    '/token': () => bearer('access-1', { refresh_token: 'refresh-1', scope: 'mail' }),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await provider[Symbol.asyncDispose]();
});

const settings = (more: Partial<OAuth2Settings> = {}): OAuth2Settings => ({
  clientId: 'client',
  authorizationUrl: `${provider.origin}/authorize`,
  tokenUrl: `${provider.origin}/token`,
  scope: 'mail',
  ...more,
});

interface Page {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Sends a request as a browser would, but with any method and Host. */
function visit(
  url: string,
  options: { method?: string; headers?: Record<string, string>; address?: string } = {},
): Promise<Page> {
  const { hostname, port, pathname, search, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: options.address ?? (hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/[[\]]/g, '')),
      port,
      path: pathname + search,
      method: options.method ?? 'GET',
      headers: { Host: host, ...options.headers },
      agent: false,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end();
  });
}

/** The redirect URI with these parameters and the correct state. */
function back(asked: string, parameters: Record<string, string> = { code: 'code-1' }): string {
  const { searchParams } = new URL(asked);
  const query = new URLSearchParams({ state: searchParams.get('state') ?? '', ...parameters });
  return `${searchParams.get('redirect_uri')}?${query.toString()}`;
}

/** Runs a sign-in. `person` receives the URL that the browser is opened with. */
async function signIn<T>(
  person: (url: string) => Promise<T>,
  more: Partial<OAuth2Settings> = {},
  options: AuthorizeOptions = {},
): Promise<{ readonly seen: T; readonly outcome: Promise<OAuth2Tokens> }> {
  let open: (url: string) => void = () => {};
  const url = new Promise<string>((resolve) => (open = resolve));
  const outcome = authorize(settings(more), { openBrowser: (given) => open(given), ...options });
  outcome.catch(() => {});
  return { seen: await person(await url), outcome };
}

async function portIsFree(redirect: string): Promise<boolean> {
  const { port } = new URL(redirect);
  const socket = connect(Number(port), '127.0.0.1');
  return await new Promise((resolve) => {
    socket.on('connect', () => resolve(false)).on('error', () => resolve(true));
  }).then((free) => (socket.destroy(), free as boolean));
}

describe('a sign-in', () => {
  it('asks by RFC 7636 and 8252, exchanges the code and gives the tokens', async () => {
    const { seen, outcome } = await signIn(async (url) => ({ asked: new URL(url), page: await visit(back(url)) }));
    const before = Date.now();
    const tokens = await outcome;
    expect(tokens).toMatchObject({
      accessToken: 'access-1',
      refreshToken: 'refresh-1',
      scope: 'mail',
      tokenType: 'Bearer',
    });
    expect(Math.abs((tokens.expiresAt?.getTime() ?? 0) - before - 3_600_000)).toBeLessThan(60_000);
    const { searchParams } = seen.asked;
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'client',
      scope: 'mail',
      code_challenge_method: 'S256',
    });
    expect(searchParams.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(Buffer.from(searchParams.get('state') ?? '', 'base64url').length).toBe(32);
    const { form } = provider.calls[0] as ProviderCall;
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code-1',
      client_id: 'client',
      redirect_uri: searchParams.get('redirect_uri'),
    });
    const verifier = form.get('code_verifier') ?? '';
    expect(verifier).toMatch(/^[\w-]{43}$/);
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(searchParams.get('code_challenge'));
    expect(await portIsFree(searchParams.get('redirect_uri') ?? '')).toBe(true);
  });

  it('uses another state and verifier each time', async () => {
    const states = new Set<string | null>();
    for (let i = 0; i < 3; i++) {
      const { outcome } = await signIn(async (url) => {
        states.add(new URL(url).searchParams.get('state'));
        await visit(back(url));
      });
      await outcome;
    }
    expect(states.size).toBe(3);
    expect(new Set(provider.calls.map(({ form }) => form.get('code_verifier'))).size).toBe(3);
  });

  it('adds the parameters of the settings', async () => {
    const { seen, outcome } = await signIn(async (url) => (await visit(back(url)), new URL(url)), {
      authorizationUrl: `${provider.origin}/authorize?tenant=a`,
      authorizationParameters: { prompt: 'consent', login_hint: 'ann@example.com' },
      tokenParameters: { resource: 'https://mail.example.com' },
    });
    await outcome;
    expect(seen.searchParams.get('tenant')).toBe('a');
    expect(seen.searchParams.get('prompt')).toBe('consent');
    expect(provider.calls[0]?.form.get('resource')).toBe('https://mail.example.com');
  });

  it.each([
    ['http://localhost', /^http:\/\/localhost:\d+$/],
    ['http://localhost/', /^http:\/\/localhost:\d+\/$/],
    ['http://127.0.0.1/call/back', /^http:\/\/127\.0\.0\.1:\d+\/call\/back$/],
    ['http://[::1]/', /^http:\/\/\[::1\]:\d+\/$/],
  ])('listens where %s says, on a free port', async (redirectUri, expected) => {
    const { seen, outcome } = await signIn(async (url) => (await visit(back(url)), new URL(url).searchParams), {
      redirectUri,
    });
    await outcome;
    expect(seen.get('redirect_uri')).toMatch(expected);
  });

  it('listens on both address families of localhost', async () => {
    const { seen, outcome } = await signIn(
      async (url) => ({
        stray: await visit(back(url).replace(/\?.*/, ''), { address: '127.0.0.1' }),
        page: await visit(back(url), { address: '::1' }),
      }),
      { redirectUri: 'http://localhost' },
    );
    await outcome;
    expect(seen.stray.status).toBe(400);
    expect(seen.page.status).toBe(200);
  });

  it('says where a given port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const error = await failureOf(
      authorize(settings({ redirectUri: `http://127.0.0.1:${port}/` }), { openBrowser: () => {} }),
    );
    other.close();
    expect(error.code).toBe('ERR_OAUTH2');
    expect(error.message).toContain(`port ${port}`);
    expect(error.remedy).toContain('oauth2.redirectUri');
  });
});

describe('the page', () => {
  const policy =
    /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/;

  it('says that the sign-in is done, allows nothing else, and is stored nowhere', async () => {
    const { seen: page } = await signIn((url) => visit(back(url)));
    expect(page.status).toBe(200);
    expect(page.body).toContain('<h1>Signed in</h1>');
    expect(page.body).toContain('close this tab');
    expect(page.headers['content-security-policy']).toMatch(policy);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-type': 'text/html; charset=utf-8',
    });
    const style = /<style>([^]*)<\/style>/.exec(page.body)?.[1] ?? '';
    expect(page.headers['content-security-policy']).toContain(createHash('sha256').update(style).digest('base64'));
    expect(page.body).not.toMatch(/<script|https?:|url\(/);
    expect(page.body).toMatch(/<html lang="en">[^]*name="viewport"[^]*color-scheme: light dark/);
  });

  it('comes after the exchange, so that it tells the truth', async () => {
    provider.answers.set('/token', () => refusal('invalid_grant', 'no'));
    const { seen: page, outcome } = await signIn((url) => visit(back(url)));
    expect((await failureOf(outcome)).code).toBe('ERR_OAUTH2');
    expect(page.status).toBe(400);
    expect(page.body).toContain('did not give the application access');
  });

  it('holds nothing of what came with the request', async () => {
    const marks = { error: '<script>mark1</script>', error_description: 'mark2"><b>', iss: 'mark3' };
    for (const [name, value] of Object.entries(marks)) {
      const { seen: page } = await signIn((url) => visit(back(url, { error: 'x', [name]: value })));
      expect(page.body).not.toContain('mark');
    }
  });

  it.each(['success', 'failure'])('is empty with hideBrowserResponse: %s', async (kind) => {
    const parameters = kind === 'success' ? { code: 'c' } : { error: 'access_denied' };
    const { seen } = await signIn(
      async (url) => ({ stray: await visit(back(url).replace(/\?.*/, 'x')), page: await visit(back(url, parameters)) }),
      { hideBrowserResponse: true },
    );
    expect(seen.page).toMatchObject({ status: 204, body: '' });
    expect(seen.stray).toMatchObject({ status: 204, body: '' });
    expect(seen.page.headers['cache-control']).toBe('no-store');
  });
});

describe('refused as the callback, and waited on', () => {
  it.each<[string, (url: string) => string, object, number]>([
    ['POST', (url) => back(url), { method: 'POST' }, 405],
    ['HEAD', (url) => back(url), { method: 'HEAD' }, 405],
    ['another path', (url) => back(url).replace('/?', '/other?'), {}, 404],
    ['a longer path', (url) => back(url).replace('/?', '//?'), {}, 404],
    ['favicon.ico', (url) => back(url).replace(/\/\?.*/, '/favicon.ico'), {}, 404],
    ['no parameters', (url) => back(url).replace(/\?.*/, ''), {}, 400],
    ['another Host (DNS rebinding)', (url) => back(url), { headers: { Host: 'evil.example' } }, 421],
    ['the Host without its port', (url) => back(url), { headers: { Host: '127.0.0.1' } }, 421],
    ['localhost in place of 127.0.0.1', (url) => back(url), { headers: { Host: 'localhost' } }, 421],
    ['an image', (url) => back(url), { headers: { 'Sec-Fetch-Dest': 'image' } }, 403],
    ['a frame', (url) => back(url), { headers: { 'Sec-Fetch-Dest': 'iframe' } }, 403],
    ['a prefetch', (url) => back(url), { headers: { 'Sec-Purpose': 'prefetch' } }, 403],
  ])('%s', async (_what, urlOf, options, status) => {
    const { seen, outcome } = await signIn(async (url) => {
      const stray = await visit(urlOf(url), options);
      expect(provider.calls).toEqual([]);
      return { stray, page: await visit(back(url)) };
    });
    expect(seen.stray.status).toBe(status);
    expect(seen.page.status).toBe(200);
    expect((await outcome).accessToken).toBe('access-1');
  });
});

describe('refused, and the end of the sign-in', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['a wrong state', { state: 'x'.repeat(43), code: 'c' }, /wrong state/],
    ['a state that only begins right', { state: '', code: 'c' }, /wrong state/],
    ['an error with a wrong state', { state: 'other', error: 'access_denied' }, /wrong state/],
    ['neither code nor error', {}, /neither a code nor an error/],
    ['an empty code', { code: '' }, /neither a code/],
    ['an iss of another origin', { code: 'c', iss: 'https://evil.example' }, /another issuer/],
    ['an iss that is no URL', { code: 'c', iss: 'evil' }, /another issuer/],
  ])('%s', async (_what, parameters, message) => {
    const { seen, outcome } = await signIn((url) => visit(back(url, parameters)));
    const error = await failureOf(outcome);
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(error.message).toMatch(message);
    expect(seen.status).toBe(400);
    expect(provider.calls).toEqual([]);
  });

  it('a missing state', async () => {
    const { outcome } = await signIn((url) => visit(back(url).replace(/state=[^&]*&/, '')));
    expect((await failureOf(outcome)).message).toContain('no state');
  });

  it('a state of an earlier sign-in', async () => {
    const { seen: first, outcome } = await signIn(async (url) => (await visit(back(url)), url));
    await outcome;
    const { outcome: second } = await signIn((url) =>
      visit(back(url, { code: 'c', state: new URL(first).searchParams.get('state') ?? '' })),
    );
    expect((await failureOf(second)).message).toContain('wrong state');
  });

  it('a parameter that is there twice (RFC 6749 section 3.1)', async () => {
    const { outcome } = await signIn((url) => visit(`${back(url)}&code=other`));
    expect((await failureOf(outcome)).message).toContain('with several');
    const { outcome: other } = await signIn((url) => visit(`${back(url)}&state=other`));
    expect((await failureOf(other)).message).toContain('wrong state');
  });

  it('a second callback', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let asked: () => void = () => {};
    const exchanging = new Promise<void>((resolve) => (asked = resolve));
    provider.answers.set('/token', async () => {
      asked();
      await held;
      return bearer('access-1');
    });
    const { seen, outcome } = await signIn(async (url) => {
      const first = visit(back(url));
      await exchanging;
      const second = await visit(back(url, { code: 'code-2' }));
      release();
      return { first: await first, second };
    });
    await outcome;
    expect(seen.first.status).toBe(200);
    expect(seen.second.status).toBe(410);
    expect(provider.calls.map(({ form }) => form.get('code'))).toEqual(['code-1']);
  });

  it.each([
    ['access_denied', 'the person said no', /cancelled/, /did not allow it/],
    [
      'consent_required',
      'AADSTS65001: The user or administrator has not consented',
      /provider refused/,
      /grant admin consent/,
    ],
  ])('the error %s, with its words and what to do', async (error, description, page, remedy) => {
    const { seen, outcome } = await signIn((url) => visit(back(url, { error, error_description: description })));
    const failure = await failureOf(outcome);
    expect(failure.message).toContain(`refused: ${error}: ${description}`);
    expect(failure.remedy).toMatch(remedy);
    expect(seen.body).toMatch(page);
  });

  it('keeps the words of an error on one line, and short', async () => {
    const { outcome } = await signIn((url) =>
      visit(back(url, { error: 'a\r\nb\u001b[31m', error_description: 'x'.repeat(5000) })),
    );
    const { message } = await failureOf(outcome);
    expect(message).toContain('a\\x0d\\x0ab\\x1b[31m');
    expect(message.length).toBeLessThan(1000);
  });
});

describe('an issuer', () => {
  const issuerSettings = (metadata: object = {}): Partial<OAuth2Settings> => {
    provider.answers.set('/.well-known/oauth-authorization-server', () => ({
      json: {
        issuer: provider.origin,
        authorization_endpoint: `${provider.origin}/authorize`,
        token_endpoint: `${provider.origin}/token`,
        ...metadata,
      },
    }));
    return { issuer: provider.origin, authorizationUrl: undefined, tokenUrl: undefined };
  };

  it('is compared with iss (RFC 9207)', async () => {
    const { outcome } = await signIn((url) => visit(back(url, { code: 'c', iss: provider.origin })), issuerSettings());
    expect((await outcome).accessToken).toBe('access-1');
    const { outcome: wrong } = await signIn(
      (url) => visit(back(url, { code: 'c', iss: `${provider.origin}/other` })),
      issuerSettings(),
    );
    expect((await failureOf(wrong)).message).toContain('another issuer');
  });

  it('that promises iss must give it', async () => {
    const promise = { authorization_response_iss_parameter_supported: true };
    const { seen, outcome } = await signIn((url) => visit(back(url)), issuerSettings(promise));
    expect((await failureOf(outcome)).message).toContain('no iss');
    expect(seen.body).toContain('another provider');
  });
});

it('a connection that the browser holds open holds nothing', async () => {
  const { seen: socket, outcome } = await signIn(async (url) => {
    const { port } = new URL(new URL(url).searchParams.get('redirect_uri') ?? '');
    const held = connect(Number(port), '127.0.0.1');
    await once(held, 'connect');
    held.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: 127');
    await visit(back(url));
    return held;
  });
  expect((await outcome).accessToken).toBe('access-1');
  if (!socket.destroyed) await once(socket, 'close');
});

describe('a sign-in that is not completed', () => {
  it('ends with the signal, and frees the port', async () => {
    const controller = new AbortController();
    const { seen: redirect, outcome } = await signIn(
      async (url) => new URL(url).searchParams.get('redirect_uri') ?? '',
      {},
      {
        signal: controller.signal,
      },
    );
    controller.abort();
    expect((await failureOf(outcome)).code).toBe('ERR_ABORTED');
    expect(await portIsFree(redirect)).toBe(true);
  });

  it('ends after 5 minutes, and frees the port', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { seen: redirect, outcome } = await signIn(
      async (url) => new URL(url).searchParams.get('redirect_uri') ?? '',
    );
    vi.advanceTimersByTime(299_999);
    expect(await portIsFree(redirect)).toBe(false);
    vi.advanceTimersByTime(1);
    const error = await failureOf(outcome);
    expect(error.code).toBe('ERR_TIMEOUT');
    expect(error.message).toContain('5 minutes');
    expect(await portIsFree(redirect)).toBe(true);
  });

  it('fails with what openBrowser throws, and frees the port', async () => {
    let redirect = '';
    const error = await failureOf(
      authorize(settings(), {
        openBrowser: (url) => {
          redirect = new URL(url).searchParams.get('redirect_uri') ?? '';
          throw new Error('no display');
        },
      }),
    );
    expect(error.code).toBe('ERR_OAUTH2');
    expect(error.message).toContain('openBrowser threw: no display');
    expect(await portIsFree(redirect)).toBe(true);
  });

  it('is refused with a signal that has aborted already', async () => {
    const error = await failureOf(authorize(settings(), { signal: AbortSignal.abort(), openBrowser: () => {} }));
    expect(error.code).toBe('ERR_ABORTED');
  });
});

it('shows no state, code or verifier in an error, however they are written', async () => {
  let sent: URLSearchParams = new URLSearchParams();
  provider.answers.set('/token', ({ form }) => {
    sent = form;
    const forms = [form.get('code'), form.get('code_verifier')].flatMap((secret) => [
      secret,
      Buffer.from(`x=${secret ?? ''}`).toString('base64'),
      encodeURIComponent(secret ?? ''),
    ]);
    return refusal('invalid_request', `you said ${forms.join(' ')}`);
  });
  const { outcome } = await signIn((url) => visit(back(url, { code: 'code+with/odd=chars' })));
  const error = await failureOf(outcome);
  expect(error.message).toContain('<hidden>');
  expectNoSecret(everythingIn(error), [sent.get('code') ?? '', sent.get('code_verifier') ?? '']);
});

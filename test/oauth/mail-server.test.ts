/**
 * From the authorization server to Dovecot: an issued token signs in by XOAUTH2 and OAUTHBEARER, directly and through
 * proxies. The provider signs with the key that Dovecot of the test bed trusts.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type { EmailError, EmailProfile, OAuth2Settings, ProxySettings } from '../../src/index.js';
import type { Testbed } from '../interop/testbed.js';
import { type RealProvider, startProvider } from './support.js';

const bed = JSON.parse(readFileSync(process.env['TESTBED_JSON'] ?? '', 'utf8')) as Testbed;
let provider: RealProvider;
beforeAll(async () => {
  provider = await startProvider({
    issuer: bed.oauth2.issuer,
    signingKey: bed.oauth2.signingKey,
    port: bed.oauth2.providerPort,
    lifeSeconds: 120,
  });
});
afterAll(() => provider[Symbol.asyncDispose]());

const clientSecret = 'secret of alice +/=';

function profile(
  method: 'xoauth2' | 'oauthbearer',
  oauth2: Partial<OAuth2Settings> = {},
  proxy: ProxySettings = 'none',
): EmailProfile {
  return {
    name: 'dovecot',
    sender: { email: bed.users.alice.address },
    server: {
      host: '127.0.0.1',
      port: bed.dovecot.submission,
      security: 'explicit',
      tls: { ca: { file: bed.pki.ca } },
    },
    authentication: { method, username: bed.users.alice.address },
    oauth2: {
      clientId: 'alice',
      clientSecret,
      grant: 'client-credentials',
      tokenUrl: `${provider.origin}/token`,
      scope: 'smtp',
      ...oauth2,
    },
    proxy,
  };
}

async function send(given: EmailProfile): Promise<EmailError | undefined> {
  await using mailer = createMailer(given);
  try {
    await mailer.send({ to: bed.users.bob.address, subject: 'by a token', text: 'hello' });
    return undefined;
  } catch (error) {
    if (isEmailError(error)) return error;
    throw error;
  }
}

describe.each(['xoauth2', 'oauthbearer'] as const)('%s', (method) => {
  it('is accepted by Dovecot', async () => {
    expect(await send(profile(method))).toBeUndefined();
  });

  it('with a token of the wrong scope gives the reason of the server, after one forced refresh', async () => {
    const before = provider.events.length;
    const error = await send(profile(method, { scope: 'other' }));
    expect(error?.code).toBe('ERR_AUTH_REJECTED');
    expect(error?.message).toMatch(
      /the reason it gives: status (401|400|invalid_token|insufficient_scope|invalid_request)/,
    );
    expect(provider.events.length - before).toBe(2);
  });

  it('with an expired token gives the reason of the server', async () => {
    const error = await send(profile(method, { authenticationValue: bed.oauth2.aliceExpired }));
    expect(error?.code).toBe('ERR_AUTH_REJECTED');
    expect(error?.message).toMatch(
      /the reason it gives: status (401|400|invalid_token|insufficient_scope|invalid_request)/,
    );
    expect(JSON.stringify(error)).not.toContain(bed.oauth2.aliceExpired);
  });

  it("with another account's token is refused", async () => {
    const error = await send(
      profile(method, { clientId: 'basic', clientSecret: 'secret:of basic %', clientAuthentication: 'basic' }),
    );
    expect(error?.code).toBe('ERR_AUTH_REJECTED');
  });
});

describe('through a proxy', () => {
  const { httpProxy, socks } = bed;
  it.each<[string, ProxySettings]>([
    [
      'Squid',
      {
        type: 'http-connect',
        host: '127.0.0.1',
        port: httpProxy.squid,
        username: httpProxy.user,
        password: httpProxy.password,
      },
    ],
    ['SOCKS5', { type: 'socks5', host: '127.0.0.1', port: socks.danteOpen4and5 }],
    [
      'SOCKS5 with a password',
      { type: 'socks5', host: '127.0.0.1', port: socks.danteAuth5, username: socks.user, password: socks.password },
    ],
    ['SOCKS4', { type: 'socks4', host: '127.0.0.1', port: socks.danteOpen4and5 }],
  ])('tokens are got and mail is sent: %s', async (_name, proxy) => {
    expect(await send(profile('xoauth2', {}, proxy))).toBeUndefined();
  });

  it('Squid saw both ways', () => {
    const log = readFileSync(join(bed.state, 'log/squid/access.log'), 'utf8');
    expect(log).toContain(`CONNECT ${new URL(provider.origin).host}`);
    expect(log).toContain(`CONNECT 127.0.0.1:${bed.dovecot.submission}`);
  });

  it('that refuses, no token is got another way', async () => {
    const before = provider.events.length;
    const proxy = {
      type: 'http-connect',
      host: '127.0.0.1',
      port: httpProxy.squid,
      username: httpProxy.user,
      password: 'wrong',
    } as const;
    expect((await send(profile('xoauth2', {}, proxy)))?.code).toBe('ERR_PROXY');
    expect(provider.events.length).toBe(before);
  });
});

/**
 * Advisories of other mail libraries about OAuth 2.0, acted out with this one.
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { authorize, createMailer } from '../../src/index.js';
import type { EmailProfile } from '../../src/index.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { TestSmtpServer } from '../../src/testing.js';
import { failure } from '../support/engine.js';
import { bearer, type FakeProvider, startFakeProvider } from '../support/fake-provider.js';

let provider: FakeProvider;
let other: FakeProvider;
beforeEach(async () => {
  [provider, other] = await Promise.all([
    startFakeProvider({ '/token': () => bearer('token-of-one') }),
    startFakeProvider({ '/token': () => bearer('token-of-two') }),
  ]);
});
afterEach(async () => {
  await Promise.all([provider[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
});

const settings = { clientId: 'client', clientSecret: 'the client secret', grant: 'client-credentials' } as const;

it('GHSA-r7g4-qg5f-qqm2 (nodemailer): a token endpoint whose certificate is not trusted gets nothing', async () => {
  const { key, certificate } = createTestCertificateAuthority().issueServer();
  let asked = 0;
  const server = createServer({ key, cert: certificate }, (_request, response) => {
    asked++;
    response.end('{"access_token":"stolen","token_type":"Bearer"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const host of ['127.0.0.1', 'localhost']) {
    const error = await failure(authorize({ ...settings, tokenUrl: `https://${host}:${port}/token` }));
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', cause: { code: 'ERR_TLS' } });
  }
  server.close();
  expect(asked).toBe(0);
});

it.each([301, 302, 303, 307, 308])(
  'nodemailer 10.1.1: credentials do not follow a redirect (%i) to another origin',
  async (status) => {
    provider.answers.set('/token', () => ({ status, text: '', headers: { Location: `${other.origin}/token` } }));
    const error = await failure(authorize({ ...settings, tokenUrl: `${provider.origin}/token` }));
    expect(error.message).toContain(`redirects (HTTP ${status})`);
    expect(other.calls).toEqual([]);
  },
);

it('nodemailer 10.1.2: each profile asks its own token endpoint, with its own credentials, whatever another did', async () => {
  await using one = await TestSmtpServer.start({ users: { ann: 'token-of-one' } });
  await using two = await TestSmtpServer.start({ users: { bob: 'token-of-two' } });
  const profileOf = (user: string, smtp: TestSmtpServer, origin: string): EmailProfile => ({
    name: 'same name',
    sender: { email: `${user}@example.com` },
    server: smtp.settings,
    authentication: { method: 'xoauth2', username: user },
    oauth2: { ...settings, clientSecret: `secret of ${user}`, tokenUrl: `${origin}/token` },
  });
  const kept = new Map<string, never>();
  const tokenStore = {
    loadTokens: (key: string) => Promise.resolve(kept.get(key)),
    saveTokens: (key: string, tokens: unknown) => Promise.resolve(void kept.set(key, tokens as never)),
  };
  const mailers = [
    createMailer(profileOf('ann', one, provider.origin), { tokenStore }),
    createMailer(profileOf('bob', two, other.origin), { tokenStore }),
  ];
  await Promise.all(mailers.map((mailer) => mailer.send({ to: 'x@example.org', text: 'hello' })));
  await Promise.all(mailers.map((mailer) => mailer.close()));
  expect(provider.calls.map(({ form }) => form.get('client_secret'))).toEqual(['secret of ann']);
  expect(other.calls.map(({ form }) => form.get('client_secret'))).toEqual(['secret of bob']);
  expect(kept.size).toBe(2);
});

/**
 * An authorization server by the npm package `oidc-provider`, in a process of its own. The argument is JSON: `issuer`
 * (default the server's own origin), `signingKey` (path of a PEM key for access tokens), `clientKeys` (public JWKs of
 * the client that authenticates by a key), `lifeSeconds` of access tokens, `port` (default a free one). Prints JSON
 * objects, one a line: first its origin, then its events.
 * @module
 */
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { issuer, signingKey, clientKeys = [], lifeSeconds = 3600, port = 0 } = JSON.parse(process.argv[2] ?? '{}');
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

let handle = (_request, response) => response.end();
const server = createServer((request, response) => handle(request, response));
server.listen(port, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;

const resource = 'https://mail.example.test';
const native = { application_type: 'native', token_endpoint_auth_method: 'none', response_types: ['code'] };
const service = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };
const clients = [
  {
    ...native,
    client_id: 'person',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['http://127.0.0.1/', 'http://localhost', 'http://localhost/', 'http://[::1]/callback'],
  },
  {
    ...native,
    client_id: 'device',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    response_types: [],
    redirect_uris: [],
  },
  {
    ...service,
    client_id: 'alice',
    client_secret: 'secret of alice +/=',
    token_endpoint_auth_method: 'client_secret_post',
  },
  {
    ...service,
    client_id: 'basic',
    client_secret: 'secret:of basic %',
    token_endpoint_auth_method: 'client_secret_basic',
  },
  { ...service, client_id: 'keyed', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: clientKeys } },
];

const provider = new Provider(issuer ?? origin, {
  clients,
  ...(signingKey && {
    jwks: {
      keys: [
        {
          ...createPrivateKey(readFileSync(signingKey)).export({ format: 'jwk' }),
          kid: 'default',
          use: 'sig',
          alg: 'RS256',
        },
      ],
    },
  }),
  scopes: ['openid', 'offline_access'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  ttl: { RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, AuthorizationCode: 60, DeviceCode: 600 },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['for tests'] },
  clientBasedCORS: () => false,
  enabledJWA: {
    clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'],
  },
  formats: {
    customizers: {
      // Dovecot 2.3 takes tokens of this type only.
      jwt: (_ctx, _token, parts) => {
        parts.header = { ...parts.header, typ: 'JWT' };
      },
    },
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'smtp other',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: lifeSeconds,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
for (const name of ['grant.success', 'grant.error', 'grant.revoked', 'server_error', 'authorization.error'])
  provider.on(name, (...given) => {
    const error = given.find((value) => value instanceof Error);
    say({ event: name, error: error?.error, detail: error?.error_detail ?? error?.stack });
  });

/** A plain sign-in page; signing in also gives consent. */
const page = (uid) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body>
<h1>Sign in</h1><form method="post" action="/interaction/${uid}">
<label>User <input name="login" value="alice"></label>
<button name="answer" value="yes">Sign in</button> <button name="answer" value="no">Cancel</button></form></body></html>`;

async function answer(request, response) {
  const uid = request.url.split('/')[2];
  if (request.method === 'GET') return response.setHeader('Content-Type', 'text/html').end(page(uid));
  let body = '';
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body);
  if (form.get('answer') === 'no')
    return provider.interactionFinished(request, response, {
      error: 'access_denied',
      error_description: 'the person <b>pressed</b> cancel',
    });
  const { params, session, grantId } = await provider.interactionDetails(request, response);
  const accountId = session?.accountId ?? form.get('login');
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(resource, 'smtp other');
  return provider.interactionFinished(
    request,
    response,
    { login: { accountId }, consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  );
}

const callback = provider.callback();
handle = (request, response) => {
  // With an https issuer the provider must know that TLS ended before it.
  if (request.url.startsWith('/interaction/'))
    answer(request, response).catch((error) => {
      say({ event: 'server_error', detail: error.stack });
      response.statusCode = 500;
      response.end();
    });
  else callback(request, response);
};
say({ origin });

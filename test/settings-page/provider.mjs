/**
 * An authorization server for the tests: a page with a button, and a token endpoint that checks the client and PKCE
 * (RFC 7636).
 * @module
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Starts it for one client. */
export async function startProvider({ clientId, clientSecret, accessToken, refreshToken }) {
  let request;
  const answers = {
    'GET /authorize'({ searchParams }, response) {
      request = Object.fromEntries(searchParams);
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><h1>Sign in</h1><a href="/yes">Yes</a> <a href="/no">No</a>');
    },
    'GET /yes': (_url, response) => back(response, { code: 'the-code' }),
    'GET /no': (_url, response) => back(response, { error: 'access_denied', error_description: 'Ann said no' }),
    async 'POST /token'(_url, response, body) {
      const verifier = createHash('sha256')
        .update(body.code_verifier ?? '')
        .digest('base64url');
      const right =
        body.client_id === clientId &&
        body.client_secret === clientSecret &&
        body.code === 'the-code' &&
        verifier === request.code_challenge;
      response.setHeader('Content-Type', 'application/json');
      response.statusCode = right ? 200 : 401;
      if (!right) return response.end(JSON.stringify({ error: 'invalid_client', error_description: 'Unknown client' }));
      const answer = {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: refreshToken,
      };
      response.end(JSON.stringify(answer));
    },
  };

  function back(response, parameters) {
    const url = new URL(request.redirect_uri);
    for (const [name, value] of Object.entries({ ...parameters, state: request.state }))
      url.searchParams.set(name, value);
    response.writeHead(302, { Location: url.href }).end();
  }

  const server = createServer(async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming) text += chunk;
    const url = new URL(incoming.url, 'http://127.0.0.1');
    const answer = answers[`${incoming.method} ${url.pathname}`];
    if (answer) await answer(url, response, Object.fromEntries(new URLSearchParams(text)));
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

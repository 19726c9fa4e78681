/**
 * The settings page as a server on loopback: files of the folder `page`, an API of POST requests with JSON, and the log
 * as server-sent events.
 * @module
 */
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { isEmailError } from 'sealpost';
import { createApi } from './api.mjs';
import { fieldOf } from './form.mjs';
import { Guard, readJson, Refusal, securityHeaders } from './guard.mjs';
import { LiveLog } from './live-log.mjs';

const folder = new URL('page/', import.meta.url);
const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Serves the settings page for the profiles of a store. `address` opens it once; `close` ends it.
 *
 * @param {{ store: import('sealpost').ProfileStore, port?: number }} options `port` 0, the default, is a free one
 */
export async function startSettingsPage({ store, port = 0 }) {
  const files = await readdir(folder);
  const log = new LiveLog();
  const api = createApi(store, log);
  let guard;

  async function answer(request, response) {
    guard.checkOrigin(request);
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
    if (request.method === 'POST') return await answerApi(pathname, request, response);
    if (request.method !== 'GET') throw new Refusal(405, 'This method is not supported.');
    if (pathname === '/' && searchParams.has('token')) {
      const cookie = guard.cookieFor(searchParams.get('token'));
      return void response.writeHead(303, { 'Set-Cookie': cookie, Location: '/' }).end();
    }
    guard.checkSession(request);
    if (pathname === '/api/log') return log.stream(response);
    const file = pathname === '/' ? 'index.html' : pathname.slice(1);
    if (!files.includes(file)) throw new Refusal(404, 'There is no such page.');
    const content = await readFile(new URL(file, folder));
    response.setHeader('Content-Type', types[extname(file)]);
    response.end(file === 'index.html' ? content.toString().replace('{csrf-token}', guard.csrfToken) : content);
  }

  async function answerApi(pathname, request, response) {
    guard.checkSession(request);
    guard.checkCsrf(request);
    const name = pathname.replace(/^\/api\//, '');
    if (!Object.hasOwn(api, name)) throw new Refusal(404, 'There is no such function.');
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    sendJson(response, 200, await api[name](await readJson(request), gone.signal));
  }

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    answer(request, response).catch((error) => refuse(error, request, response));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  guard = new Guard(server.address().port);
  return {
    address: guard.address,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** Errors of the library go to the page with the field of each problem; errors of the program only to its console. */
function refuse(error, request, response) {
  if (response.destroyed) return;
  if (isEmailError(error)) {
    const { code, message, remedy, problems = [], recipients = [] } = error;
    const shown = problems.map((problem) => ({ ...problem, field: fieldOf(problem.path) }));
    sendJson(response, 422, { code, message, remedy, problems: shown, recipients });
  } else if (error instanceof Refusal) {
    sendMessage(error.status, error.message, request, response);
  } else {
    console.error(error);
    sendMessage(500, 'The program failed. Its console says more.', request, response);
  }
}

/** As JSON to the scripts of the page, as text to a person who opened an address. */
function sendMessage(status, message, { method }, response) {
  if (method === 'POST') sendJson(response, status, { message });
  else response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}

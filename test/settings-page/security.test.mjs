/**
 * The answers of the page to requests that do not come from its own browser.
 * @module
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { once } from 'node:events';
import { request } from 'node:http';
import { openPage, passwords, startBrowser, startPage } from './support.mjs';

let served;
let cookie;
let csrf;
before(async () => {
  served = await startPage();
  await served.store.save({
    name: 'office',
    sender: { email: 'ann@example.com' },
    server: { host: 'mail.example.com' },
    authentication: { method: 'password', username: 'ann', password: passwords.mail },
  });
  const first = await fetchPage(new URL(served.address).pathname + new URL(served.address).search);
  cookie = first.headers['set-cookie'][0].split(';')[0];
  csrf = /name="csrf-token" content="([^"]+)"/.exec((await fetchPage('/', { headers: { cookie } })).body)[1];
});
after(() => served.close());

/** A request as any program can make it: with a Host of its own choice, too. */
async function fetchPage(path, { method = 'GET', headers = {}, body } = {}) {
  const { hostname, port } = new URL(served.origin);
  const outgoing = request({ host: hostname, port, path, method, headers }).end(body);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

const call = (name, { headers = {}, body = '{}' } = {}) =>
  fetchPage(`/api/${name}`, {
    method: 'POST',
    headers: { cookie, 'x-csrf-token': csrf, 'content-type': 'application/json', ...headers },
    body,
  });

describe('the page', () => {
  it('is opened by its address once, with a cookie that is out of reach of scripts and of other sites', async () => {
    const again = await fetchPage(new URL(served.address).pathname + new URL(served.address).search);
    assert.equal(again.status, 403);
    assert.equal(again.body, 'This address has already been used. Restart the program for a new one.\n');
    const other = await startPage();
    const first = await fetch(other.address, { redirect: 'manual' });
    assert.equal(first.status, 303);
    assert.match(first.headers.get('set-cookie'), /^settings-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    await other.close();
  });

  it('gives nothing without the cookie', async () => {
    for (const path of ['/', '/page.mjs', '/api/log', '/?token=guess'])
      assert.ok([401, 403].includes((await fetchPage(path)).status), path);
    const { status } = await call('form', { headers: { cookie: '' }, body: '{"name":"office"}' });
    assert.equal(status, 401);
  });

  it('refuses requests without its CSRF token', async () => {
    assert.equal((await call('profiles')).status, 200);
    for (const token of ['', 'x', csrf.slice(1)])
      assert.equal(
        (await call('delete', { headers: { 'x-csrf-token': token }, body: '{"name":"office"}' })).status,
        403,
      );
    assert.equal((await served.store.list()).length, 1);
  });

  it('refuses other hosts, other sites and other forms of a request', async () => {
    const { host } = new URL(served.origin);
    for (const headers of [
      { host: 'attacker.example' },
      { host: host.replace('127.0.0.1', '127.0.0.1.attacker.example') },
      { host: '127.0.0.1' },
    ])
      assert.equal((await call('profiles', { headers })).status, 421);
    for (const headers of [
      { origin: 'https://attacker.example' },
      { origin: 'http://127.0.0.1:1' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ])
      assert.equal((await call('profiles', { headers })).status, 403);
    assert.equal((await call('profiles', { headers: { 'content-type': 'text/plain' } })).status, 415);
    assert.equal((await call('profiles', { body: '[]' })).status, 400);
    assert.equal((await call('profiles', { body: '{' })).status, 400);
    assert.equal((await call('save', { body: JSON.stringify({ values: 'x'.repeat(300_000) }) })).status, 413);
    for (const name of ['nothing', 'constructor', '__proto__']) assert.equal((await call(name)).status, 404);
    assert.equal((await fetchPage('/../app.mjs', { headers: { cookie } })).status, 404);
    assert.equal((await fetchPage('/', { method: 'PUT', headers: { cookie } })).status, 405);
  });

  it('refuses a form that is not whole, or has more in it', async () => {
    const { values } = JSON.parse((await call('form', { body: '{"name":"office"}' })).body);
    const save = async (form) =>
      (await call('save', { body: JSON.stringify({ original: 'office', values: form }) })).status;
    assert.equal(await save(values), 200);
    assert.equal(await save({ ...values, 'server.port': 25 }), 400);
    assert.equal(await save({ ...values, 'server.port': undefined }), 400);
    assert.equal(await save({ ...values, dkim: 'x' }), 400);
    assert.equal(await save({ ...values, 'authentication.password': '' }), 400);
    const list = JSON.stringify({ original: 'office', values, path: 'authentication' });
    assert.equal((await call('list-certificates', { body: list })).status, 400);
    assert.equal((await served.store.get('office')).authentication.password, passwords.mail);
  });

  it('has a policy that allows no script or style within the page, and no frame around it', async () => {
    const { headers, body } = await fetchPage('/', { headers: { cookie } });
    const policy = headers['content-security-policy'];
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|data:|\*/);
    assert.doesNotMatch(body, /style=|<style| on[a-z]+=|<script(?![^>]* src=)/);
    assert.equal(headers['cache-control'], 'no-store');
    for (const path of ['/page.mjs', '/nothing', '/api/nothing'])
      assert.equal((await fetchPage(path, { headers: { cookie } })).headers['content-security-policy'], policy);
  });
});

describe('a page of another site', () => {
  it('in the same browser can neither save nor read', async (t) => {
    const browser = await startBrowser();
    t.after(() => browser.close());
    const own = await startPage();
    await own.store.save({
      name: 'office',
      sender: { email: 'ann@example.com' },
      server: { host: 'mail.example.com' },
    });
    const { context, done } = await openPage(browser, own.address);
    const stranger = await context.newPage();
    await stranger.route('http://attacker.example/', (route) => route.fulfill({ body: '<h1>Hello</h1>' }));
    await stranger.goto('http://attacker.example/');
    const outcomes = await stranger.evaluate(async (origin) => {
      const told = (promise) =>
        promise.then(
          (response) => response.type,
          (error) => error.name,
        );
      const post = (mode, headers) =>
        fetch(`${origin}/api/delete`, {
          method: 'POST',
          mode,
          headers,
          body: '{"name":"office"}',
          credentials: 'include',
        });
      return [
        await told(post('cors', { 'Content-Type': 'application/json', 'X-CSRF-Token': 'x' })),
        await told(post('no-cors', { 'Content-Type': 'text/plain' })),
        await told(fetch(`${origin}/api/log`, { credentials: 'include' })),
      ];
    }, own.origin);
    assert.deepEqual(
      outcomes.filter((outcome) => outcome === 'basic' || outcome === 'cors'),
      [],
    );
    assert.equal((await own.store.list()).length, 1);
    await stranger.close();
    await done();
    await own.close();
  });
});

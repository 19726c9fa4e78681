/**
 * Four processes with one store, rotating refresh tokens, and a provider that revokes all tokens when one is used
 * twice. One process is killed with SIGKILL in the middle of a refresh, while it holds the lock.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { authorize, openProfileStore } from '../../src/index.js';
import { bundle } from '../support/bundle.js';
import { Person, startProvider } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-oauth-processes-'));
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

const key = '["office"]';
const refreshes = 50;
/**
 * Gets tokens until this process has made all its refreshes; each replaces one that was refused. `victim` kills itself
 * halfway with SIGKILL: before the request is sent, or once the new tokens are saved. It holds the lock at that moment.
 */
const workerSource = `
import { openProfileStore } from './index.mjs';
import { createConnectorClient, systemClock, TokenSource } from './oauth2.mjs';
import { DirectConnector } from './direct.mjs';
const [file, issuer, count, victim] = process.argv.slice(2);
const store = await openProfileStore({ file, key: new Uint8Array(32).fill(7) });
let made = 0;
const dies = (moment) => victim === moment && made === Math.floor(count / 2);
const client = createConnectorClient({ connector: new DirectConnector() });
const http = async (request, options) => {
  if (request.method !== 'POST') return await client(request, options);
  made++;
  if (dies('before the request')) process.kill(process.pid, 'SIGKILL');
  return await client(request, options);
};
const watched = {
  loadTokens: (key) => store.loadTokens(key),
  lock: (key, work, options) => store.lock(key, work, options),
  async saveTokens(key, tokens) {
    await store.saveTokens(key, tokens);
    if (dies('after the tokens are saved')) process.kill(process.pid, 'SIGKILL');
  },
};
const source = new TokenSource({
  settings: { clientId: 'person', issuer },
  surroundings: { http, clock: systemClock, chance: Math.random, loadCertificate: () => Promise.reject(new Error('none')) },
  store: watched,
  key: '["office"]',
});
console.log('ready');
for await (const _ of process.stdin) break;
let refused;
while (made < count) refused = await source.get({ refused, signal: new AbortController().signal, warn: () => {} });
console.log(made);
`;

let modules: string;
beforeAll(async () => {
  modules = await bundle({ index: 'src/index.ts', oauth2: 'src/oauth2/oauth2.ts', direct: 'src/net/direct.ts' });
  writeFileSync(join(modules, 'worker.mjs'), workerSource);
}, 60_000);

interface Worker {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<readonly [number | null, string | null]>;
  readonly lines: readonly string[];
}

function start(...args: readonly string[]): Worker {
  const child = spawn(process.execPath, [join(modules, 'worker.mjs'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  started.add(child);
  const lines: string[] = [];
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const ready = new Promise<void>((resolve, reject) => {
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      if (line === 'ready') resolve();
      else lines.push(line);
    });
    void ended.then(() => reject(new Error('the worker ended')));
  });
  return { child, ready, ended, lines };
}

it.each(['before the request', 'after the tokens are saved'])(
  'no refresh token is lost or used twice, where one process is killed %s',
  async (moment) => {
    await using provider = await startProvider();
    const settings = { clientId: 'person', issuer: provider.origin, scope: 'openid offline_access smtp' };
    const first = await authorize(
      { ...settings, authorizationParameters: { prompt: 'consent' } },
      { openBrowser: (url) => void new Person().signIn(url) },
    );
    const file = join(scratch, `${moment.replaceAll(' ', '-')}.store`);
    const store = await openProfileStore({ file, key: new Uint8Array(32).fill(7) });
    await store.saveTokens(key, first);
    const workers = [moment, '', '', ''].map((victim) => start(file, provider.origin, String(refreshes), victim));
    await Promise.all(workers.map(({ ready }) => ready));
    for (const { child } of workers) child.stdin?.end('go\n');
    const [victim, ...others] = workers as [Worker, ...Worker[]];
    expect(await victim.ended).toEqual([null, 'SIGKILL']);
    for (const { ended, lines } of others) {
      expect(await ended).toEqual([0, null]);
      expect(lines).toEqual([String(refreshes)]);
    }
    expect(provider.events.filter(({ event }) => event !== 'grant.success')).toEqual([]);
    // One event is from the authorization code. Of the victim's half only requests that reached the provider count.
    const made = provider.events.length - 1;
    expect(made).toBe(3 * refreshes + Math.floor(refreshes / 2) - (moment === 'before the request' ? 1 : 0));
    const kept = await store.loadTokens(key);
    expect(kept?.refreshToken).not.toBe(first.refreshToken);
  },
  240_000,
);

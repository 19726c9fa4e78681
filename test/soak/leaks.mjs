/**
 * Repeats one kind of work: `node --expose-gc leaks.mjs NAME COUNT`. Heap, handles and listeners are measured after a
 * fifth of the work and at its end, and must not have grown.
 * @module
 */
import { subscribe } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';
import { startServer, startTokenEndpoint } from './servers.mjs';

/** A leak of a hundred octets a send shows after ten thousand sends. */
const mostHeapGrowth = 1 << 20;
const parallel = 20;

const sender = { email: 'ann@example.com' };
const message = { to: 'bob@example.org', subject: 'soak', text: 'Hello' };
const profileFor = (port, more = {}) => ({
  name: 'soak',
  sender,
  ...more,
  server: { host: '127.0.0.1', port, security: 'none', ...more.server },
});

/** Sockets of clients that are open. */
const sockets = new Set();
subscribe('net.client.socket', ({ socket }) => {
  for (const each of sockets) if (each.destroyed) sockets.delete(each);
  sockets.add(socket);
});

const countListeners = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

async function measure(signals) {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
  return {
    heap: process.memoryUsage().heapUsed,
    handles: handles.length,
    processListeners: countListeners(process),
    socketListeners: Math.max(0, ...[...sockets].map(countListeners)),
    signalListeners: signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0),
  };
}

async function codeOf(promise) {
  return await promise.then(
    () => 'sent',
    (error) => error.code ?? String(error),
  );
}

/**
 * Each part prepares its servers and mailers. `round(i)` does a piece of work and returns its outcome; `width` is the
 * number that run at a time.
 */
const parts = {
  /** One mailer, one signal for all messages, every tenth message refused. */
  async sends() {
    let rounds = 0;
    const server = await TestSmtpServer.start({
      security: 'none',
      replies: (verb) => (verb === 'RCPT' && rounds % 10 === 9 ? '550 5.1.1 no' : undefined),
    });
    const { signal } = new AbortController();
    const mailer = createMailer(profileFor(server.port), { logger: () => {} });
    return {
      signals: [signal],
      round: async (i) => {
        rounds = i;
        return await codeOf(mailer.send(message, { signal, onProgress: () => {} }));
      },
      server,
      expected: ['sent', 'ERR_RECIPIENTS_REJECTED'],
      close: () => mailer.close(),
    };
  },

  /** Connections that fail in every way: of mailers that are closed, and of one that stays open. */
  async failures() {
    const silent = await startServer(() => {});
    const drops = await startServer((socket) => socket.destroy());
    const resets = await startServer((socket) => socket.resetAndDestroy());
    const refuses = await startServer((socket) => socket.end('554 5.7.1 no\r\n'));
    const talks = await startServer((socket) => socket.write('x'.repeat(20_000)));
    const plain = await startServer((socket) => {
      socket.write('220 x\r\n');
      socket.on('data', () => socket.write('250 x\r\n'));
    });
    const gone = await TestSmtpServer.start({ security: 'none' });
    const goneProfile = profileFor(gone.port);
    await gone.close();
    const timeouts = { connectMs: 5, greetingMs: 5 };
    const profiles = [
      goneProfile,
      profileFor(silent.port, { server: { timeouts } }),
      profileFor(drops.port),
      profileFor(resets.port),
      profileFor(refuses.port),
      profileFor(talks.port),
      profileFor(plain.port, { server: { security: 'explicit' } }),
      profileFor(plain.port, { server: { security: 'implicit', timeouts: { connectMs: 500 } } }),
      profileFor(1, { proxy: `socks5://127.0.0.1:${drops.port}` }),
      profileFor(1, { proxy: `http://127.0.0.1:${refuses.port}` }),
    ];
    const living = profiles.map((profile) => createMailer(profile));
    const controller = new AbortController();
    const { signal } = controller;
    return {
      signals: [signal],
      round: async (i) => {
        const at = i % profiles.length;
        if (Math.floor(i / profiles.length) % 2 === 0) {
          const { ok, steps } = await living[at].testConnection({ signal });
          return ok ? 'ok' : steps.findLast((step) => step.error)?.error.code;
        }
        const mailer = createMailer(profiles[at]);
        const code = await codeOf(mailer.send(message, { signal }));
        await mailer.close();
        return code;
      },
      expected: [
        'ERR_CONNECT',
        'ERR_TIMEOUT',
        'ERR_SMTP_REPLY',
        'ERR_SMTP_PROTOCOL',
        'ERR_TLS',
        'ERR_TLS_REQUIRED',
        'ERR_PROXY',
      ],
      close: () => Promise.all(living.map((mailer) => mailer.close())),
    };
  },

  /** Mailers of several kinds: never used, used once, and closed by force while they send. */
  async mailers() {
    const server = await TestSmtpServer.start({ security: 'none' });
    const directory = mkdtempSync(join(tmpdir(), 'sealpost-soak-'));
    const profiles = [
      profileFor(server.port),
      profileFor(server.port, { logging: { file: join(directory, 'log.txt') } }),
      profileFor(server.port, {
        logging: { eventLog: { syslog: { host: '127.0.0.1', port: server.port, protocol: 'udp' } } },
      }),
      profileFor(server.port, { proxy: 'auto' }),
    ];
    const { signal } = new AbortController();
    return {
      signals: [signal],
      round: async (i) => {
        const mailer = createMailer(profiles[i % profiles.length]);
        if (i % 3 === 0) return await codeOf(mailer.close());
        const code = codeOf(mailer.send(message, { signal }));
        if (i % 3 === 1) await code;
        await mailer.close({ force: i % 3 === 2 });
        return await code;
      },
      server,
      expected: ['sent', 'ERR_CLOSED'],
      close: async () => rmSync(directory, { recursive: true }),
    };
  },

  /** A token that expires at once, and a refresh token that changes each time. */
  async tokens() {
    let count = 0;
    const { url } = await startTokenEndpoint(() => ({
      access_token: 'token',
      token_type: 'Bearer',
      expires_in: 1,
      refresh_token: `refresh-${++count}`,
    }));
    const server = await TestSmtpServer.start({ security: 'none', users: { ann: 'token' } });
    let clock = Date.now();
    Date.now = () => (clock += 1000);
    const profile = profileFor(server.port, {
      authentication: { method: 'xoauth2', username: 'ann', allowPlaintext: true },
      oauth2: { clientId: 'c', tokenUrl: url, refreshToken: 'refresh-0' },
    });
    const mailer = createMailer(profile, { pool: { maxMessagesPerConnection: 1 } });
    const { signal } = new AbortController();
    return {
      signals: [signal],
      round: async (i) => {
        const before = count;
        const code = await codeOf(mailer.send(message, { signal }));
        return count > before ? code : 'no refresh';
      },
      width: 1,
      server,
      expected: ['sent'],
      close: () => mailer.close(),
    };
  },
};

const [, , name, text] = process.argv;
const count = Number(text);
const part = await parts[name]();
const width = part.width ?? parallel;
const codes = new Map();
let next = 0;
async function runTo(end) {
  const work = async () => {
    while (next < end) {
      if (next % 50 === 0) part.server?.clear();
      const code = await part.round(next++);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  part.server?.clear();
}
const started = performance.now();
await runTo(Math.ceil(count / 5));
const first = await measure(part.signals);
await runTo(count);
const last = await measure(part.signals);
const seconds = (performance.now() - started) / 1000;
await part.close();

const problems = [];
for (const [key, value] of Object.entries(last)) {
  const growth = value - first[key];
  if (growth > (key === 'heap' ? mostHeapGrowth : key === 'handles' ? width : 0))
    problems.push(`${key}: ${first[key]} after a fifth, ${value} at the end`);
}
if (last.signalListeners > 0) problems.push(`${last.signalListeners} listeners on the caller's signals`);
for (const code of codes.keys()) if (!part.expected.includes(code)) problems.push(`an outcome of ${code}`);
for (const code of part.expected) if (!codes.has(code)) problems.push(`no outcome of ${code}`);
const growth = Math.round((last.heap - first.heap) / 1024);
console.log(
  `${name}: ${count} in ${seconds.toFixed(0)} s, heap ${growth} KiB, ${JSON.stringify(Object.fromEntries(codes))}`,
);
for (const problem of problems) console.log(`  WRONG ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

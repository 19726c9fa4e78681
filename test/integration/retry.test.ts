/**
 * Further attempts and lists of servers, with servers on loopback: one message over all attempts, and what is told of
 * them.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createMailer,
  createEmailError,
  defineProfile,
  openProfileStore,
  parseProfile,
  profileToJson,
} from '../../src/index.js';
import type { EmailProfile, LogEvent, MailerOptions, OutgoingServer } from '../../src/index.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import type { TestSmtpServerOptions } from '../../src/testing.js';
import { turns, until } from '../support/clock.js';
import { failure } from '../support/engine.js';
import { startScriptedServer } from '../support/scripted-server.js';

const message = { to: 'b@example.org', subject: 'x', text: 'x' };
const quick = { attempts: 3, delayMs: 1, maxMs: 5 };

function profileOf(server: EmailProfile['server'], more: Partial<EmailProfile> = {}): EmailProfile {
  return { name: 'p', sender: { email: 'a@example.com' }, server, ...more };
}

async function start(options: TestSmtpServerOptions = {}): Promise<TestSmtpServer> {
  const server = await TestSmtpServer.start({ security: 'none', ...options });
  onTestFinished(() => server.close());
  return server;
}

function make(server: EmailProfile['server'], options: MailerOptions = {}, more: Partial<EmailProfile> = {}) {
  const mailer = createMailer(profileOf(server, more), options);
  onTestFinished(() => mailer.close({ force: true }));
  return mailer;
}

/** A port of loopback that refuses connections. */
async function closedPort(): Promise<OutgoingServer> {
  const server = await TestSmtpServer.start();
  await server.close();
  return { host: '127.0.0.1', port: server.port, security: 'none' };
}

const contentOf = (server: TestSmtpServer, at = 0): string =>
  Buffer.from(server.messages[at]?.content ?? []).toString('latin1');

describe('a list of servers', () => {
  it('sends through the next one where the first cannot be reached', async () => {
    const second = await start();
    const first = await closedPort();
    const result = await make([first, second.settings]).send(message);
    expect(result.accepted).toEqual(['b@example.org']);
    expect(result.attempts).toMatchObject([
      { server: `127.0.0.1:${first.port}`, accepted: [], error: { code: 'ERR_CONNECT' } },
      { server: `${second.settings.host}:${second.port}`, accepted: ['b@example.org'] },
    ]);
    expect(contentOf(second)).toContain(result.messageId);
  });

  it('tells all attempts where each fails', async () => {
    const [first, second] = [await closedPort(), await closedPort()];
    const error = await failure(make([first, second]).send(message));
    expect(error).toMatchObject({ code: 'ERR_CONNECT', server: `127.0.0.1:${second.port}`, profile: 'p' });
    expect(error.attempts?.map(({ server }) => server)).toEqual([first, second].map(({ port }) => `127.0.0.1:${port}`));
    const json = JSON.parse(JSON.stringify(error)) as { attempts: { error: { code: string } }[] };
    expect(json.attempts.map((attempt) => attempt.error.code)).toEqual(['ERR_CONNECT', 'ERR_CONNECT']);
  });

  it('is off, and tells no attempts, with one server and without the option', async () => {
    const server = await start({ replies: { MAIL: ['451 4.3.0 later'] } });
    const mailer = make(server.settings);
    const error = await failure(mailer.send(message));
    expect(error.attempts).toBeUndefined();
    const result = await mailer.send(message);
    expect(result.attempts).toBeUndefined();
    expect(server.messages).toHaveLength(1);
  });

  it('keeps one Message-ID and one date over all attempts', async () => {
    let fields: readonly string[] = [];
    let cut = (): void => {};
    const isCut = new Promise<void>((resolve) => (cut = resolve));
    await using cutting = await startScriptedServer(async (peer) => {
      await peer.send('220 x ESMTP\r\n');
      await peer.hello();
      for (const reply of ['250 ok', '250 ok', '354 go']) {
        await peer.line();
        await peer.send(`${reply}\r\n`);
      }
      fields = (await peer.until('\r\n\r\n')).toString().match(/^(?:Message-ID|Date): .*$/gm) ?? [];
      peer.socket.destroy();
      cut();
    });
    const second = await start();
    const first: OutgoingServer = { host: '127.0.0.1', port: cutting.port, security: 'none' };
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000, 'x');
      await isCut;
      yield Buffer.from('y');
    }
    const result = await make([first, second.settings]).send({ ...message, attachments: [{ content }] });
    expect(result.attempts?.map(({ error }) => error?.code)).toEqual(['ERR_CONNECT', undefined]);
    expect(fields).toHaveLength(2);
    for (const field of fields) expect(contentOf(second)).toContain(field);
  });

  it('checks its servers like a single one', () => {
    const list = [{ host: 'a.example' }, { host: 'b.example', timeouts: { totalMs: 5 } }, { host: '' }];
    try {
      createMailer(profileOf(list));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_PROFILE_INVALID' });
      const { problems } = error as { problems: { path: string }[] };
      expect(problems.map(({ path }) => path)).toEqual(['server.2.host', 'server.1.timeouts.totalMs']);
    }
    expect(() => createMailer(profileOf([]))).toThrow(/server: expected at least one entry/);
  });

  it('shares one rate limit', async () => {
    const second = await start();
    let fails = true;
    const busy = await start({ replies: (verb) => (verb === 'MAIL' && fails ? '451 4.3.0 later' : undefined) });
    const mailer = make([busy.settings, second.settings], { pool: { rateLimit: { messages: 2, perMs: 2 ** 31 - 1 } } });
    await mailer.send(message);
    fails = false;
    const controller = new AbortController();
    const waiting = mailer.send(message, { signal: controller.signal });
    waiting.catch(() => undefined);
    await until(() => mailer.stats().waiting === 1);
    await turns();
    controller.abort();
    expect((await failure(waiting)).code).toBe('ERR_ABORTED');
    expect([second.messages.length, busy.messages.length]).toEqual([1, 0]);
  });

  it('ends with the deadline of the first server', async () => {
    const silent = await start({ faults: [{ at: 'greeting', do: 'silence' }] });
    const first = { ...silent.settings, timeouts: { totalMs: 50 } };
    const error = await failure(make([first, silent.settings]).send(message));
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', delivery: 'not-delivered' });
    expect(error.message).toContain('totalMs');
    expect(error.attempts).toHaveLength(1);
  });

  it('is tested server by server', async () => {
    const [works, refuses] = [await start(), await start({ replies: { GREETING: ['554 5.3.2 no'] } })];
    const report = await make([works.settings, refuses.settings]).testConnection();
    expect(report.ok).toBe(false);
    expect(report.servers?.map(({ ok, server }) => [ok, server])).toEqual([
      [true, `${works.settings.host}:${works.port}`],
      [false, `${refuses.settings.host}:${refuses.port}`],
    ]);
    expect(report.steps.length).toBe(report.servers?.flatMap(({ steps }) => steps).length);
    expect(String(report)).toContain(`${refuses.settings.host}:${refuses.port}\n`);
    const json = JSON.parse(JSON.stringify(report)) as { servers: { server: string; steps: { error?: object }[] }[] };
    expect(json.servers).toHaveLength(2);
    expect(json.servers[1]?.steps.some(({ error }) => error !== undefined)).toBe(true);
  });

  it('goes through JSON and the profile store, with secrets redacted where they are shown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'retry-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const clientCertificate = { data: 'x', key: 'the key', password: 'the password' };
    const profile = profileOf([
      { host: 'a.example', port: 465, security: 'implicit' },
      { host: 'b.example', tls: { clientCertificate }, maxRecipients: 5 },
    ]);
    expect(parseProfile(JSON.parse(JSON.stringify(profileToJson(profile, { secrets: 'include' }))))).toEqual(profile);
    const shown = JSON.stringify(profileToJson(profile, { secrets: 'redact' }));
    expect(shown).toContain('[redacted]');
    for (const text of [shown, JSON.stringify(defineProfile(profile)), inspect(defineProfile(profile), { depth: 9 })])
      expect(text).not.toMatch(/the key|the password/);
    const foreign = profileOf([{ host: 'a' }, { host: 'b', tls: { ca: { file: 'x' } } }]);
    expect(() => parseProfile(foreign, { allowReferences: false })).toThrow(/server\.1\.tls\.ca/);
    const store = await openProfileStore({ file: join(folder, 'store'), key: Buffer.alloc(32, 1) });
    await store.save(profile);
    expect(await store.get('p')).toEqual(profile);
  });

  it('names connections by numbers of their own over all servers', async () => {
    const events: LogEvent[] = [];
    const second = await start();
    const refusing = await start({ replies: () => '421 4.3.2 no' });
    await make([refusing.settings, second.settings], { logger: (event) => events.push(event) }).send(message);
    const numbers = new Set(events.filter(({ type }) => type === 'reply').map(({ connection }) => connection));
    expect(numbers).toEqual(new Set([1, 2]));
  });
});

describe('a wrong certificate or password of one server', () => {
  it('is a warning in result and log where another one takes the message', async () => {
    const users = { ann: 'right' };
    const [first, second] = [await start({ users: { ann: 'other' } }), await start({ users })];
    const events: LogEvent[] = [];
    const authentication = { method: 'scram-sha-256', username: 'ann', password: 'right' } as const;
    const options = { logger: (event: LogEvent) => void events.push(event) };
    const { warnings } = await make([first.settings, second.settings], options, { authentication }).send(message);
    expect(warnings.map(({ code }) => code)).toContain('WARN_SERVER_PASSED_OVER');
    const logged = events.flatMap((event) => (event.type === 'warning' ? [event.warning.code] : []));
    expect(logged.filter((code) => code === 'WARN_SERVER_PASSED_OVER')).toHaveLength(1);
  });

  it('is the error of the send where no server takes it', async () => {
    const users = { ann: 'other' };
    const [first, second] = [await start({ users }), await start({ users })];
    const authentication = { method: 'scram-sha-256', username: 'ann', password: 'right' } as const;
    const mailer = make([first.settings, second.settings], { retry: quick }, { authentication });
    const error = await failure(mailer.send(message));
    expect(error).toMatchObject({ code: 'ERR_AUTH_REJECTED', retryable: false });
    expect(error.attempts).toHaveLength(2);
  });

  it('of TLS is the same', async () => {
    const [first, second] = [await start({ security: 'implicit' }), await start({ security: 'implicit' })];
    const untrusted: OutgoingServer = { host: '127.0.0.1', port: first.port, security: 'implicit' };
    const { warnings } = await make([untrusted, second.settings]).send(message);
    const [warning] = warnings.filter(({ code }) => code === 'WARN_SERVER_PASSED_OVER');
    expect(warning?.message).toContain(`127.0.0.1:${first.port} was skipped`);
    expect((await failure(make([untrusted, untrusted], { retry: quick }).send(message))).code).toBe('ERR_TLS');
  });
});

describe('the retry option', () => {
  it('tries one server again', async () => {
    const server = await start({ replies: { MAIL: ['451 4.3.0 later', '450 4.3.2 later'] } });
    const result = await make(server.settings, { retry: quick }).send(message);
    expect(result.attempts?.map(({ error }) => error?.reply?.code)).toEqual([451, 450, undefined]);
    expect(server.messages).toHaveLength(1);
  });

  it('never sends again what may have arrived', async () => {
    const server = await start({ faults: [{ at: 'end', do: 'drop', times: 1 }] });
    const error = await failure(make([server.settings, server.settings], { retry: quick }).send(message));
    expect(error.delivery).toBe('unknown');
    expect(error.attempts).toHaveLength(1);
    expect(server.messages).toHaveLength(1);
  });

  it('keeps a stream that can be read once, and removes what it kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealpost-kept-'));
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    });
    const server = await start({ faults: [{ at: 'content', do: 'drop', times: 1 }] });
    const content = Buffer.alloc(3_000_000, 'sealpost ');
    const stream = Readable.from([content.subarray(0, 1_000_000), content.subarray(1_000_000)]);
    let kept = 0;
    const logger = (): void => void (kept = Math.max(kept, readdirSync(folder).length));
    const result = await make(server.settings, { retry: quick, logger }).send({
      ...message,
      attachments: [{ content: stream }],
    });
    expect(result.attempts).toHaveLength(2);
    expect(Buffer.from(server.messages[0]?.attachments[0]?.content ?? []).equals(content)).toBe(true);
    expect(kept).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names a function that gives the same stream twice', async () => {
    const server = await start({ faults: [{ at: 'content', do: 'drop', times: 1 }] });
    const stream = Readable.from([Buffer.alloc(3_000_000)]);
    const attachments = [{ content: () => stream }];
    const error = await failure(make(server.settings, { retry: quick }).send({ ...message, attachments }));
    expect(error).toMatchObject({ code: 'ERR_CONTENT' });
    expect(error.message).toContain('attachments.0.content');
    expect(error.attempts).toHaveLength(2);
    expect(server.messages).toEqual([]);
  });

  it('sends a finished message again', async () => {
    const server = await start({ faults: [{ at: 'MAIL', do: 'drop', times: 1 }] });
    const raw = Readable.from(['From: a@example.com\r\nMessage-ID: <x@y>\r\n\r\nHello\r\n']);
    const result = await make(server.settings, { retry: quick }).send({ to: 'b@example.org', raw });
    expect(result.accepted).toHaveLength(1);
    expect(contentOf(server)).toContain('Hello');
  });

  it('works with a transport of the caller, and closes it', async () => {
    const transport = new MemoryTransport();
    let closed = 0;
    transport.close = async () => void closed++;
    const mailer = createMailer(profileOf({ host: 'x' }), { transport, retry: quick });
    transport.failNext(createEmailError('ERR_CONNECT', 'down', { phase: 'connect', retryable: true }));
    const result = await mailer.send(message);
    expect(result.attempts?.map(({ server, error }) => [server, error?.code])).toEqual([
      [undefined, 'ERR_CONNECT'],
      [undefined, undefined],
    ]);
    expect(result.bytes).toBe(transport.sent[0]?.content.length);
    transport.failNext(new Error('who knows'));
    expect((await failure(mailer.send(message))).attempts).toHaveLength(1);
    expect((await mailer.testConnection()).ok).toBe(true);
    await mailer.close();
    expect(closed).toBe(1);
  });

  it('closes a transport of the caller that was never used', async () => {
    const transport = new MemoryTransport();
    let closed = 0;
    transport.close = async () => void closed++;
    await createMailer(profileOf({ host: 'x' }), { transport, retry: {} }).close();
    expect(closed).toBe(1);
  });

  it('ends its waits with a forced close', async () => {
    const server = await start({ replies: { MAIL: ['451 4.3.0 later'] } });
    const mailer = make(server.settings, { retry: { attempts: 2, delayMs: 2 ** 31 - 1, maxMs: 2 ** 31 - 1 } });
    const sending = mailer.send(message);
    sending.catch(() => undefined);
    await until(() => server.transcript.some((line) => line.includes('451')));
    await turns();
    await mailer.close({ force: true });
    expect((await failure(sending)).code).toBe('ERR_CLOSED');
  });

  it('counts open connections of all servers', async () => {
    const [first, second] = [await start({ replies: { MAIL: ['451 4.3.0 later'] } }), await start()];
    const mailer = make([first.settings, second.settings]);
    expect(mailer.stats().connections.limit).toBe(6);
    await mailer.send(message);
    expect(mailer.stats().connections).toMatchObject({ open: 2, limit: 6 });
  });

  it.each<[string, object, string]>([
    ['no attempt', { attempts: 0 }, 'retry.attempts'],
    ['a delay that is text', { delayMs: '5' }, 'retry.delayMs'],
    ['an unknown key', { times: 3 }, 'retry.times'],
  ])('refuses %s', async (_, retry, path) => {
    const error = await failure((async () => createMailer(profileOf({ host: 'x' }), { retry }))());
    expect(error.problems?.map((problem) => problem.path)).toEqual([path]);
  });
});

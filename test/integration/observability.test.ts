/**
 * The channels of `node:diagnostics_channel` and `mailer.stats()`, against a server in the process.
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { TracingChannelSubscribers } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMailer } from '../../src/index.js';
import type {
  CommandTrace,
  ConnectionTrace,
  EmailProfile,
  MailerOptions,
  ReplyTrace,
  SendTrace,
} from '../../src/index.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import { startScriptedServer } from '../support/scripted-server.js';

const message = { to: 'bob@example.org', subject: 'a subject', text: 'some text' };
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const moments = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

/** Records the events of a tracing channel until the end of the test. */
function watch<T extends object>(name: string): { readonly moment: (typeof moments)[number]; readonly trace: T }[] {
  const seen: { readonly moment: (typeof moments)[number]; readonly trace: T }[] = [];
  const channels = tracingChannel<unknown, T>(name);
  const subscribers = Object.fromEntries(
    moments.map((moment) => [moment, (trace: T) => seen.push({ moment, trace: { ...trace } })]),
  ) as unknown as TracingChannelSubscribers<T>;
  channels.subscribe(subscribers);
  cleanups.push(() => channels.unsubscribe(subscribers));
  return seen;
}

/** Records for each operation the names of the spans around it, outermost first. */
function spans(names: readonly string[]): {
  readonly store: AsyncLocalStorage<readonly string[]>;
  readonly seen: string[];
} {
  const store = new AsyncLocalStorage<readonly string[]>();
  const seen: string[] = [];
  for (const name of names) {
    const { start } = tracingChannel<unknown, { step?: string; verb?: string }>(`sealpost:${name}`);
    start.bindStore(store, (trace) => {
      const path = [...(store.getStore() ?? []), trace.step ?? trace.verb ?? name];
      seen.push(path.join(' > '));
      return path;
    });
    cleanups.push(() => start.unbindStore(store));
  }
  return { store, seen };
}

function profileOf(server: TestSmtpServer, more: Partial<EmailProfile> = {}): EmailProfile {
  return {
    name: 'office',
    sender: { email: 'ann@example.com' },
    server: { host: server.host, port: server.port, security: 'explicit', tls: { ca: server.ca } },
    authentication: { method: 'plain', username: 'ann', password: 'correct horse' },
    ...more,
  };
}
const startServer = (): Promise<TestSmtpServer> =>
  TestSmtpServer.start({ security: 'starttls', users: { ann: 'correct horse' } });

describe('without subscribers', () => {
  it('no channel is asked to publish', async () => {
    await using server = await startServer();
    const used: (string | symbol)[] = [];
    const spies = (['publish', 'runStores'] as const).map((method) =>
      vi.spyOn(Channel.prototype, method).mockImplementation(function (this: Channel) {
        used.push(this.name);
      }),
    );
    cleanups.push(() => spies.forEach((spy) => spy.mockRestore()));
    await using mailer = createMailer(profileOf(server));
    expect((await mailer.send(message)).accepted).toEqual(['bob@example.org']);
    await Promise.all([mailer.send(message), mailer.send(message), mailer.send(message)]);
    expect(used.filter((name) => String(name).includes('sealpost'))).toEqual([]);
  });
});

describe('sealpost:send', () => {
  it('tells of the beginning and the end of a send, without addresses', async () => {
    const seen = watch<SendTrace>('sealpost:send');
    await using server = await startServer();
    await using mailer = createMailer(profileOf(server));
    const { bytes } = await mailer.send({ ...message, to: ['bob@example.org', 'eve@example.org'] });
    const base = { profile: 'office', server: server.host, port: server.port };
    const done = { ...base, accepted: 2, rejected: 0, bytes };
    expect(seen).toEqual([
      { moment: 'start', trace: base },
      { moment: 'end', trace: base },
      { moment: 'asyncStart', trace: done },
      { moment: 'asyncEnd', trace: done },
    ]);
  });

  it('tells of a failure', async () => {
    const seen = watch<SendTrace>('sealpost:send');
    const transport = new MemoryTransport();
    transport.failNext({ code: 554, lines: ['no'] });
    await using mailer = createMailer(
      { name: 'office', sender: { email: 'ann@example.com' }, server: { host: 'h' } },
      { transport },
    );
    await expect(mailer.send(message)).rejects.toMatchObject({ code: 'ERR_SMTP_REPLY' });
    expect(seen.map(({ moment }) => moment)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(seen[2]?.trace.error).toMatchObject({ code: 'ERR_SMTP_REPLY', delivery: 'not-delivered' });
  });
});

describe('sealpost:connection', () => {
  it('tells of the opening and its steps', async () => {
    const seen = watch<ConnectionTrace>('sealpost:connection');
    await using server = await startServer();
    await using mailer = createMailer(profileOf(server));
    await mailer.send(message);
    await mailer.send(message);
    const steps = ['resolve', 'connect', 'greeting', 'ehlo', 'starttls', 'tls', 'ehlo', 'authenticate'];
    expect(seen.filter(({ moment }) => moment === 'start').map(({ trace }) => trace.step)).toEqual([
      undefined,
      ...steps,
    ]);
    expect(seen.filter(({ moment }) => moment === 'asyncEnd').map(({ trace }) => trace.step)).toEqual([
      ...steps,
      undefined,
    ]);
    for (const { trace } of seen)
      expect(trace).toMatchObject({ connection: 1, server: server.host, port: server.port });
    expect(seen.at(-1)?.trace).toMatchObject({ mechanism: 'PLAIN', tls: 'TLSv1.3' });
  });

  it('tells which step failed', async () => {
    const seen = watch<ConnectionTrace>('sealpost:connection');
    await using server = await startServer();
    await using mailer = createMailer(
      profileOf(server, { authentication: { method: 'plain', username: 'ann', password: 'wrong' } }),
    );
    await expect(mailer.send(message)).rejects.toMatchObject({ code: 'ERR_AUTH_REJECTED' });
    expect(seen.filter(({ moment }) => moment === 'error').map(({ trace }) => [trace.step, trace.error])).toEqual([
      ['authenticate', expect.objectContaining({ code: 'ERR_AUTH_REJECTED' })],
      [undefined, expect.objectContaining({ code: 'ERR_AUTH_REJECTED' })],
    ]);
  });
});

describe('sealpost:command and sealpost:reply', () => {
  const replies = (): ReplyTrace[] => {
    const seen: ReplyTrace[] = [];
    const listen = (trace: unknown): number => seen.push(trace as ReplyTrace);
    subscribe('sealpost:reply', listen);
    cleanups.push(() => unsubscribe('sealpost:reply', listen));
    return seen;
  };

  it('tell of each command with its reply, and of no address', async () => {
    const seen = watch<CommandTrace>('sealpost:command');
    const got = replies();
    await using server = await startServer();
    await using mailer = createMailer(profileOf(server));
    const { bytes } = await mailer.send({ ...message, to: ['bob@example.org', 'eve@example.org'] });
    await mailer.close();
    const ended = seen.filter(({ moment }) => moment === 'asyncEnd').map(({ trace }) => trace);
    expect(ended.map(({ verb, code, bytes: sent }) => [verb, code, sent])).toEqual([
      ['EHLO', 250, 0],
      ['STARTTLS', 220, 0],
      ['EHLO', 250, 0],
      ['AUTH', 235, 0],
      ['MAIL', 250, 0],
      ['RCPT', 250, 0],
      ['RCPT', 250, 0],
      ['BDAT', 250, bytes],
      ['QUIT', 221, 0],
    ]);
    expect(got.map(({ verb, code }) => [verb, code])).toEqual([
      [undefined, 220],
      ...ended.map(({ verb, code }) => [verb, code]),
    ]);
    expect(seen.filter(({ moment }) => moment === 'start')).toHaveLength(ended.length);
    for (const word of [
      'bob',
      'eve',
      'ann',
      'example.',
      'subject',
      'correct horse',
      Buffer.from('ann').toString('base64'),
    ])
      expect(JSON.stringify([seen, got])).not.toContain(word);
  });

  it.each([
    ['in one write', 1_000, ['8BITMIME']],
    ['in many', 300_000, ['8BITMIME']],
    ['in one write, by BDAT', 1_000, ['CHUNKING', '8BITMIME']],
    ['in many, by BDAT', 300_000, ['CHUNKING', '8BITMIME']],
  ])('tell of content %s', async (_how, length, extensions) => {
    const seen = watch<CommandTrace>('sealpost:command');
    await using server = await TestSmtpServer.start({ security: 'none', extensions });
    const target = { host: server.host, port: server.port, security: 'none' } as const;
    await using mailer = createMailer({ name: 'p', sender: { email: 'ann@example.com' }, server: target });
    const attachments = [{ filename: 'a.bin', content: Readable.from([Buffer.alloc(length, 'a')]) }];
    const { bytes } = await mailer.send({ ...message, attachments });
    const verb = extensions.includes('CHUNKING') ? 'BDAT' : 'content';
    const content = seen.filter(({ moment, trace }) => moment === 'asyncEnd' && trace.verb === verb);
    expect(content.at(-1)?.trace.code).toBe(250);
    const sent = content.reduce((sum, { trace }) => sum + trace.bytes, 0);
    // With DATA, the end of data is sent behind the content.
    expect(sent - bytes).toBe(verb === 'BDAT' ? 0 : 3);
    const starts = seen.filter(({ moment }) => moment === 'start');
    expect(seen.filter(({ moment }) => moment === 'asyncEnd')).toHaveLength(starts.length);
  });

  it('tell of commands whose reply never comes', async () => {
    const seen = watch<CommandTrace>('sealpost:command');
    await using server = await TestSmtpServer.start({ security: 'none', faults: [{ at: 'MAIL', do: 'drop' }] });
    const target = { host: server.host, port: server.port, security: 'none' } as const;
    await using mailer = createMailer({ name: 'p', sender: { email: 'ann@example.com' }, server: target });
    await expect(mailer.send(message)).rejects.toMatchObject({ code: 'ERR_CONNECT' });
    expect(seen.filter(({ moment }) => moment === 'error').map(({ trace }) => trace.verb)).toContain('MAIL');
    const count = (moment: string): number => seen.filter((entry) => entry.moment === moment).length;
    expect(count('asyncEnd')).toBe(count('start'));
  });

  it('has a reply for each recipient of LMTP in one trace', async () => {
    const seen = watch<CommandTrace>('sealpost:command');
    const script = startScriptedServer(async (peer) => {
      await peer.send('220 lmtp\r\n');
      await peer.line();
      await peer.send('250-lmtp\r\n250 PIPELINING\r\n');
      await peer.lines(3);
      await peer.send('250 ok\r\n250 ok\r\n250 ok\r\n');
      await peer.line();
      await peer.send('354 go on\r\n');
      await peer.until('\r\n.\r\n');
      await peer.send('250 first\r\n452 4.2.2 second\r\n');
      await peer.line();
      await peer.send('221 bye\r\n');
    });
    await using server = await script;
    await using mailer = createMailer({
      name: 'p',
      sender: { email: 'ann@example.com' },
      server: { host: '127.0.0.1', port: server.port, protocol: 'lmtp', security: 'none' },
    });
    const { rejected } = await mailer.send({ ...message, to: ['bob@example.org', 'eve@example.org'] });
    expect(rejected).toHaveLength(1);
    await mailer.close();
    const ended = seen.filter(({ moment }) => moment === 'asyncEnd').map(({ trace }) => [trace.verb, trace.code]);
    expect(ended.slice(-3)).toEqual([
      ['DATA', 354],
      ['content', 452],
      ['QUIT', 221],
    ]);
  });
});

describe('the asynchronous context', () => {
  it('of a send is that of its connection and commands, also where it had to wait for others', async () => {
    const { store, seen } = spans(['send', 'connection', 'command']);
    await using server = await startServer();
    // Each message needs a connection of its own, and only one is open at a time.
    const pool: MailerOptions['pool'] = { maxConnections: 1, maxMessagesPerConnection: 1 };
    await using mailer = createMailer(profileOf(server), { pool });
    const names = ['first', 'second', 'third', 'fourth'];
    await Promise.all(names.map((name) => store.run([name], () => mailer.send(message))));
    for (const name of names) {
      const own = seen.filter((path) => path.startsWith(`${name} > `)).map((path) => path.slice(name.length + 3));
      expect(own).toEqual([
        'send',
        'send > connection',
        'send > connection > resolve',
        'send > connection > connect',
        'send > connection > greeting',
        'send > connection > ehlo',
        'send > connection > ehlo > EHLO',
        'send > connection > starttls',
        'send > connection > starttls > STARTTLS',
        'send > connection > tls',
        'send > connection > ehlo',
        'send > connection > ehlo > EHLO',
        'send > connection > authenticate',
        'send > connection > authenticate > AUTH',
        'send > MAIL',
        'send > RCPT',
        'send > BDAT',
        'send > QUIT',
      ]);
    }
  });

  it('of a send is that of its commands on a connection that others opened and use at the same time', async () => {
    const { store, seen } = spans(['send', 'command']);
    await using server = await TestSmtpServer.start({ security: 'none' });
    const target = { host: server.host, port: server.port, security: 'none' } as const;
    await using mailer = createMailer(
      { name: 'p', sender: { email: 'ann@example.com' }, server: target },
      { pool: { maxConnections: 1, messagesInFlight: 3 } },
    );
    const names = Array.from({ length: 9 }, (_, index) => `message ${index}`);
    const read: string[] = [];
    const content = (name: string): AsyncIterable<Uint8Array> =>
      Readable.from(
        (function* () {
          yield Buffer.from(name);
          read.push(`${name} read by ${store.getStore()?.[0] ?? 'nobody'}`);
        })(),
      );
    await Promise.all(
      names.map((name) =>
        store.run([name], () => mailer.send({ ...message, attachments: [{ filename: 'a', content: content(name) }] })),
      ),
    );
    for (const name of names) {
      const own = seen.filter((path) => path.startsWith(`${name} > send > `)).map((path) => path.split(' > ').at(-1));
      expect(own.filter((verb) => verb !== 'EHLO' && verb !== 'RSET').slice(0, 3)).toEqual(['MAIL', 'RCPT', 'BDAT']);
    }
    expect(read.sort()).toEqual(names.map((name) => `${name} read by ${name}`).sort());
  });
});

describe('mailer.stats()', () => {
  it('counts connections, waiting messages, sends and failures', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const mailer = createMailer(
      {
        name: 'p',
        sender: { email: 'ann@example.com' },
        server: { host: server.host, port: server.port, security: 'none' },
      },
      { pool: { maxConnections: 2 } },
    );
    const fresh = {
      connections: { open: 0, idle: 0, opening: 0, limit: 2 },
      waiting: 0,
      inFlight: 0,
      sent: 0,
      failed: [],
    };
    expect(mailer.stats()).toEqual(fresh);
    const all = Array.from({ length: 5 }, () => mailer.send(message));
    expect(mailer.stats()).toMatchObject({ inFlight: 5, sent: 0 });
    await all[0];
    const during = mailer.stats();
    expect(during.connections.open).toBeGreaterThan(0);
    expect(during.inFlight + during.sent).toBe(5);
    await Promise.all(all);
    await expect(mailer.send({ ...message, to: 'not an address' })).rejects.toThrow();
    await expect(mailer.send({ ...message, to: [] })).rejects.toThrow();
    expect(mailer.stats()).toEqual({
      connections: { open: 2, idle: 2, opening: 0, limit: 2 },
      waiting: 0,
      inFlight: 0,
      sent: 5,
      failed: [{ code: 'ERR_MESSAGE_INVALID', delivery: 'not-delivered', count: 2 }],
    });
    await mailer.close();
    expect(mailer.stats()).toMatchObject({ connections: { open: 0, idle: 0, opening: 0 }, sent: 5 });
  });

  it('knows nothing of the connections of another transport', async () => {
    await using mailer = createMailer(
      { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'h' } },
      { transport: new MemoryTransport() },
    );
    await mailer.send(message);
    expect(mailer.stats()).toEqual({
      connections: { open: 0, idle: 0, opening: 0, limit: 0 },
      waiting: 0,
      inFlight: 0,
      sent: 1,
      failed: [],
    });
  });
});

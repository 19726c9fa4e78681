import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type {
  EmailError,
  EmailProfile,
  LogEvent,
  MailerOptions,
  MailMessage,
  OutgoingServer,
  SendAllResult,
  Transport,
} from '../../src/index.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import type { TestSmtpServerOptions } from '../../src/testing.js';
import { until } from '../support/clock.js';
import { startScriptedServer } from '../support/scripted-server.js';

const message: MailMessage = { to: 'b@example.org', subject: 's', text: 'hello\n.\nend' };
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function setUp(
  server: TestSmtpServerOptions = {},
  profile: Omit<Partial<EmailProfile>, 'server'> & { server?: Partial<OutgoingServer> } = {},
  options: MailerOptions = {},
) {
  const smtp = await TestSmtpServer.start(server);
  const { server: serverSettings, ...rest } = profile;
  const events: LogEvent[] = [];
  const mailer = createMailer(
    {
      name: 'test',
      sender: { name: 'Ann', email: 'a@example.com' },
      ...rest,
      server: { host: smtp.host, port: smtp.port, tls: { ca: smtp.ca }, ...serverSettings },
    },
    { logger: (event) => void events.push(event), ...options },
  );
  open.push(
    () => smtp.close(),
    () => mailer.close({ force: true }),
  );
  return { smtp, mailer, events };
}

async function failure(promise: Promise<unknown>): Promise<EmailError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!isEmailError(error)) throw new Error(`expected an EmailError, got ${String(error)}`);
  return error;
}
const credentials = { method: 'password', username: 'ann', password: 'open sesame' } as const;

describe('send', () => {
  it.each(['none', 'starttls', 'implicit'] as const)(
    'delivers over %s with authentication, and tells what came of it',
    async (security) => {
      const { smtp, mailer } = await setUp(
        { security, users: { ann: 'open sesame' } },
        { authentication: credentials, server: { security: security === 'starttls' ? 'explicit' : security } },
      );
      const result = await mailer.send(message);
      expect(result).toMatchObject({
        accepted: ['b@example.org'],
        rejected: [],
        reply: { code: 250 },
        envelope: { from: 'a@example.com', to: ['b@example.org'] },
      });
      const [stored] = smtp.messages;
      expect(stored?.content.length).toBe(result.bytes);
      expect(stored).toMatchObject({ user: 'ann', secure: security !== 'none' });
      expect(Buffer.from(stored?.content ?? []).toString()).toContain('\r\n\r\nhello\r\n.\r\nend');
      expect(result.transactions).toEqual([
        { recipients: ['b@example.org'], reply: result.reply, bytes: result.bytes },
      ]);
    },
  );

  it('continues with those that a 452 put off (RFC 5321 section 4.5.3.1.10)', async () => {
    const { smtp, mailer } = await setUp({ replies: { RCPT: ['250 ok', '452 4.5.3 too many recipients'] } });
    const result = await mailer.send({ ...message, to: ['one@example.org', 'two@example.org'] });
    expect(result.accepted).toEqual(['one@example.org', 'two@example.org']);
    expect(smtp.messages.map(({ envelope }) => envelope.to.map(({ address }) => address))).toEqual([
      ['one@example.org'],
      ['two@example.org'],
    ]);
  });

  it('carries streams of unknown and of known size, whole', async () => {
    const { smtp, mailer } = await setUp({ extensions: ['PIPELINING', 'SIZE', 'CHUNKING'] });
    const block = Buffer.alloc(300_000, 'block ');
    const blob = new Blob([block, block]);
    await mailer.send({ ...message, attachments: [{ filename: 'a', content: Readable.from([block, block]) }] });
    await mailer.send({ ...message, attachments: [{ filename: 'a', content: blob }] });
    const hash = createHash('sha256').update(block).update(block).digest('hex');
    for (const { content } of smtp.messages) {
      const part = /filename=a\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(Buffer.from(content).toString('latin1'))?.[1] ?? '';
      expect(createHash('sha256').update(Buffer.from(part, 'base64')).digest('hex')).toBe(hash);
    }
  });

  it('says in its result, and in one event, that it went over plain text', async () => {
    const { mailer, events } = await setUp({ security: 'none' });
    for (let i = 0; i < 2; i++)
      expect((await mailer.send(message)).warnings).toMatchObject([{ code: 'WARN_PLAINTEXT' }]);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
    const { mailer: chosen } = await setUp({ security: 'none' }, { server: { security: 'none' } });
    expect((await chosen.send(message)).warnings).toEqual([]);
  });

  it('reports progress, and survives a callback and a logger that throw', async () => {
    const { mailer } = await setUp(
      {},
      {},
      {
        logger: () => {
          throw new Error('broken logger');
        },
      },
    );
    const steps: number[] = [];
    const result = await mailer.send(
      { ...message, attachments: [{ filename: 'a', content: Buffer.alloc(500_000) }] },
      {
        onProgress: ({ bytesSent }) => {
          steps.push(bytesSent);
          throw new Error('broken callback');
        },
      },
    );
    expect(steps.at(-1)).toBe(result.bytes);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it('says ERR_AUTH_REQUIRED where the server requires authentication and the profile has none', async () => {
    const { mailer } = await setUp({ users: { ann: 'x' } });
    expect(await failure(mailer.send(message))).toMatchObject({
      code: 'ERR_AUTH_REQUIRED',
      delivery: 'not-delivered',
      reply: { code: 530 },
      remedy: expect.stringMatching(/authentication/) as string,
    });
  });

  it('says ERR_AUTH_REJECTED once, and does not try the password once for each waiting message', async () => {
    const { smtp, mailer } = await setUp(
      { users: { ann: 'right' } },
      { authentication: credentials },
      { pool: { maxConnections: 1 } },
    );
    const errors = await Promise.all([1, 2, 3, 4].map(() => failure(mailer.send(message))));
    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('ERR_AUTH_REJECTED'));
    expect(smtp.transcript.filter((line) => /C: AUTH SCRAM/.test(line)).length, smtp.transcript.join('\n')).toBe(1);
  });

  it('holds a source back whose server does not read, whatever the size of its blocks', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING', '8BITMIME');
      await peer.lines(3);
      peer.socket.pause();
      await peer.send('250 ok\r\n250 ok\r\n354 go\r\n');
      await peer.closed;
    });
    const mailer = createMailer({
      name: 'x',
      sender: { email: 'a@example.com' },
      server: { host: '127.0.0.1', port: server.port, security: 'none', timeouts: { stallMs: 500 } },
    });
    const blocks = 1000;
    let given = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('Subject: x\r\n\r\n');
      for (; given < blocks; given++) {
        await new Promise(setImmediate);
        yield Buffer.alloc(34 * 1024, 'x');
      }
    }
    expect(await failure(mailer.send({ to: 'b@example.org', raw: () => source() }))).toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'content',
      delivery: 'not-delivered',
      message: expect.stringContaining('stallMs') as string,
    });
    // The kernel's buffers hold the rest; 34 MiB would not fit into them.
    expect(given).toBeLessThan(blocks);
    await mailer.close();
  });

  it('ends within totalMs, whatever drips or is silent', async () => {
    const { mailer } = await setUp(
      { extensions: ['PIPELINING'], faults: [{ at: 'RCPT', do: 'silence' }] },
      { server: { timeouts: { totalMs: 300 } } },
    );
    expect(await failure(mailer.send(message))).toMatchObject({
      code: 'ERR_TIMEOUT',
      delivery: 'not-delivered',
      message: expect.stringContaining('server.timeouts.totalMs') as string,
    });
    const { mailer: other } = await setUp(
      { faults: [{ at: 'greeting', do: 'silence' }] },
      { server: { security: 'none', timeouts: { totalMs: 100 } } },
    );
    expect(await failure(other.send(message))).toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'connect',
      retryable: true,
    });
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      await new Promise(() => undefined);
    }
    expect(await failure(other.send({ to: ['a@example.org', 'b@example.org'], text: stalled() }))).toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'content',
    });
  });

  it('says QUIT before it opens the next connection: a server may take one at a time', async () => {
    const seen: string[] = [];
    let isBusy = false;
    await using server = await startScriptedServer(async (peer) => {
      seen.push('connect');
      if (isBusy) return await peer.send('421 4.7.0 too many connections\r\n');
      isBusy = true;
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING');
      await peer.lines(3);
      await peer.send('250 ok\r\n250 ok\r\n354 go\r\n');
      await peer.skip('\r\n.\r\n');
      await peer.send('250 ok\r\n');
      seen.push(await peer.line());
      isBusy = false;
      await peer.send('221 bye\r\n');
    });
    const pool = { maxConnections: 1, maxMessagesPerConnection: 1 };
    const { mailer } = await setUp(
      {},
      { server: { host: '127.0.0.1', port: server.port, security: 'none' } },
      { pool },
    );
    await Promise.all([1, 2, 3].map(() => mailer.send(message)));
    await mailer.close();
    expect(seen).toEqual(['connect', 'QUIT', 'connect', 'QUIT', 'connect', 'QUIT']);
  });

  it('says unknown where the connection is lost after the end of data, and does not send again', async () => {
    for (const fault of ['drop', 'reset'] as const) {
      const { smtp, mailer } = await setUp({ faults: [{ at: 'end', do: fault }] });
      expect(await failure(mailer.send(message))).toMatchObject({
        delivery: 'unknown',
        retryable: false,
        phase: 'acceptance',
      });
      expect(smtp.messages).toHaveLength(1);
    }
  });

  it('says unknown where it is aborted after the end of data, and not-delivered before', async () => {
    const controller = new AbortController();
    // `faults` is asked about 'end' once the server has read the end of the content.
    const faults = (at: string): { do: 'silence' } | undefined => {
      if (at !== 'end') return undefined;
      controller.abort();
      return { do: 'silence' };
    };
    const { mailer } = await setUp({ faults });
    const sending = failure(mailer.send(message, { signal: controller.signal }));
    expect(await sending).toMatchObject({ code: 'ERR_ABORTED', delivery: 'unknown' });
    expect(await failure(mailer.send(message, { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'ERR_ABORTED',
      delivery: 'not-delivered',
    });
  });

  it('says unknown where content left with its envelope and nothing was answered', async () => {
    const { mailer } = await setUp({ faults: [{ at: 'MAIL', do: 'drop' }] });
    expect(await failure(mailer.send(message))).toMatchObject({ delivery: 'unknown', retryable: false });
  });

  it('warns of no leak where many sends share a signal and many connections are opened', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const { mailer } = await setUp({ security: 'none' }, {}, { pool: { maxConnections: 15 } });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 30 }, () => mailer.send(message, { signal })));
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('refuses options that are none, in words', async () => {
    const { smtp, mailer } = await setUp();
    const wrong = { requireAllRecipient: true } as object;
    for (const call of [
      () => mailer.send(message, wrong),
      () => mailer.sendTestEmail(undefined, wrong),
      () => mailer.send(message, null as never),
      () => mailer.compose(message, { signal: {} as AbortSignal }),
      () => mailer.testConnection({ signal: 5 as never }),
      () => mailer.send(message, { signal: { aborted: false, addEventListener() {} } as unknown as AbortSignal }),
      () => mailer.testSigning(wrong),
      () => mailer.testEncryption('a@example.com', wrong),
      () => mailer.close({ forced: true } as object),
    ]) {
      expect(await failure(call())).toMatchObject({
        code: 'ERR_PROFILE_INVALID',
        message: expect.stringContaining('options of this call') as string,
      });
    }
    expect(smtp.messages).toHaveLength(0);
  });

  it('sends raw files and streams whole, over every way of transfer', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i} of a message that is finished`);
    const raw = Buffer.from(`Subject: x\r\n\r\n${lines.join('\r\n')}\r\n`);
    const folder = await mkdtemp(join(tmpdir(), 'raw-test-'));
    open.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'raw.eml');
    await writeFile(file, raw);
    async function* slowly(): AsyncGenerator<Uint8Array> {
      const block = Buffer.alloc(40_000);
      for (let at = 0; at < raw.length; at += block.length) {
        await new Promise(setImmediate);
        yield block.subarray(0, raw.copy(block, 0, at));
      }
    }
    for (const extensions of [['PIPELINING', 'CHUNKING'], ['CHUNKING'], ['PIPELINING'], []]) {
      const { smtp, mailer } = await setUp({ extensions, security: 'none' }, { server: { security: 'none' } });
      for (const content of [{ file }, slowly(), () => slowly()])
        await mailer.send({ to: 'b@example.org', raw: content });
      for (const { content } of smtp.messages) expect(raw.equals(content)).toBe(true);
      expect(smtp.messages).toHaveLength(3);
    }
  });

  it('never ends a message whose source fails', async () => {
    const { smtp, mailer } = await setUp();
    async function* broken(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 10; i++) yield Buffer.alloc(100_000);
      throw new Error('disk on fire');
    }
    expect(
      await failure(mailer.send({ ...message, attachments: [{ filename: 'a', content: broken() }] })),
    ).toMatchObject({ code: 'ERR_CONTENT', delivery: 'not-delivered' });
    expect(smtp.messages).toHaveLength(0);
    await mailer.send(message);
    // The broken connection is a separate one, and its bytes came first.
    expect(smtp.messages).toHaveLength(1);
  });

  it('delivers nothing with requireAllRecipients where one is refused', async () => {
    const { smtp, mailer } = await setUp({ replies: { RCPT: ['250 ok', '550 5.1.1 nobody here'] } });
    const error = await failure(
      mailer.send({ ...message, to: ['a@example.org', 'b@example.org'] }, { requireAllRecipients: true }),
    );
    expect(error).toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      recipients: [{ recipient: 'b@example.org', reply: { code: 550 } }],
    });
    expect(smtp.messages).toHaveLength(0);
    await mailer.send(message);
    expect(smtp.messages).toHaveLength(1);
  });
});

describe('secrets', () => {
  it('are in no event, transcript, error or JSON, nor their base64', async () => {
    const password = 'pä$$word-XYZ';
    const forms = [
      password,
      Buffer.from(password).toString('base64'),
      Buffer.from(`\0ann\0${password}`).toString('base64'),
    ];
    for (const method of ['plain', 'login', 'cram-md5', 'scram-sha-256', 'password'] as const) {
      const { smtp, mailer, events } = await setUp(
        { users: { ann: 'another' } },
        { authentication: { method, username: 'ann', password } },
      );
      const error = await failure(mailer.send(message));
      const report = await mailer.testConnection();
      const shown = [
        JSON.stringify(events),
        JSON.stringify(error),
        error.stack,
        JSON.stringify(report),
        String(report),
        smtp.transcript.join('\n'),
      ].join('\n');
      for (const form of forms) expect(shown).not.toContain(form);
    }
  });
});

describe('testConnection', () => {
  it('reports every step, the extensions and what was used', async () => {
    const { mailer } = await setUp(
      { users: { ann: 'open sesame' } },
      { authentication: credentials, server: { security: 'explicit' } },
    );
    const report = await mailer.testConnection();
    expect(report.ok).toBe(true);
    expect(report.steps.map(({ name }) => name)).toEqual([
      'resolve',
      'connect',
      'greeting',
      'ehlo',
      'starttls',
      'tls',
      'ehlo',
      'authenticate',
      'quit',
    ]);
    expect(report).toMatchObject({
      mechanism: 'SCRAM-SHA-512-PLUS',
      maxMessageBytes: 104857600,
      tls: { protocol: 'TLSv1.3', authorized: true },
    });
    expect(Object.keys(report.extensions)).toContain('CHUNKING');
    expect(String(report)).toMatch(/^ok {3}resolve/);
  });

  it('says what failed and what to do, and sends no mail', async () => {
    const { smtp, mailer } = await setUp({ users: { ann: 'right' } }, { authentication: credentials });
    const report = await mailer.testConnection();
    expect(report.ok).toBe(false);
    expect(report.steps.at(-1)).toMatchObject({
      name: 'authenticate',
      ok: false,
      error: { code: 'ERR_AUTH_REJECTED' },
      remedy: expect.stringMatching(/./) as string,
    });
    expect(String(report)).toContain('FAIL authenticate');
    // The results of earlier steps: the server's extensions under TLS, and the TLS itself.
    expect(report).toMatchObject({
      extensions: { AUTH: expect.arrayContaining(['PLAIN', 'SCRAM-SHA-256-PLUS']) as string[] },
      tls: { protocol: 'TLSv1.3', authorized: true },
      maxMessageBytes: 104857600,
    });
    expect(report.extensions).not.toHaveProperty('STARTTLS');
    expect(smtp.messages).toHaveLength(0);
  });

  it('names a host that does not exist', async () => {
    const mailer = createMailer({
      name: 'p',
      sender: { email: 'a@example.com' },
      server: { host: 'no-such-host.invalid' },
    });
    open.push(() => mailer.close());
    const report = await mailer.testConnection();
    expect(report.steps).toMatchObject([
      {
        name: 'resolve',
        ok: false,
        error: { code: 'ERR_DNS', message: expect.stringContaining('no-such-host.invalid') as string },
      },
    ]);
  });

  it('rejects where it is aborted', async () => {
    const { mailer, smtp } = await setUp(
      { faults: [{ at: 'greeting', do: 'silence' }] },
      { server: { security: 'none' } },
    );
    const controller = new AbortController();
    const testing = failure(mailer.testConnection({ signal: controller.signal }));
    await until(() => smtp.connections > 0);
    controller.abort();
    expect(await testing).toMatchObject({ code: 'ERR_ABORTED' });
  });
});

describe('sendTestEmail', () => {
  it('goes to the sender, and names profile, host, security and time', async () => {
    const { smtp, mailer } = await setUp();
    await mailer.sendTestEmail();
    const text = Buffer.from(smtp.messages[0]?.content ?? []).toString();
    expect(smtp.messages[0]?.envelope.to[0]?.address).toBe('a@example.com');
    for (const word of ['Profile: test', smtp.host, 'Security: automatic', new Date().toISOString().slice(0, 10)])
      expect(text).toContain(word);
    expect(text).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(text).toContain('<th align="left">Server</th>');
  });
});

describe('sendAll', () => {
  it('takes any iterable, and one failure does not stop the rest', async () => {
    const { mailer } = await setUp({
      replies: (verb, line) => (verb === 'RCPT' && line.includes('bad') ? '550 5.1.1 no' : undefined),
    });
    async function* source(): AsyncGenerator<MailMessage> {
      for (let i = 0; i < 20; i++) yield { to: i % 5 === 4 ? 'bad@example.org' : 'b@example.org', subject: String(i) };
    }
    const results: SendAllResult[] = [];
    for await (const result of mailer.sendAll(source())) results.push(result);
    expect(results).toHaveLength(20);
    expect(results.filter(({ error }) => error?.code === 'ERR_RECIPIENTS_REJECTED')).toHaveLength(4);
  });

  it('reads no further than its window ahead of the consumer', async () => {
    const { mailer } = await setUp({}, {}, { pool: { maxConnections: 2 } });
    let pulled = 0;
    function* source(): Generator<MailMessage> {
      for (;;) {
        pulled++;
        yield message;
      }
    }
    let taken = 0;
    for await (const _ of mailer.sendAll(source())) {
      expect(pulled - taken).toBeLessThanOrEqual(6);
      if (++taken === 30) break;
    }
    const after = pulled;
    // The pending sends end meanwhile, which would make room for more.
    await mailer.close();
    expect(pulled).toBe(after);
  });

  describe.each(['abort', 'close'] as const)('ended by %s', (how) => {
    /** A source that blocks at its nth message. Returns the results that the iteration gave before it was ended. */
    async function iterate(waitsAt: number, endAt: 'first result' | 'wait') {
      const faults = [{ at: 'end', do: 'delay', ms: 100 }] as const;
      const { mailer } = await setUp(
        { security: 'none', faults: endAt === 'wait' ? [] : faults },
        {},
        { pool: { maxConnections: 1 } },
      );
      const controller = new AbortController();
      const end = (): void => void (how === 'abort' ? controller.abort() : mailer.close());
      let pulled = 0;
      let returned = false;
      let waits = (): void => undefined;
      const waiting = new Promise<void>((resolve) => (waits = resolve));
      async function* source(): AsyncGenerator<MailMessage> {
        try {
          for (;;) {
            if (++pulled === waitsAt) {
              waits();
              await new Promise(() => undefined);
            }
            yield message;
          }
        } finally {
          returned = true;
        }
      }
      const results: SendAllResult[] = [];
      const iterating = (async () => {
        for await (const result of mailer.sendAll(source(), { signal: controller.signal })) {
          results.push(result);
          if (endAt === 'wait') void waiting.then(() => setImmediate(end));
          else end();
        }
      })();
      expect((await failure(iterating)).code).toBe(how === 'abort' ? 'ERR_ABORTED' : 'ERR_CLOSED');
      return { told: results.length, sent: results.filter(({ result }) => result).length, pulled, returned };
    }

    it('tells what was under way, and takes no further message', async () => {
      // Two are in progress. The second is aborted, or close() waits for it.
      expect(await iterate(9, 'first result')).toEqual({
        told: 2,
        sent: how === 'abort' ? 1 : 2,
        pulled: 2,
        returned: true,
      });
    });

    it('does not wait for a source that waits', async () => {
      expect(await iterate(2, 'wait')).toEqual({ told: 1, sent: 1, pulled: 2, returned: false });
    });
  });

  it('lets its consumer leave while the source waits for its next message', async () => {
    const { mailer } = await setUp();
    async function* source(): AsyncGenerator<MailMessage> {
      yield message;
      await new Promise(() => undefined);
    }
    for await (const { result } of mailer.sendAll(source())) {
      expect(result).toBeDefined();
      break;
    }
    expect(() => mailer.sendAll([message], { signl: 5 } as object)).toThrowError(
      expect.objectContaining({ code: 'ERR_PROFILE_INVALID' }) as Error,
    );
  });

  it.each([undefined, null, 5, 'messages', {}])('says in words that %j is no iterable', async (messages) => {
    const { mailer } = await setUp();
    const taken = (async () => {
      for await (const _ of mailer.sendAll(messages as never));
    })();
    expect(await failure(taken)).toMatchObject({ code: 'ERR_MESSAGE_INVALID' });
  });

  it('passes on the failure of the iterable, after what was on its way', async () => {
    const { mailer } = await setUp();
    function* source(): Generator<MailMessage> {
      yield message;
      throw new Error('database gone');
    }
    const results: unknown[] = [];
    await expect(async () => {
      for await (const result of mailer.sendAll(source())) results.push(result);
    }).rejects.toThrow('database gone');
    expect(results).toHaveLength(1);
  });
});

describe('close', () => {
  it('waits for sends in flight; nothing starts after it', async () => {
    const { smtp, mailer } = await setUp({ faults: [{ at: 'end', do: 'delay', ms: 100 }] });
    const sending = mailer.send(message);
    await mailer.close();
    expect(smtp.messages).toHaveLength(1);
    await sending;
    for (const call of [
      () => mailer.send(message),
      () => mailer.compose(message),
      () => mailer.testConnection(),
      () => mailer.sendTestEmail(),
    ]) {
      expect((await failure(call())).code).toBe('ERR_CLOSED');
    }
    await mailer.close();
  });

  it('resolves after a send whose temporary file could not be removed, which is a warning and no failure', async () => {
    const spools = await mkdtemp(join(tmpdir(), 'sealpost-spool-'));
    vi.stubEnv('TMPDIR', spools);
    open.push(async () => {
      vi.unstubAllEnvs();
      await rm(spools, { force: true });
      await rm(`${spools}-moved`, { recursive: true });
    });
    const transport: Transport = {
      async send(envelope, compose) {
        for await (const block of (await compose()).bytes as AsyncIterable<Uint8Array>) void block;
        // A file stands in place of the folder, so nothing in it can be removed.
        await rename(spools, `${spools}-moved`);
        await writeFile(spools, '');
        return { accepted: envelope.to, rejected: [], reply: { code: 250, lines: ['ok'] } };
      },
      async close() {},
    };
    const { mailer, events } = await setUp({}, {}, { transport });
    const attachments = [{ filename: 'f', content: Readable.from([Buffer.alloc(4 << 20)]) }];
    const sent = await mailer.send({ ...message, to: ['one@example.org', 'two@example.org'], attachments });
    expect(sent.accepted).toHaveLength(2);
    expect(events.map((event) => (event.type === 'warning' ? event.warning.code : event.type))).toContain(
      'WARN_FILE_LEFT',
    );
    await mailer.close();
  });

  it('waits for no message if it is forced', async () => {
    const { smtp, mailer } = await setUp({ extensions: ['PIPELINING'], faults: [{ at: 'MAIL', do: 'silence' }] });
    const sends = [failure(mailer.send(message)), failure(mailer.send(message))];
    await expect.poll(() => smtp.transcript.join()).toContain('fault at MAIL: silence');
    await mailer.close({ force: true });
    for (const error of await Promise.all(sends))
      expect(error).toMatchObject({ code: 'ERR_CLOSED', delivery: 'not-delivered' });
  });
});

describe('a profile', () => {
  it('with every problem at once is refused when the mailer is made', () => {
    expect(() =>
      createMailer({ name: 'x', sender: { email: 'broken' }, server: { host: '', port: 0 } } as EmailProfile),
    ).toThrowError(
      expect.objectContaining({
        code: 'ERR_PROFILE_INVALID',
        problems: expect.arrayContaining([
          expect.objectContaining({ path: 'sender.email' }),
          expect.objectContaining({ path: 'server.port' }),
        ]) as object,
      }) as Error,
    );
  });

  it('whose secret cannot be read is ERR_SECRET with its path, and nothing is sent', async () => {
    const { smtp, mailer } = await setUp(
      { users: { ann: 'x' } },
      { authentication: { ...credentials, password: { env: 'SURELY_NOT_SET_ANYWHERE' } } },
    );
    expect(await failure(mailer.send(message))).toMatchObject({
      code: 'ERR_SECRET',
      message: expect.stringContaining('authentication.password') as string,
    });
    expect(smtp.messages).toHaveLength(0);
  });

  it('needs a server with the extensions that a message asks for', async () => {
    const { mailer } = await setUp({ extensions: ['PIPELINING'] });
    for (const envelope of [
      { dsn: { notify: 'never' as const } },
      { requireTls: true },
      { deliverBy: { seconds: 60, mode: 'return' as const } },
      { holdUntil: new Date(Date.now() + 86_400_000) },
      { mtPriority: 3 },
    ]) {
      expect(await failure(mailer.send({ ...message, envelope }))).toMatchObject({
        code: 'ERR_EXTENSION_MISSING',
        delivery: 'not-delivered',
      });
    }
    const result = await mailer.send({ ...message, returnReceiptTo: 'a@example.com' });
    expect(result.warnings.map(({ code }) => code)).toContain('WARN_DSN_UNAVAILABLE');
  });

  it("with security 'explicit' is ERR_TLS_REQUIRED where the server has no STARTTLS", async () => {
    const { smtp, mailer } = await setUp({ security: 'none' }, { server: { security: 'explicit' } });
    expect(await failure(mailer.send(message))).toMatchObject({ code: 'ERR_TLS_REQUIRED' });
    expect(smtp.messages).toHaveLength(0);
  });
});

describe('a message', () => {
  it('given a transport of the caller’s own is composed for real', async () => {
    const transport = new MemoryTransport();
    const mailer = createMailer(
      { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } },
      { transport },
    );
    const result = await mailer.send({
      ...message,
      html: '<p>hello</p>',
      attachments: [{ filename: 'ü.txt', content: 'x' }],
    });
    expect(result.bytes).toBe(transport.sent[0]?.content.length);
    expect(transport.sent[0]).toMatchObject({
      text: expect.stringContaining('hello') as string,
      html: expect.stringContaining('<p>') as string,
      attachments: [{ filename: 'ü.txt' }],
    });
    expect(await mailer.testConnection()).toMatchObject({ ok: true, steps: [] });
    transport.failNext({ code: 451, lines: ['later'] });
    expect(await failure(mailer.send(message))).toMatchObject({ retryable: true, reply: { code: 451 } });
    transport.failNext(new Error('of a kind unknown here'));
    expect(await failure(mailer.send(message))).toMatchObject({
      code: 'ERR_CONNECT',
      cause: expect.any(Error) as Error,
    });
    await mailer.close();
  });

  it('composed beforehand equals what is sent, but for boundaries', async () => {
    const { smtp, mailer } = await setUp({ extensions: ['PIPELINING', '8BITMIME'] });
    const one: MailMessage = { ...message, date: new Date(0), messageId: 'x@y' };
    const { envelope, content } = await mailer.compose(one);
    await mailer.send(one);
    expect(Buffer.from(smtp.messages[0]?.content ?? []).toString()).toBe(Buffer.from(content).toString());
    expect(envelope).toEqual({ from: 'a@example.com', to: ['b@example.org'] });
  });
});

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isStale } from '../../../src/connection/stale.js';
import { isEmailError } from '../../../src/errors/email-error.js';
import { DirectConnector } from '../../../src/net/direct.js';
import { TestSmtpServer } from '../../../src/testing/server/test-smtp-server.js';
import { stopClock, turns, until } from '../../support/clock.js';
import { failure, message, open, send, timeouts } from '../../support/engine.js';
import { type Peer, startScriptedServer } from '../../support/scripted-server.js';

const chunking = ['PIPELINING', 'CHUNKING'];
/** The deadline of the reply to QUIT. */
const quitMs = 2_000;

async function greet(peer: Peer, ...extensions: readonly string[]): Promise<void> {
  await peer.send('220 mail.example.test\r\n');
  await peer.hello(...extensions);
}

/** MAIL, RCPT, BDAT and the content of one message. */
async function takeMessage(peer: Peer, reply = '250 queued'): Promise<string> {
  const [, , bdat = ''] = await peer.lines(3);
  const content = await peer.bytes(Number(bdat.split(' ')[1]));
  await peer.send(`250 ok\r\n250 ok\r\n${reply}\r\n`);
  return content.toString();
}

describe('a connection', () => {
  test('delivers over every combination of extensions, content whole', async () => {
    const content = `Subject: x\r\n\r\n.\r\n..\r\n.dot\r\n${'line\r\n'.repeat(20_000)}.`;
    for (const extensions of [['PIPELINING', 'CHUNKING'], ['PIPELINING'], ['CHUNKING'], []]) {
      await using server = await TestSmtpServer.start({ security: 'none', extensions });
      const connection = await open(server.port);
      const blocks = [content.slice(0, 15), content.slice(15, 16), content.slice(16, 90_000), content.slice(90_000)];
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (const block of blocks) yield Buffer.from(block);
      }
      const outcomes = [
        await send(connection, { content }),
        await send(connection, { content: stream() }),
        await send(connection),
      ];
      expect(
        outcomes.map(({ bytes }) => bytes),
        extensions.join(),
      ).toEqual([content.length, content.length, message.length]);
      const stored = server.messages.map((kept) => Buffer.from(kept.content).toString().replace(/\r\n$/, ''));
      expect(stored).toEqual([content, content, message.replace(/\r\n$/, '')]);
      expect([connection.completed, connection.inFlight, connection.usable]).toEqual([3, 0, true]);
      await connection.quit();
      expect(connection.usable).toBe(false);
    }
  });

  test('ends a send whose connection is lost, or whose signal aborts, while the code of its requests is loaded', async () => {
    await using server = await TestSmtpServer.start({ security: 'none', extensions: ['DSN', ...chunking] });
    const lost = await open(server.port);
    const sending = failure(send(lost, { envelope: { dsn: {} } }));
    lost.destroy();
    await expect(sending).resolves.toMatchObject({ code: 'ERR_CLOSED', delivery: 'not-delivered' });
    const connection = await open(server.port);
    const stop = new AbortController();
    const aborted = failure(send(connection, { envelope: { dsn: {} }, signal: stop.signal }));
    stop.abort();
    await expect(aborted).resolves.toMatchObject({ code: 'ERR_ABORTED', delivery: 'not-delivered' });
    await send(connection, { envelope: { dsn: {} } });
    expect(server.messages).toHaveLength(1);
    await connection.quit();
  });

  test('needs one round trip a message with CHUNKING: everything is in one write', async () => {
    const chunks: number[] = [];
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      peer.socket.on('data', (chunk) => chunks.push(chunk.length));
      for (;;) await takeMessage(peer);
    });
    const connection = await open(server.port);
    await send(connection);
    await send(connection);
    expect(chunks).toHaveLength(2);
    connection.destroy();
  });

  test('sends RSET after a transaction that failed half-way, and goes on', async () => {
    await using server = await TestSmtpServer.start({
      security: 'none',
      replies: { RCPT: ['550 5.1.1 no', '550 5.1.1 no'] },
    });
    const connection = await open(server.port);
    await expect(failure(send(connection))).resolves.toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED' });
    await expect(
      failure(send(connection, { requireAllRecipients: true, to: ['a@example.test', 'b@example.test'] })),
    ).resolves.toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED' });
    await expect(send(connection)).resolves.toMatchObject({ accepted: ['bob@example.test'] });
    expect(server.messages).toHaveLength(1);
    expect(server.transcript.filter((line) => line.includes('RSET'))).toHaveLength(2);
    await connection.quit();
  });

  test('refuses before MAIL what the server cannot do, and stays good', async () => {
    await using server = await TestSmtpServer.start({ security: 'none', extensions: ['SIZE 100'] });
    const connection = await open(server.port);
    await expect(failure(send(connection, { content: 'x'.repeat(200) }))).resolves.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
    });
    await expect(failure(send(connection, { envelope: { dsn: {} } }))).resolves.toMatchObject({
      code: 'ERR_EXTENSION_MISSING',
    });
    await expect(failure(send(connection, { content: 'a\0b' }))).resolves.toMatchObject({ code: 'ERR_CONTENT' });
    await send(connection);
    expect(server.transcript.filter((line) => line.includes('MAIL'))).toHaveLength(1);
    await connection.quit();
  });

  test('tells when all of a message is written, and the server has yet to answer', async () => {
    let written = (): void => {};
    const isWritten = new Promise<void>((resolve) => (written = resolve));
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await peer.lines(3);
      await isWritten;
      await peer.send('250 ok\r\n250 ok\r\n250 queued\r\n');
    });
    const connection = await open(server.port);
    await send(connection, { onWritten: written });
    connection.destroy();
  });

  test('calls with progress, whatever that throws', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const connection = await open(server.port);
    const seen: unknown[] = [];
    const content = 'x\r\n'.repeat(50_000);
    await send(connection, { content, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ bytesSent: 150_000, totalBytes: 150_000 });
    expect(seen.length).toBeGreaterThan(1);
    await send(connection, {
      onProgress: () => {
        throw new Error('broken listener');
      },
    });
    await connection.quit();
  });

  test('holds a stream back while the server does not read', async () => {
    const clock = stopClock();
    let resume = (): void => {};
    const reading = new Promise<void>((resolve) => (resume = resolve));
    let given = 0;
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, 'PIPELINING');
      await peer.lines(3);
      peer.socket.pause();
      await peer.send('250 ok\r\n250 ok\r\n354 go\r\n');
      await reading;
      peer.socket.resume();
      await peer.skip('\r\n.\r\n');
      await peer.send('250 done\r\n');
    });
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 400; i++) {
        given++;
        yield Buffer.alloc(64 * 1024, 'x');
      }
    }
    const connection = await open(server.port, { timeouts: { ...timeouts, stallMs: 0 } });
    const sent = send(connection, { content: stream() });
    let before = -1;
    while (before !== given) {
      before = given;
      await turns(100);
    }
    // The kernel's buffers hold the rest; 25 MiB would not fit into them.
    expect(given).toBeLessThan(350);
    // replyMs does not apply while content is sent.
    await clock.advance(10 * timeouts.replyMs);
    resume();
    await expect(sent).resolves.toMatchObject({ bytes: 400 * 64 * 1024 });
    connection.destroy();
  });
});

describe('what arrives unasked', () => {
  test('poisons an idle connection', async () => {
    for (const text of ['250 surprise\r\n', '2', '250 half', 'x']) {
      await using server = await startScriptedServer(async (peer) => {
        await greet(peer, ...chunking);
        await takeMessage(peer);
        await peer.send(text);
        await peer.closed;
      });
      const connection = await open(server.port);
      const closed = new Promise<void>((resolve) => connection.onClose(resolve));
      await send(connection);
      await closed;
      expect(connection.usable, text).toBe(false);
      const error = await failure(send(connection));
      expect([error.code, error.delivery, isStale(error)]).toEqual(['ERR_SMTP_PROTOCOL', 'not-delivered', true]);
    }
  });

  test('while a message is composed ends the connection, though what came is not complete', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking, 'AUTH PLAIN');
      await peer.line();
      await peer.send('235 ok\r\n');
      await takeMessage(peer);
      await peer.send('421 AGFubgBwYXNzd29yZA==');
      await peer.closed;
    });
    const authentication = { method: 'plain', username: 'ann', password: 'password', allowPlaintext: true } as const;
    const connection = await open(server.port, { authentication });
    await send(connection);
    const error = await failure(
      connection.transact({
        envelope: { from: 'ann@example.test', to: ['bob@example.test'] },
        compose: async () => {
          await until(() => !connection.usable);
          return { body: '7bit', smtpUtf8: false, bytes: Buffer.from(message) };
        },
        requireAllRecipients: false,
        signal: new AbortController().signal,
      }),
    );
    expect([error.delivery, isStale(error)]).toEqual(['not-delivered', true]);
    // The bytes may be an echo of the password.
    expect(String(error)).not.toContain('AGFu');
  });

  test('as 421 says that the connection ends, in pieces too', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await takeMessage(peer);
      for (const part of ['4', '21 4.3.2 ', 'idle\r\n']) await peer.send(part);
      await peer.closed;
    });
    const events: string[] = [];
    const connection = await open(
      server.port,
      {},
      { observer: { event: (event) => event.type === 'connection' && events.push(`${event.state} ${event.detail}`) } },
    );
    const closed = new Promise<void>((resolve) => connection.onClose(resolve));
    await send(connection);
    await closed;
    expect(events.at(-1)).toMatch(/^closed .*421 4\.3\.2 idle/);
  });

  test('in the middle of content is no success (a 250), or an early refusal (a 552); the message is never ended', async () => {
    for (const [text, code] of [
      ['250 ok', 'ERR_SMTP_PROTOCOL'],
      ['552 5.3.4 enough', 'ERR_MESSAGE_TOO_LARGE'],
      ['554 5.7.1 no', 'ERR_SMTP_REPLY'],
      ['421 bye', 'ERR_SMTP_REPLY'],
    ] as const) {
      let received = '';
      await using server = await startScriptedServer(async (peer) => {
        await greet(peer, 'PIPELINING');
        await peer.lines(3);
        await peer.send('250 ok\r\n250 ok\r\n354 go\r\n');
        peer.socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
        await peer.bytes(100_000);
        await peer.send(`${text}\r\n`);
        await peer.closed;
      });
      const connection = await open(server.port);
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (;;) {
          yield Buffer.alloc(40_000, 'x');
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const error = await failure(send(connection, { content: stream() }));
      expect(error).toMatchObject({ code, delivery: 'not-delivered', phase: 'content' });
      expect(isStale(error)).toBe(false);
      expect(connection.usable).toBe(false);
      expect(received).not.toContain('.');
    }
  });

  test('together with 354 is not the reply to the content (CVE-2026-42246)', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, 'PIPELINING');
      await peer.lines(3);
      await peer.send('250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n');
      await peer.closed;
    });
    const error = await failure(send(await open(server.port)));
    expect(error).toMatchObject({ code: 'ERR_SMTP_PROTOCOL' });
  });

  test('behind the last reply does not undo it, and ends the connection', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await takeMessage(peer, '250 queued\r\n250 once more');
      await peer.closed;
    });
    const connection = await open(server.port);
    await expect(send(connection)).resolves.toMatchObject({ reply: { lines: ['queued'] } });
    expect(connection.usable).toBe(false);
  });

  test('as a flood is left before 1 MiB of it is read (CVE-2026-38728)', async () => {
    for (const line of ['250-x\r\n', 'x', '250-']) {
      await using server = await startScriptedServer(async (peer) => {
        await greet(peer, ...chunking);
        await peer.line();
        const flood = line.repeat(20_000);
        while (!peer.socket.destroyed)
          if (!peer.socket.write(flood))
            await new Promise((resolve) => peer.socket.once('drain', resolve).once('close', resolve));
      });
      const direct = new DirectConnector();
      let stream: Socket | undefined;
      const connector = {
        connect: async (...args: Parameters<DirectConnector['connect']>) => (stream = await direct.connect(...args)),
      };
      const connection = await open(server.port, { connector });
      await expect(failure(send(connection)), line).resolves.toMatchObject({
        code: 'ERR_SMTP_PROTOCOL',
        delivery: 'unknown',
      });
      expect(stream?.bytesRead).toBeLessThan(1 << 20);
    }
  });
});

describe('a connection that ends', () => {
  /** The server's replies before it closes. None: it closes before the first reply. */
  const stages = [
    ['before MAIL was answered', [], 'unknown'],
    ['after MAIL', ['250 ok'], 'unknown'],
    ['after RCPT', ['250 ok', '250 ok'], 'unknown'],
    ['after MAIL was refused', ['550 no'], 'not-delivered'],
    ['after every recipient was refused', ['250 ok', '550 no'], 'not-delivered'],
  ] as const;
  test.each(stages)(
    '%s, with the content sent, says whether the message can have been delivered',
    async (_, replies, delivery) => {
      for (const how of ['end', 'reset'] as const) {
        await using server = await startScriptedServer(async (peer) => {
          await greet(peer, ...chunking);
          await peer.until(message);
          await peer.send(replies.map((reply) => `${reply}\r\n`).join(''));
          if (how === 'end') peer.socket.end();
          else peer.socket.resetAndDestroy();
        });
        const connection = await open(server.port);
        const error = await failure(send(connection));
        // A permanent refusal or an unknown outcome is not retryable.
        expect([error.delivery, error.retryable, isStale(error)], how).toEqual([delivery, false, false]);
        if (delivery === 'not-delivered') expect([error.reply?.code, isEmailError(error.cause)]).toEqual([550, true]);
      }
    },
  );

  test('within its content leaves the message not delivered', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, 'PIPELINING');
      await peer.lines(3);
      await peer.send('250 ok\r\n250 ok\r\n354 go\r\n');
      await peer.bytes(100_000);
      peer.socket.resetAndDestroy();
    });
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(64 * 1024, 'x');
    }
    await expect(failure(send(await open(server.port), { content: stream() }))).resolves.toMatchObject({
      code: 'ERR_CONNECT',
      delivery: 'not-delivered',
      phase: 'content',
    });
  });

  test('while it was idle is found before content, and the message may go on another', async () => {
    const clock = stopClock();
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await takeMessage(peer);
      await peer.line();
      peer.socket.resetAndDestroy();
    });
    const connection = await open(server.port);
    await send(connection);
    await clock.advance(3_100);
    const error = await failure(send(connection));
    expect([error.delivery, isStale(error), error.retryable]).toEqual(['not-delivered', true, true]);
  });

  test('by 421 to MAIL on a reused connection is stale, on a new one a refusal', async () => {
    await using server = await startScriptedServer(async (peer, number) => {
      await greet(peer, ...chunking);
      if (number === 1) await takeMessage(peer);
      await peer.line();
      await peer.send('421 4.3.2 too busy\r\n');
      await peer.closed;
    });
    const reused = await open(server.port);
    await send(reused);
    const stale = await failure(send(reused));
    expect([stale.code, stale.delivery, isStale(stale), reused.usable]).toEqual([
      'ERR_SMTP_REPLY',
      'not-delivered',
      true,
      false,
    ]);
    const fresh = await failure(send(await open(server.port)));
    expect([fresh.delivery, isStale(fresh), fresh.reply?.code]).toEqual(['not-delivered', false, 421]);
  });
});

describe('deadlines', () => {
  test('name their setting and are not extended by a byte a second', async () => {
    const clock = stopClock();
    let asked = false;
    let drips = 0;
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, 'PIPELINING');
      await peer.line();
      const drip = setInterval(() => peer.socket.write('2', () => drips++), 1_000);
      asked = true;
      await peer.closed;
      clearInterval(drip);
    });
    const connection = await open(server.port);
    const sent = failure(send(connection));
    await until(() => asked);
    for (let second = 1; second < timeouts.replyMs / 1_000; second++) {
      await clock.advance(1_000);
      await until(() => drips === second);
    }
    expect(connection.usable).toBe(true);
    await clock.advance(1_000);
    const error = await sent;
    expect(error).toMatchObject({
      code: 'ERR_TIMEOUT',
      delivery: 'not-delivered',
      message: expect.stringContaining('server.timeouts.replyMs'),
    });
  });

  test('of acceptance leave the message unknown', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await peer.until(message);
      await peer.send('250 ok\r\n250 ok\r\n');
      await peer.closed;
    });
    const connection = await open(server.port, { timeouts: { ...timeouts, acceptanceMs: 100 } });
    await expect(failure(send(connection))).resolves.toMatchObject({
      code: 'ERR_TIMEOUT',
      delivery: 'unknown',
      retryable: false,
      message: expect.stringContaining('acceptanceMs'),
    });
  });

  test('of a stall end content that the server does not take', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, 'PIPELINING');
      await peer.lines(3);
      await peer.send('250 ok\r\n250 ok\r\n354 go\r\n');
      peer.socket.pause();
      await peer.closed;
    });
    const connection = await open(server.port, { timeouts: { ...timeouts, stallMs: 200 } });
    const content = Buffer.alloc(32 << 20, 'x');
    await expect(failure(send(connection, { content, more: { canonical: true } }))).resolves.toMatchObject({
      code: 'ERR_TIMEOUT',
      delivery: 'not-delivered',
      message: expect.stringContaining('stallMs'),
    });
  });

  test('of 0 are none', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const connection = await open(server.port, {
      timeouts: { connectMs: 0, greetingMs: 0, replyMs: 0, stallMs: 0, acceptanceMs: 0 },
    });
    await send(connection);
    await connection.quit();
  });
});

describe('an abort', () => {
  test('before the start sends nothing', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const connection = await open(server.port);
    await expect(failure(send(connection, { signal: AbortSignal.abort() }))).resolves.toMatchObject({
      code: 'ERR_ABORTED',
      delivery: 'not-delivered',
    });
    expect(connection.usable).toBe(true);
    await connection.quit();
  });

  test('while composing does not wait for that', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const connection = await open(server.port);
    const controller = new AbortController();
    const sent = connection.transact({
      envelope: { from: 'a@example.test', to: ['b@example.test'] },
      compose: () => new Promise(() => {}),
      requireAllRecipients: false,
      signal: controller.signal,
    });
    setImmediate(() => controller.abort());
    await expect(failure(sent)).resolves.toMatchObject({ code: 'ERR_ABORTED' });
    await connection.quit();
  });

  test('at any point of the content never ends the message, and closes the source', async () => {
    for (const extensions of [['PIPELINING'], chunking]) {
      for (const abortAt of [1, 2, 7]) {
        await using server = await TestSmtpServer.start({ security: 'none', extensions });
        const connection = await open(server.port);
        const controller = new AbortController();
        let closed = false;
        async function* stream(): AsyncGenerator<Uint8Array> {
          try {
            for (let i = 1; ; i++) {
              if (i === abortAt) controller.abort();
              await new Promise((resolve) => setImmediate(resolve));
              yield Buffer.alloc(40_000, 'x');
            }
          } finally {
            closed = true;
          }
        }
        await expect(
          failure(send(connection, { content: stream(), signal: controller.signal })),
        ).resolves.toMatchObject({ code: 'ERR_ABORTED', delivery: 'not-delivered' });
        await until(() => closed);
        expect(connection.usable).toBe(false);
        await connection.quit();
        expect(server.messages).toHaveLength(0);
      }
    }
  });

  test('after the end of data leaves the message unknown', async () => {
    const controller = new AbortController();
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await peer.until(message);
      controller.abort();
      await peer.closed;
    });
    await expect(failure(send(await open(server.port), { signal: controller.signal }))).resolves.toMatchObject({
      code: 'ERR_ABORTED',
      delivery: 'unknown',
      retryable: false,
    });
  });

  test('from within a progress call is an abort like any other', async () => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const connection = await open(server.port);
    const controller = new AbortController();
    const sent = send(connection, {
      content: 'x\r\n'.repeat(200_000),
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(failure(sent)).resolves.toMatchObject({ code: 'ERR_ABORTED', delivery: 'not-delivered' });
    expect(server.messages).toHaveLength(0);
  });
});

describe('a source that fails', () => {
  test.each([
    [
      'throws',
      async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(40_000, 'x');
        throw new Error('disk on fire');
      },
      /disk on fire/,
    ],
    [
      'gives text',
      async function* (): AsyncGenerator<Uint8Array> {
        yield 'text' as unknown as Uint8Array;
      },
      /string instead of bytes/,
    ],
  ])('because it %s is ERR_CONTENT, and the message is never ended', async (_, stream, text) => {
    await using server = await TestSmtpServer.start({ security: 'none' });
    const connection = await open(server.port);
    const error = await failure(send(connection, { content: stream() }));
    expect(error).toMatchObject({
      code: 'ERR_CONTENT',
      delivery: 'not-delivered',
      phase: 'content',
      message: expect.stringMatching(text),
    });
    expect(connection.usable).toBe(false);
    await connection.quit();
    expect(server.messages).toHaveLength(0);
  });
});

describe('quit and destroy', () => {
  test('quit waits for what is in flight', async () => {
    await using server = await TestSmtpServer.start({
      security: 'none',
      faults: [{ at: 'end', do: 'delay', ms: 100 }],
    });
    const connection = await open(server.port);
    const sent = send(connection);
    await connection.quit();
    await expect(sent).resolves.toMatchObject({ accepted: ['bob@example.test'] });
    expect(server.transcript.at(-1)).toMatch(/221/);
  });

  test('quit does not wait for a server that is silent, or gone', async () => {
    const clock = stopClock();
    await using server = await startScriptedServer(async (peer, number) => {
      await greet(peer, ...chunking);
      if (number === 1) await peer.line();
      if (number === 1) peer.socket.resetAndDestroy();
      await peer.closed;
    });
    await (await open(server.port)).quit();
    const quitting = (await open(server.port)).quit();
    await clock.advance(quitMs);
    await quitting;
  });

  test('quit waits no longer where replies to what was given up are still to come', async () => {
    const clock = stopClock();
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await peer.until(message);
      await peer.send('250 ok\r\n550 no\r\n554 none\r\n');
      await peer.closed;
    });
    const connection = await open(server.port);
    await failure(send(connection));
    const quitting = connection.quit();
    await clock.advance(quitMs);
    await quitting;
  });

  test('an idle connection holds no process, whatever reply is still to come', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, ...chunking);
      await peer.until(message);
      await peer.send('250 ok\r\n550 no\r\n554 none\r\n');
      await peer.closed;
    });
    const connection = await open(server.port);
    await failure(send(connection));
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    connection.unref();
    expect(timers()).toBe(before - 1);
    connection.destroy();
  });

  test('destroy rejects what is in flight with its reason, and nothing may go on', async () => {
    let asked = (): void => {};
    const inFlight = new Promise<void>((resolve) => (asked = resolve));
    await using server = await startScriptedServer(async (peer) => {
      await greet(peer, 'PIPELINING');
      await peer.line();
      asked();
      await peer.closed;
    });
    const connection = await open(server.port);
    const sent = failure(send(connection));
    await inFlight;
    connection.destroy();
    const error = await sent;
    expect([error.code, error.delivery, isStale(error)]).toEqual(['ERR_CLOSED', 'not-delivered', false]);
  });
});

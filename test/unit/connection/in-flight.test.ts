import { describe, expect, test } from 'vitest';
import { isStale } from '../../../src/connection/stale.js';
import { isEmailError } from '../../../src/errors/email-error.js';
import { TestSmtpServer } from '../../../src/testing/server/test-smtp-server.js';
import { turns } from '../../support/clock.js';
import { open, type Sending, send } from '../../support/engine.js';
import { startScriptedServer } from '../../support/scripted-server.js';

const deep = { messagesInFlight: 8 };

/** The outcome of each send: its reply, or the error's code, delivery and staleness. */
async function outcomes(promises: readonly ReturnType<typeof send>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'fulfilled') return result.value.reply.lines.join();
    const error: unknown = result.reason;
    return isEmailError(error) ? `${error.code} ${error.delivery}${isStale(error) ? ' stale' : ''}` : String(error);
  });
}

describe('several messages in flight', () => {
  test('are each delivered, with CHUNKING in less than one round trip a message', async () => {
    for (const extensions of [['PIPELINING', 'CHUNKING'], ['PIPELINING'], []]) {
      await using server = await TestSmtpServer.start({ security: 'none', extensions });
      const connection = await open(server.port, deep);
      const sent = Array.from({ length: 8 }, (_, i) => send(connection, { content: `Subject: ${i}\r\n\r\n.${i}\r\n` }));
      expect(connection.inFlight).toBe(8);
      await Promise.all(sent);
      expect(server.messages.map(({ content }) => Buffer.from(content).toString())).toEqual(
        Array.from({ length: 8 }, (_, i) => `Subject: ${i}\r\n\r\n.${i}\r\n`),
      );
      await connection.quit();
    }
  });

  test('each have their own outcome, and no failure reaches the next (RSET between them, RFC 3030 section 2)', async () => {
    for (const extensions of [['PIPELINING', 'CHUNKING'], ['PIPELINING'], []]) {
      await using server = await TestSmtpServer.start({
        security: 'none',
        extensions,
        replies: (verb, line) =>
          verb === 'MAIL' && line.includes('bad@')
            ? '550 sender'
            : verb === 'RCPT' && line.includes('bad@')
              ? '550 recipient'
              : undefined,
      });
      const connection = await open(server.port, deep);
      const sendings: Sending[] = [
        {},
        { from: 'bad@example.test' },
        {},
        { to: ['bad@example.test'] },
        { to: ['bad@example.test', 'good@example.test'] },
        { requireAllRecipients: true, to: ['bad@example.test', 'good@example.test'] },
        {},
      ];
      const settled = await Promise.allSettled(sendings.map((sending) => send(connection, sending)));
      expect(settled.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect(server.messages.map(({ envelope }) => envelope.to.length)).toEqual([1, 1, 1, 1]);
      expect(connection.usable).toBe(true);
      await connection.quit();
    }
  });

  test('are unknown only where their end was sent and not answered, when the connection ends', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING', 'CHUNKING');
      await peer.until('three\r\n');
      // The server takes the first message, refuses the recipient of the second, and does not answer the content of the
      // third.
      await peer.send(
        '250 ok\r\n250 ok\r\n250 first\r\n250 reset\r\n250 ok\r\n550 no\r\n554 none\r\n250 reset\r\n250 ok\r\n250 ok\r\n',
      );
      peer.socket.end();
    });
    const connection = await open(server.port, deep);
    const never: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
    const sent = ['one', 'two', 'three'].map((text) => send(connection, { content: `${text}\r\n` }));
    sent.push(send(connection, { content: never }), send(connection));
    expect(await outcomes(sent)).toEqual([
      'first',
      'ERR_RECIPIENTS_REJECTED not-delivered',
      'ERR_CONNECT unknown',
      'ERR_CONNECT not-delivered',
      'ERR_CONNECT not-delivered stale',
    ]);
  });

  test('one aborted while its reply is awaited leaves the others whole', async () => {
    const controller = new AbortController();
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING', 'CHUNKING');
      await peer.until('three\r\n');
      controller.abort();
      await turns();
      for (const before of ['', '250 reset\r\n', '250 reset\r\n'])
        await peer.send(`${before}250 ok\r\n250 ok\r\n250 delivered\r\n`);
      await peer.until('QUIT\r\n');
      await peer.send('221 bye\r\n');
      peer.socket.end();
    });
    const connection = await open(server.port, deep);
    const sent = ['one', 'two', 'three'].map((text) =>
      send(connection, { content: `${text}\r\n`, ...(text === 'two' && { signal: controller.signal }) }),
    );
    expect(await outcomes(sent)).toEqual(['delivered', 'ERR_ABORTED unknown', 'delivered']);
    expect(connection.usable).toBe(true);
    await connection.quit();
  });

  test('one aborted while it waits for its turn is only taken out', async () => {
    await using server = await TestSmtpServer.start({ security: 'none', extensions: [] });
    const connection = await open(server.port, deep);
    const controller = new AbortController();
    const sent = [send(connection), send(connection, { signal: controller.signal }), send(connection)];
    setImmediate(() => controller.abort());
    expect((await outcomes(sent))[1]).toBe('ERR_ABORTED not-delivered');
    expect(server.messages).toHaveLength(2);
    await connection.quit();
  });

  test('one aborted half-written takes the connection with it, but not before those in front had their replies', async () => {
    const controller = new AbortController();
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING', 'CHUNKING');
      await peer.until('one\r\n');
      await peer.until('RCPT TO:<bob@example.test>\r\n');
      controller.abort();
      await turns();
      await peer.send('250 ok\r\n250 ok\r\n250 first\r\n');
      await peer.closed;
    });
    const connection = await open(server.port, deep);
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000, 'x');
    }
    const sent = [
      send(connection, { content: 'one\r\n' }),
      send(connection, { content: stream(), signal: controller.signal }),
      send(connection),
    ];
    expect(await outcomes(sent)).toEqual(['first', 'ERR_ABORTED not-delivered', 'ERR_CONNECT not-delivered stale']);
    expect(connection.usable).toBe(false);
  });

  test('by LMTP are each delivered', async () => {
    await using server = await TestSmtpServer.start({ security: 'none', protocol: 'lmtp' });
    const connection = await open(server.port, { ...deep, protocol: 'lmtp' });
    const sent = await Promise.all(
      Array.from({ length: 4 }, () => send(connection, { to: ['a@example.test', 'b@example.test'] })),
    );
    expect(sent.map(({ accepted }) => accepted.length)).toEqual([2, 2, 2, 2]);
    await connection.quit();
  });
});

/**
 * Servers that take fewer connections than the pool may open, and refuse the excess late: in reply to MAIL, or to the
 * end of data as Microsoft 365 does. The message is tried again once on an existing connection, and the pool opens no
 * more than the server takes.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailError } from '../../src/index.js';
import { failure } from '../support/engine.js';
import { type Cut, type Peer, startScriptedServer } from '../support/scripted-server.js';

const message = (n: number) => ({ to: 'b@example.org', text: `${n}` });

function profileFor(port: number) {
  const server = { host: '127.0.0.1', port, security: 'none', localName: 'client.example.com' } as const;
  return { name: 'p', sender: { email: 'a@example.com' }, server } as const;
}

const cuts: readonly (readonly [string, Cut])[] = [
  ['whole', (bytes) => [bytes]],
  ['by byte', (bytes) => Array.from(bytes, (byte) => Buffer.from([byte]))],
];

describe.each(cuts)('too many connections, %s', (_, cut) => {
  test.each([
    ['421 4.7.0 too many connections', []],
    ['421 4.7.0 too many connections', ['PIPELINING']],
    ['421 4.7.0 too many connections', ['PIPELINING', 'CHUNKING']],
    ['421 4.3.2 Concurrent connections limit exceeded', ['PIPELINING']],
  ] as const)(
    '%s to each MAIL: one round of refusals counts for all waiting messages (%j)',
    async (reply, extensions) => {
      await using server = await startScriptedServer(async (peer) => {
        await peer.send('220 x\r\n');
        await peer.hello(...extensions);
        await peer.line();
        await peer.send(`${reply}\r\n`);
        peer.socket.end();
      }, cut);
      // With CHUNKING the content of a second message may already have left behind the first; its outcome is unknown.
      const messagesInFlight = extensions.length > 1 ? 1 : 4;
      for (const options of [{ pool: { maxConnections: 10 } }, { pool: { maxConnections: 2, messagesInFlight } }]) {
        const before = server.connections;
        const mailer = createMailer(profileFor(server.port), options);
        const errors = await Promise.all(Array.from({ length: 50 }, (_, n) => failure(mailer.send(message(n)))));
        expect(
          new Set(errors.map(({ reply, retryable, delivery }) => `${reply?.code} ${retryable} ${delivery}`)),
        ).toEqual(new Set(['421 true not-delivered']));
        // Messages behind the refused one on its connection share one additional connection.
        const more = messagesInFlight > 1 ? 1 : 0;
        expect(server.connections - before).toBeLessThanOrEqual(options.pool.maxConnections + more);
        await mailer.close();
      }
    },
  );

  test.each([
    ['MAIL', '432 4.3.2 Concurrent connections limit exceeded'],
    ['end', '432 4.3.2 Concurrent connections limit exceeded'],
    ['end', '451 4.7.66 Server busy'],
    ['end', '421 4.7.0 Too many concurrent SMTP connections'],
  ] as const)('in reply to %s: %s', async (at, reply) => {
    const allowed = 3;
    let open = 0;
    let refused = 0;
    let wake = (): void => {};
    const delivered: string[] = [];
    /** Resolves once all connections that the pool may open are open. The server replies from then on. */
    const full = new Promise<void>((resolve) => (wake = resolve));
    const serve = async (peer: Peer, number: number): Promise<void> => {
      const excess = number > allowed;
      if (++open === 6) wake();
      await peer.send('220 x\r\n');
      await peer.hello();
      for (;;) {
        const line = await peer.line();
        if (line === 'QUIT') return await peer.send('221 bye\r\n');
        const isMail = line.startsWith('MAIL');
        if (isMail) await full;
        if (isMail && at === 'MAIL' && excess) {
          refused++;
          await peer.send(`${reply}\r\n`);
        } else if (line === 'DATA') {
          await peer.send('354 go\r\n');
          const content = (await peer.until('\r\n.\r\n')).toString();
          if (at === 'end' && excess) {
            refused++;
            await peer.send(`${reply}\r\n`);
            if (reply.startsWith('421')) return void peer.socket.end();
          } else {
            delivered.push(/\r\n\r\n(\d+)/.exec(content)?.[1] ?? content);
            await peer.send('250 ok\r\n');
          }
        } else await peer.send('250 ok\r\n');
      }
    };
    await using server = await startScriptedServer(serve, cut);
    const mailer = createMailer(profileFor(server.port), { pool: { maxConnections: 6 } });
    const failed: EmailError[] = [];
    await Promise.all(
      Array.from({ length: 24 }, (_, n) => mailer.send(message(n)).catch((error: EmailError) => failed.push(error))),
    );
    expect(failed).toEqual([]);
    expect(delivered.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, n) => n));
    // The pool has lowered its limit: nothing more is refused, and no further connection is opened.
    expect({ refused, connections: server.connections }).toEqual({ refused: 3, connections: 6 });
    await Promise.all(Array.from({ length: 12 }, (_, n) => mailer.send(message(n))));
    expect({ refused, connections: server.connections }).toEqual({ refused: 3, connections: 6 });
    await mailer.close();
  });

  test('a refusal to the end of data on the only connection is that of its message, and not of those behind it', async () => {
    let taken = 0;
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello();
      for (;;) {
        const line = await peer.line();
        if (line === 'DATA') {
          await peer.send('354 go\r\n');
          await peer.skip('\r\n.\r\n');
          await peer.send(++taken === 1 ? '432 4.3.2 Concurrent connections limit exceeded\r\n' : '250 ok\r\n');
        } else await peer.send('250 ok\r\n');
      }
    }, cut);
    const mailer = createMailer(profileFor(server.port), { pool: { maxConnections: 1 } });
    const [first, ...others] = [1, 2, 3].map((n) => mailer.send(message(n)));
    expect(await failure(first as Promise<unknown>)).toMatchObject({ reply: { code: 432 }, retryable: true });
    await Promise.all(others);
    expect(server.connections).toBe(1);
    await mailer.close({ force: true });
  });
});

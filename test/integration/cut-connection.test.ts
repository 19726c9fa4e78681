import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import { TestSmtpServer } from '../../src/testing.js';
import { turns } from '../support/clock.js';

const seed = Number(process.env['CUT_SEED'] ?? Date.now() % 1_000_000);

interface Way extends AsyncDisposable {
  readonly port: number;
  /** The number of octets of the first connection, by direction. */
  readonly seen: { up: number; down: number };
}

/** A relay to the server. Its first connection ends after this many octets in one direction. */
async function wayTo(port: number, direction: 'up' | 'down', cutAt: number, reset: boolean): Promise<Way> {
  const seen = { up: 0, down: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const first = sockets.size === 0;
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    const cut = (): void =>
      void [client, upstream].forEach((socket) => (reset ? socket.resetAndDestroy() : socket.end()));
    let over = false;
    const pass = (from: Socket, to: Socket, name: 'up' | 'down'): void => {
      sockets.add(from);
      from.on('error', () => undefined).on('close', () => to.destroy());
      from.on('data', (chunk: Buffer) => {
        if (over) return;
        const before = seen[name];
        if (first) seen[name] += chunk.length;
        over = first && name === direction && seen[name] >= cutAt;
        if (over) to.write(chunk.subarray(0, cutAt - before), () => void turns(3).then(cut));
        else to.write(chunk);
      });
    };
    pass(client, upstream, 'up');
    pass(upstream, client, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends eight messages on one connection. Returns the contradictions between reported and real outcomes. */
async function sendEight(smtp: TestSmtpServer, way: Way): Promise<readonly string[]> {
  smtp.clear();
  const profile = {
    name: 'cut',
    sender: { email: 'a@example.com' },
    server: { host: '127.0.0.1', port: way.port, security: 'none' },
  } as const;
  await using mailer = createMailer(profile, { pool: { maxConnections: 1, messagesInFlight: 8 } });
  const recipients = (i: number): string[] =>
    i === 3 ? ['bad@example.org'] : i === 5 ? ['bad@example.org', 'b@example.org'] : ['b@example.org'];
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      mailer.send({ to: recipients(i), subject: `m${i}`, text: 'x'.repeat(i === 6 ? 70_000 : 100) }).then(
        () => 'sent',
        (error: unknown) => (isEmailError(error) ? error.delivery : String(error)),
      ),
    ),
  );
  await mailer.close();
  // Waits for octets that were still on their way to the server when the client's side closed.
  await turns();
  return outcomes.flatMap((outcome, i) => {
    const times = smtp.messages.filter(({ content }) => Buffer.from(content).includes(`Subject: m${i}\r\n`)).length;
    const right =
      outcome === 'unknown' ? times < 2 : outcome === 'sent' ? times === 1 : outcome === 'not-delivered' && times === 0;
    return right ? [] : [`m${i}: ${outcome}, ${times} times there`];
  });
}

describe(`a connection that is cut at any octet, with eight messages in flight (seed ${seed})`, () => {
  it.each([
    ['with CHUNKING', ['PIPELINING', 'CHUNKING']],
    ['with PIPELINING and DATA', ['PIPELINING']],
    ['in lock-step', []],
  ])('leaves each of them where it is said to be, and none there twice, %s', async (_, extensions) => {
    await using smtp = await TestSmtpServer.start({
      security: 'none',
      extensions,
      replies: (verb, line) => (verb === 'RCPT' && line.includes('bad@') ? '550 5.1.1 no' : undefined),
    });
    await using whole = await wayTo(smtp.port, 'up', Infinity, false);
    expect(await sendEight(smtp, whole)).toEqual([]);
    for (let i = 0; i < 40; i++) {
      const direction = i % 2 === 0 ? 'up' : 'down';
      // Another octet for each seed. Most of the octets sent are one long message.
      const cutAt = (seed * 40 + i * 7919) % (direction === 'up' && i % 4 === 0 ? 3000 : whole.seen[direction]);
      await using way = await wayTo(smtp.port, direction, cutAt, i % 3 === 0);
      expect(await sendEight(smtp, way), `${direction}, cut at ${cutAt}`).toEqual([]);
    }
  });
});

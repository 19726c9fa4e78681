/**
 * A server that sends an additional reply behind the last reply of the set-up, in particular a rate limiter's 421 in
 * the same packet. A pool that took such connections for good ones would open hundreds a second, each with a sign-in.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailProfile, MailerOptions } from '../../src/index.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { hurry } from '../support/clock.js';
import { failure } from '../support/engine.js';
import { type Cut, type Peer, startScriptedServer } from '../support/scripted-server.js';

const authority = createTestCertificateAuthority();
const identity = authority.issueServer();

const cuts: Readonly<Record<string, Cut>> = {
  whole: (bytes) => [bytes],
  'by line': (bytes) =>
    bytes
      .toString('latin1')
      .split(/(?<=\n)/)
      .map((line) => Buffer.from(line, 'latin1')),
  'by byte': (bytes) => Array.from(bytes, (byte) => Buffer.from([byte])),
};

/**
 * The place of the additional reply: behind the greeting, the reply to EHLO or the end of the sign-in, in clear or
 * under TLS.
 */
type Place = 'greeting' | 'EHLO' | 'EHLO under TLS' | 'AUTH' | 'AUTH under TLS';

interface Server {
  readonly place: Place;
  readonly words: string;
  /** In a packet of its own; otherwise in the packet of the preceding reply. */
  readonly apart?: boolean;
  readonly hangsUp?: boolean;
}

async function storm({ place, words, apart = false, hangsUp = true }: Server, cut: Cut) {
  let signIns = 0;
  const ends = async (peer: Peer, reply: string): Promise<void> => {
    if (apart) await peer.send(reply);
    await peer.send(apart ? words : reply + words);
    if (hangsUp) peer.socket.end();
    await peer.closed;
  };
  const server = await startScriptedServer(async (plain) => {
    let peer = plain;
    if (place === 'greeting') return ends(peer, '220 x\r\n');
    await peer.send('220 x\r\n');
    if (place.endsWith('under TLS')) {
      await peer.hello('STARTTLS');
      await peer.line();
      await peer.send('220 go\r\n');
      peer = await peer.secure({ key: identity.key, cert: identity.certificate });
    }
    await peer.line();
    const hello = place.startsWith('AUTH') ? '250-x\r\n250 AUTH PLAIN\r\n' : '250-x\r\n250 PIPELINING\r\n';
    if (!place.startsWith('AUTH')) return ends(peer, hello);
    await peer.send(hello);
    await peer.line();
    signIns++;
    await ends(peer, '235 ok\r\n');
  }, cut);
  const profile: EmailProfile = {
    name: 'storm',
    sender: { email: 'a@example.com' },
    server: {
      host: '127.0.0.1',
      port: server.port,
      security: place.endsWith('under TLS') ? 'explicit' : 'none',
      localName: 'client.example.com',
      tls: { ca: authority.certificate },
    },
    authentication: place.startsWith('AUTH')
      ? { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true }
      : undefined,
  };
  return { server, profile, signIns: () => signIns };
}

const message = { to: 'b@example.org', text: 'x' };

const said = [
  ['421 4.7.0 too many connections\r\n', { code: 'ERR_SMTP_REPLY', retryable: true, reply: 421 }],
  ['421-4.7.0 too\r\n421 4.7.0 many\r\n', { code: 'ERR_SMTP_REPLY', retryable: true, reply: 421 }],
  ['451 4.3.2 later\r\n', { code: 'ERR_SMTP_REPLY', retryable: true, reply: 451 }],
  ['554 5.7.1 go away\r\n', { code: 'ERR_SMTP_REPLY', retryable: false, reply: 554 }],
  ['250 once more\r\n', { code: 'ERR_SMTP_PROTOCOL', retryable: false, reply: 250 }],
  ['hal', { code: 'ERR_SMTP_PROTOCOL', retryable: false }],
  ['HTTP/1.1 400 Bad Request\r\n', { code: 'ERR_SMTP_PROTOCOL', retryable: false }],
] as const;

describe.each(['greeting', 'EHLO', 'EHLO under TLS', 'AUTH', 'AUTH under TLS'] as const)(
  'what a server says behind its reply: %s',
  (place) => {
    test.each(said)('%j in the same packet is why the connection failed, and there is one', async (words, expected) => {
      const { server, profile, signIns } = await storm({ place, words }, cuts['whole'] as Cut);
      await using _ = server;
      const mailer = createMailer(profile);
      const error = await failure(mailer.send(message));
      expect({ ...error, reply: error.reply?.code }).toMatchObject({ delivery: 'not-delivered', ...expected });
      expect(error.phase).toBe(place.startsWith('AUTH') ? 'authenticate' : place === 'greeting' ? place : 'ehlo');
      expect(server.connections).toBe(1);
      expect(signIns()).toBeLessThanOrEqual(1);
      await mailer.close();
    });

    describe.each(Object.keys(cuts))('%s', (cut) => {
      test.each(said)('%j at any moment costs at most two connections', async (words, expected) => {
        for (const apart of [false, true]) {
          // Octets of a single line that come alone are not cut between lines.
          if (apart && cut === 'by line' && !/\n./.test(words)) continue;
          const { server, profile, signIns } = await storm({ place, words, apart }, cuts[cut] as Cut);
          await using _ = server;
          const mailer = createMailer(profile);
          const error = await failure(mailer.send(message));
          expect(error.delivery).toBe('not-delivered');
          // A line that arrives while a command is pending counts as its reply, and ends the connection only if it is a
          // 421.
          if (words.startsWith('421'))
            expect({ ...error, reply: error.reply?.code }).toMatchObject({ ...expected, delivery: 'not-delivered' });
          expect(server.connections).toBeLessThanOrEqual(2);
          expect(signIns()).toBeLessThanOrEqual(2);
          await mailer.close();
        }
      });

      test('testConnection() says what the server said, and is not ok', async () => {
        for (const apart of [false, true]) {
          const words = '421 4.7.0 too many connections\r\n';
          const { server, profile } = await storm({ place, words, apart }, cuts[cut] as Cut);
          await using _ = server;
          const mailer = createMailer(profile);
          const report = await mailer.testConnection();
          expect(report.ok, String(report)).toBe(false);
          expect(String(report)).toContain('421 4.7.0 too many connections');
          await mailer.close();
        }
      });
    });

    test.each([
      {},
      { pool: { messagesInFlight: 8 } },
      { pool: { maxConnections: 1 } },
      { pool: { rateLimit: { messages: 2, perMs: 60_000 } } },
    ])('one attempt counts for all waiting messages: %j', (options: MailerOptions) =>
      hurry(async () => {
        for (const words of ['421 4.7.0 too many connections\r\n', '421 4.3.2 shutting down\r\n']) {
          // A message whose MAIL was refused counts for the rate limit, so the others wait for their turn.
          for (const apart of options.pool?.rateLimit ? [false] : [false, true]) {
            const { server, profile, signIns } = await storm({ place, words, apart }, cuts['whole'] as Cut);
            await using _ = server;
            const mailer = createMailer(profile, options);
            const errors = await Promise.all(Array.from({ length: 50 }, () => failure(mailer.send(message))));
            expect(new Set(errors.map(({ reply }) => reply?.code))).toEqual(new Set([421]));
            // In a packet of its own the 421 may be the reply to MAIL. Then only the fifth in a row counts for all
            // messages.
            expect(server.connections).toBeLessThanOrEqual(apart ? 6 : 3);
            expect(signIns()).toBeLessThanOrEqual(apart ? 6 : 3);
            await mailer.close();
          }
        }
      }),
    );

    test('a forced close() is over at once, whatever the server says', async () => {
      const { server, profile } = await storm({ place, words: '42', hangsUp: false }, cuts['whole'] as Cut);
      await using _ = server;
      const mailer = createMailer(profile);
      const sending = failure(mailer.send(message));
      await expect.poll(() => server.connections).toBe(1);
      await mailer.close({ force: true });
      expect((await sending).delivery).toBe('not-delivered');
      expect(server.connections).toBe(1);
    });
  },
);

/**
 * A server that sends one reply too many and then goes on. The client takes it for the reply to MAIL, and everything
 * after it is out of step. Each message would get a reply and each connection a sign-in, but no message would be sent
 * properly.
 */
describe('replies out of step', () => {
  test.each([
    ['432 4.3.2 Concurrent connections limit exceeded', []],
    ['451 4.7.66 busy', ['PIPELINING']],
    ['550 5.7.1 no', []],
    ['250 ok', ['PIPELINING']],
    ['454 4.7.0 later', ['PIPELINING', 'CHUNKING']],
  ] as const)('%s behind the sign-in: few connections, however many messages wait (%j)', async (words, extensions) => {
    let signIns = 0;
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('AUTH PLAIN', ...extensions);
      for (;;) {
        const line = await peer.line();
        if (line.startsWith('AUTH')) {
          signIns++;
          await peer.send('235 ok\r\n');
          await peer.send(`${words}\r\n`);
        } else if (line === 'DATA') {
          await peer.send('354 go\r\n');
          await peer.skip('\r\n.\r\n');
          await peer.send('250 ok\r\n');
        } else if (line.startsWith('BDAT')) {
          await peer.bytes(Number(line.split(' ')[1]));
          await peer.send('250 ok\r\n');
        } else await peer.send('250 ok\r\n');
      }
    });
    const profile: EmailProfile = {
      name: 'storm',
      sender: { email: 'a@example.com' },
      server: { host: '127.0.0.1', port: server.port, security: 'none', localName: 'client.example.com' },
      authentication: { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true },
    };
    await hurry(async () => {
      for (const pool of [
        { maxConnections: 1 },
        { maxConnections: 10 },
        { maxConnections: 1, messagesInFlight: 8 },
        { maxConnections: 10, messagesInFlight: 8 },
      ]) {
        signIns = 0;
        const mailer = createMailer(profile, { pool });
        const outcomes = await Promise.allSettled(Array.from({ length: 60 }, () => mailer.send(message)));
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([]);
        expect(signIns, JSON.stringify(pool)).toBeLessThanOrEqual(2 * pool.maxConnections + 6);
        await mailer.close({ force: true });
      }
    });
  });
});

/** Runs with and without PIPELINING and with several pools, at the same time: each waits for the pauses of its pool. */
async function sideBySide(run: (pipelining: readonly string[], pool: PoolOptions) => Promise<void>): Promise<void> {
  const pools: readonly PoolOptions[] = [
    { maxConnections: 1 },
    { maxConnections: 10 },
    { maxConnections: 1, messagesInFlight: 8 },
  ];
  await hurry(() =>
    Promise.all([[], ['PIPELINING']].flatMap((pipelining) => pools.map((pool) => run(pipelining, pool)))),
  );
}
type PoolOptions = { readonly maxConnections: number; readonly messagesInFlight?: number };

/**
 * A server that refuses MAIL and hangs up, which costs a connection and a sign-in for each message. If it refuses the
 * number of connections at RCPT or DATA, that counts for all waiting messages as well.
 */
describe('a refusal and a hang-up', () => {
  test.each([
    ['MAIL', '432 4.3.2 Concurrent connections limit exceeded'],
    ['MAIL', '451 4.7.66 busy'],
    ['MAIL', '451 4.7.1 later'],
    ['MAIL', '450 4.7.1 slow down'],
    ['RCPT', '432 4.3.2 Concurrent connections limit exceeded'],
    ['RCPT', '421 4.7.66 busy'],
    ['RCPT', '451 4.7.66 busy'],
    ['DATA', '432 4.3.2 Concurrent connections limit exceeded'],
    ['DATA', '421 4.7.0 too many connections'],
  ] as const)('%s, %s: few connections, however many messages wait', async (command, words) => {
    await sideBySide(async (pipelining, pool) => {
      let signIns = 0;
      await using server = await startScriptedServer(async (peer) => {
        await peer.send('220 x\r\n');
        await peer.hello('AUTH PLAIN', ...pipelining);
        await peer.line();
        signIns++;
        await peer.send('235 ok\r\n');
        while (!(await peer.line()).startsWith(command)) await peer.send('250 ok\r\n');
        await peer.send(`${words}\r\n`);
        peer.socket.end();
        await peer.closed;
      });
      const mailer = createMailer(
        {
          name: 'storm',
          sender: { email: 'a@example.com' },
          server: { host: '127.0.0.1', port: server.port, security: 'none', localName: 'client.example.com' },
          authentication: { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true },
        },
        { pool },
      );
      const errors = await Promise.all(Array.from({ length: 60 }, () => failure(mailer.send(message))));
      expect(new Set(errors.map(({ delivery, retryable }) => `${delivery} ${retryable}`))).toEqual(
        new Set(['not-delivered true']),
      );
      expect(signIns, JSON.stringify([pool, pipelining])).toBeLessThanOrEqual(2 * pool.maxConnections + 6);
      await mailer.close({ force: true });
    });
  });
});

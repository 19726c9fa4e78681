/**
 * A server refuses and closes the connection. The error is the refusal, at every stage and however the connection ends.
 * @module
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import type { EmailError } from '../../../src/model/error.js';
import { stopClock, turns, until } from '../../support/clock.js';
import { failure, open, send, timeouts } from '../../support/engine.js';
import { type Cut, type Peer, startScriptedServer } from '../../support/scripted-server.js';

const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const byByte: Cut = (bytes) => Array.from(bytes, (byte) => Buffer.from([byte]));
const byLine: Cut = (bytes) =>
  (bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => Buffer.from(line, 'latin1'));
const whole: Cut = (bytes) => [bytes];

const stages = ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'end'] as const;
type Stage = (typeof stages)[number];
/** How the refusal's line ends, and how the server then closes the connection. */
const endings = {
  stays: { text: '\r\n', goes: undefined },
  FIN: { text: '\r\n', goes: 'end' },
  RST: { text: '\r\n', goes: 'reset' },
  'FIN without a line end': { text: '', goes: 'end' },
  'RST without a line end': { text: '', goes: 'reset' },
  'half a reply and FIN': { text: '\r\n25', goes: 'end' },
  'half a refusal and FIN': { text: '\r\n50', goes: 'end' },
} as const;
type Ending = keyof typeof endings;
const refusals = [
  '451 4.7.0 later',
  '421 4.7.0 too many errors',
  '521 5.7.1 go away',
  '550-5.7.1 go\r\n550 5.7.1 away',
] as const;
const extensions = [[], ['PIPELINING'], ['CHUNKING'], ['PIPELINING', 'CHUNKING']] as const;

/** Accepts everything except the refused stage. Commands after it are answered as by a server that keeps going. */
async function refuse(
  peer: Peer,
  stage: Stage,
  refusal: string | undefined,
  ending: Ending,
  offered: readonly string[],
): Promise<void> {
  let refused = false;
  const answer = async (at: Stage | 'other', good: string): Promise<void> => {
    const { text, goes } = endings[ending];
    if (at !== stage) return await peer.send(refused && at !== 'other' ? '503 5.5.1 not now\r\n' : good);
    refused = true;
    if (refusal !== undefined) await peer.send(`${refusal}${text}`);
    if (goes === 'end') peer.socket.end();
    if (goes === 'reset') peer.socket.resetAndDestroy();
    if (goes !== undefined) await new Promise(() => {});
  };
  const hello = ['x', ...offered]
    .map((line, index) => `250${index === offered.length ? ' ' : '-'}${line}\r\n`)
    .join('');
  await answer('greeting', '220 x\r\n');
  for (;;) {
    const line = await peer.line();
    const verb = line.slice(0, 4);
    if (verb === 'EHLO') await answer('EHLO', hello);
    else if (verb === 'HELO') await peer.send(`${refusal}\r\n`);
    else if (verb === 'MAIL') await answer('MAIL', '250 ok\r\n');
    else if (verb === 'RCPT') await answer('RCPT', '250 ok\r\n');
    else if (verb === 'BDAT') {
      await peer.bytes(Number(line.split(' ')[1]));
      await answer('end', '250 queued\r\n');
    } else if (verb === 'DATA') {
      await answer('DATA', '354 go\r\n');
      if (refused) continue;
      await peer.skip('\r\n.\r\n');
      await answer('end', '250 queued\r\n');
    } else await answer('other', '250 ok\r\n');
  }
}

describe.each(stages)('a refusal at %s', (stage) => {
  describe.each(refusals)('by %j', (refusal) => {
    test.each(Object.keys(endings) as Ending[])('with the ending "%s" is the error', async (ending) => {
      const severalLines = refusal.includes('\n') || endings[ending].text.length > 2;
      for (const offered of extensions) {
        if (stage === 'DATA' && offered.some((name) => name === 'CHUNKING')) continue;
        for (const cut of severalLines ? [whole, byLine, byByte] : [whole, byByte]) {
          await using server = await startScriptedServer((peer) => refuse(peer, stage, refusal, ending, offered), cut);
          const error = await failure(open(server.port).then((connection) => send(connection)));
          const code = Number(refusal.slice(0, 3));
          expect(error, `${offered.join()} ${String(error)}`).toMatchObject({
            code: stage === 'RCPT' && code !== 421 ? 'ERR_RECIPIENTS_REJECTED' : 'ERR_SMTP_REPLY',
            reply: { code },
            retryable: code < 500,
            delivery: 'not-delivered',
          });
          expect(error.recipients).toEqual(
            stage === 'RCPT' ? [{ recipient: 'bob@example.test', reply: error.reply }] : undefined,
          );
          expect(server.connections).toBe(1);
        }
      }
    });
  });
});

test.each(['FIN', 'RST'] as const)(
  'without a refusal %s is a lost connection, unknown only if all was sent',
  async (ending) => {
    for (const stage of stages) {
      for (const offered of extensions) {
        if (stage === 'DATA' && offered.some((name) => name === 'CHUNKING')) continue;
        await using server = await startScriptedServer((peer) => refuse(peer, stage, undefined, ending, offered));
        const error = await failure(open(server.port).then((connection) => send(connection)));
        const allSent = stage === 'end' || (offered.length === 2 && (stage === 'MAIL' || stage === 'RCPT'));
        expect(error, `${stage} ${offered.join()}`).toMatchObject({
          code: 'ERR_CONNECT',
          retryable: !allSent,
          delivery: allSent ? 'unknown' : 'not-delivered',
        });
      }
    }
  },
);

/** A server that has received a part of the content. */
async function inContent(peer: Peer, offered: readonly string[]): Promise<void> {
  await peer.send('220 x\r\n');
  await peer.hello(...offered);
  await peer.lines(offered.includes('CHUNKING') ? 2 : 3);
  await peer.send(`250 ok\r\n250 ok\r\n${offered.includes('CHUNKING') ? '' : '354 go\r\n'}`);
  await peer.bytes(100_000);
}

/** Endless content. */
async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield Buffer.alloc(40_000, 'x');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a refusal in the middle of a large message', () => {
  test.each([
    ['552-5.3.4 too\r\n552 5.3.4 much', 'ERR_MESSAGE_TOO_LARGE', false],
    ['552 5.3.4 too much', 'ERR_MESSAGE_TOO_LARGE', false],
    ['451 4.3.0 not now', 'ERR_SMTP_REPLY', true],
    ['554-a\r\n554-b\r\n554 c', 'ERR_SMTP_REPLY', false],
    ['421 4.7.0 bye', 'ERR_SMTP_REPLY', true],
  ])(
    '%j is waited for in however many pieces it comes, and the message is never ended',
    async (refusal, code, retryable) => {
      for (const cut of [whole, byLine, byByte]) {
        for (const end of ['\r\n', 'FIN'] as const) {
          let received = '';
          await using server = await startScriptedServer(async (peer) => {
            await inContent(peer, ['PIPELINING']);
            peer.socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
            await peer.send(end === 'FIN' ? refusal : `${refusal}\r\n`);
            if (end === 'FIN') peer.socket.end();
            await peer.closed;
          }, cut);
          const connection = await open(server.port);
          const error = await failure(send(connection, { content: endless() }));
          expect(error).toMatchObject({ code, retryable, delivery: 'not-delivered', phase: 'content' });
          expect(connection.usable).toBe(false);
          expect(received).not.toContain('.');
        }
      }
    },
  );

  test.each(['4x', '5 ', '59x', '550_', '6', '1', '2', '3', '\r\n', 'x'])(
    '%j is none, and ends the connection at once',
    async (text) => {
      await using server = await startScriptedServer(async (peer) => {
        await inContent(peer, ['PIPELINING']);
        await peer.send(text);
        await peer.closed;
      });
      const connection = await open(server.port, { timeouts: { ...timeouts, replyMs: 0 } });
      const error = await failure(send(connection, { content: endless() }));
      expect(error).toMatchObject({ code: 'ERR_SMTP_PROTOCOL', delivery: 'not-delivered' });
    },
  );

  test.each(['5', '55', '552 5.3.4 no', '552-no'])(
    'holds content back that was to leave with its end, once %j has come',
    async (begin) => {
      let received = '';
      await using server = await startScriptedServer(async (peer) => {
        await peer.send('220 x\r\n');
        await peer.hello('PIPELINING');
        await peer.lines(3);
        peer.socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
        await peer.send(`250 ok\r\n250 ok\r\n354 go\r\n${begin}`);
        // If the client took these bytes for a reply, it would react within two turns.
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        await peer.send(
          begin.length < 4 ? '552 no\r\n'.slice(begin.length) : '\r\n552 no\r\n'.slice(begin.includes('-') ? 0 : -2),
        );
        await peer.closed;
      });
      const error = await failure(send(await open(server.port)));
      expect(error).toMatchObject({
        code: 'ERR_SMTP_REPLY',
        reply: { code: 552 },
        phase: 'transaction',
        delivery: 'not-delivered',
      });
      expect(received).toBe('');
    },
  );

  test('that never ends is left after server.timeouts.replyMs', async () => {
    const clock = stopClock();
    let begun = false;
    await using server = await startScriptedServer(async (peer) => {
      await inContent(peer, ['PIPELINING']);
      await peer.send('552-5.3.4 too much');
      begun = true;
      await peer.closed;
    });
    const connection = await open(server.port, { timeouts: { ...timeouts, stallMs: 0 } });
    const sent = failure(send(connection, { content: endless() }));
    await until(() => begun);
    await turns();
    await clock.advance(timeouts.replyMs);
    const error = await sent;
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', delivery: 'not-delivered', phase: 'content' });
  });

  test('is read before the connection is written to that the server has reset', async () => {
    const file = join(folder, 'large.txt');
    writeFileSync(file, Buffer.alloc(8 << 20, `${'x'.repeat(70)}\r\n`));
    const seen: string[] = [];
    for (const offered of [['PIPELINING'], ['PIPELINING', 'CHUNKING']]) {
      for (const how of ['destroySoon', 'resetAndDestroy'] as const) {
        for (let round = 0; round < 5; round++) {
          await using server = await startScriptedServer(async (peer) => {
            await inContent(peer, offered);
            peer.socket.pause();
            // The reply is written in a later phase of the event loop, as from another process: the client reads it
            // before it writes again.
            await turns(1);
            peer.socket.write('552 5.3.4 too much\r\n');
            peer.socket[how]();
          });
          const connection = await open(server.port);
          const error = await failure(send(connection, { content: createReadStream(file) }));
          seen.push(`${error.code} ${error.reply?.code} ${error.delivery}`);
        }
      }
    }
    expect(new Set(seen)).toEqual(new Set(['ERR_MESSAGE_TOO_LARGE 552 not-delivered']));
  });

  test('of a chunk is the error where the connection ends while the next one is awaited', async () => {
    let ended = (): void => {};
    const over = new Promise<void>((resolve) => (ended = resolve));
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(60_000, 'x');
      yield Buffer.alloc(60_000, 'x');
      await over;
    }
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING', 'CHUNKING');
      await peer.lines(2);
      await peer.send('250 ok\r\n250 ok\r\n');
      await peer.bytes(60_000);
      await peer.send('552 5.3.4 full\r\n');
      peer.socket.end();
    });
    const connection = await open(server.port);
    connection.onClose(ended);
    const error = await failure(send(connection, { content: slow() }));
    expect(error).toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
      delivery: 'not-delivered',
      cause: { code: 'ERR_CONNECT' },
    });
  });
});

describe('replies that are read before the stream took all that was written', () => {
  /** Reads everything but never acknowledges a write. */
  class Deaf extends Duplex {
    readonly #replies: string;
    constructor(replies: string) {
      super();
      this.#replies = replies;
      setImmediate(() => this.push('220 x\r\n'));
    }
    override _read(): void {}
    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      if (chunk.includes('EHLO')) this.push('250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n');
      if (!chunk.includes('MAIL')) return done();
      this.push(this.#replies);
      this.push(null);
    }
  }
  const content = Buffer.alloc(60_000, `${'x'.repeat(70)}\r\n`);
  const sendOver = async (replies: string): Promise<unknown> =>
    await send(await open(1, { connector: { connect: () => Promise.resolve(new Deaf(replies)) } }), { content });

  test('count where they are complete', async () => {
    await expect(sendOver('250 ok\r\n250 ok\r\n250 queued\r\n')).resolves.toMatchObject({
      reply: { lines: ['queued'] },
    });
    for (const [replies, code, delivery] of [
      ['250 ok\r\n250 ok\r\n554 spam\r\n', 554, 'not-delivered'],
      ['250 ok\r\n250 ok\r\n554 spam', 554, 'not-delivered'],
      ['250 ok\r\n550 no\r\n', 550, 'not-delivered'],
      ['521 no\r\n', 521, 'not-delivered'],
      ['250 ok\r\n250 ok\r\n250 queued', undefined, 'unknown'],
      ['250 ok\r\n250 ok\r\n', undefined, 'unknown'],
      ['', undefined, 'unknown'],
    ] as const) {
      const error = await failure(sendOver(replies));
      expect([error.reply?.code, error.delivery], replies).toEqual([code, delivery]);
    }
  });
});

describe('a refusal that no command asked for', () => {
  const behindRecipient = async (text: string, size: number): Promise<EmailError> => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('PIPELINING', 'CHUNKING');
      await peer.lines(2);
      await peer.send(`250 ok\r\n250 ok\r\n${text}`);
      await peer.closed;
    });
    return await failure(send(await open(server.port), { content: Buffer.alloc(size, `${'x'.repeat(70)}\r\n`) }));
  };
  // More than 64 KiB, so that the replies to the envelope are awaited first. The last block is short in some, long in
  // others.
  const sizes = [70_000, 100_000, 130_000];

  test.each(['550 5.7.1 no', '451 later', '421 bye', '550-no\r\n550 no'])(
    'behind the replies to MAIL and RCPT, before any content, says so: %j',
    async (text) => {
      for (const size of sizes) {
        const error = await behindRecipient(`${text}\r\n`, size);
        expect(error).toMatchObject({
          code: 'ERR_SMTP_REPLY',
          phase: 'transaction',
          delivery: 'not-delivered',
          reply: { code: Number(text.slice(0, 3)) },
        });
        expect(error.message).not.toContain('before its end');
      }
    },
  );

  test.each(['250 ok', '354 go'])('behind the replies to MAIL and RCPT is none if it is %s', async (text) => {
    for (const size of sizes) {
      const error = await behindRecipient(`${text}\r\n`, size);
      expect(error, String(size)).toMatchObject({ code: 'ERR_SMTP_PROTOCOL', delivery: 'not-delivered' });
    }
  });

  test.each(['2', '250 x', '250 x\r\n', 'x', '\r\n', '354 go\r\n'])(
    'behind the greeting, or the reply to EHLO, is ERR_SMTP_PROTOCOL, as anywhere: %j',
    async (text) => {
      for (const behindHello of [false, true]) {
        await using server = await startScriptedServer(async (peer) => {
          await peer.send(`220 x\r\n${behindHello ? '' : text}`);
          await peer.line();
          await peer.send(`250 x\r\n${behindHello ? text : ''}`);
          await peer.closed;
        });
        const error = await failure(open(server.port));
        expect(error).toMatchObject({ code: 'ERR_SMTP_PROTOCOL', delivery: 'not-delivered' });
      }
    },
  );
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../src/errors/email-error.js';
import { open, send, timeouts } from '../support/engine.js';
import { random } from '../support/random.js';
import { type Cut, type Peer, startScriptedServer } from '../support/scripted-server.js';

/**
 * Dialogues with servers, in files: `S: ` is sent by the server, `C: ` is a line that the client must have sent by
 * then, `C* n` is this number of octets. Each is replayed with the server's bytes whole, by line, by byte and at random
 * cuts, with the same outcome.
 */
const folder = new URL('transcripts/', import.meta.url);

const content = 'From: ann@example.test\r\nSubject: wire\r\n\r\n.Helo\r\n\r\n';

const expected: Readonly<Record<string, unknown>> = {
  'chunking.txt': {
    accepted: ['bob@example.test', 'eve@example.test'],
    rejected: [],
    deferred: [],
    reply: '250 2.0.0 Ok: 50 bytes queued as 58F3C20C05E',
    usable: true,
  },
  'pipelining.txt': {
    accepted: ['eve@example.test'],
    rejected: [
      'bob@example.test 550 Callback setup failed while verifying <bob@example.test>|(result of an earlier callout reused).|Sender verify failed',
    ],
    deferred: [],
    reply: '250 OK id=1xV5PY-0007q1-1i',
    usable: true,
  },
  'lock-step.txt': {
    accepted: ['bob@example.test'],
    rejected: [],
    deferred: ['eve@example.test'],
    reply: '250 taken',
    usable: true,
  },
  'lmtp.txt': {
    accepted: ['eve@example.test'],
    rejected: ['bob@example.test 452 4.2.2 <bob@example.test> Mailbox is full'],
    deferred: [],
    reply: '250 2.0.0 <eve@example.test> cJm+N97MAmu Saved',
    usable: true,
  },
  'refused.txt': {
    code: 'ERR_RECIPIENTS_REJECTED',
    delivery: 'not-delivered',
    retryable: true,
    recipients: [
      'bob@example.test 550 5.1.1 <bob@example.test>: no such|mailbox here',
      'eve@example.test 450 4.7.1 <eve@example.test>: greylisted',
    ],
    usable: true,
  },
  'closing.txt': { code: 'ERR_SMTP_REPLY', delivery: 'not-delivered', retryable: true, recipients: [], usable: false },
  'no-354.txt': {
    code: 'ERR_SMTP_PROTOCOL',
    delivery: 'not-delivered',
    retryable: false,
    recipients: [],
    usable: false,
  },
  'too-few.txt': { code: 'ERR_TIMEOUT', delivery: 'unknown', retryable: false, recipients: [], usable: false },
  'mixed-codes.txt': {
    code: 'ERR_SMTP_PROTOCOL',
    delivery: 'unknown',
    retryable: false,
    recipients: [],
    usable: false,
  },
};

async function play(peer: Peer, transcript: string): Promise<void> {
  let speech = '';
  const speak = async (): Promise<void> => {
    const text = speech;
    speech = '';
    if (text !== '') await peer.send(text);
  };
  for (const entry of transcript.trimEnd().split('\n')) {
    if (entry.startsWith('S: ')) {
      speech += `${entry.slice(3)}\r\n`;
      continue;
    }
    await speak();
    if (entry.startsWith('C: ')) expect(await peer.line()).toBe(entry.slice(3));
    else if (entry.startsWith('C* ')) await peer.bytes(Number(entry.slice(3)));
    else throw new Error(`not an entry of a transcript: ${entry}`);
  }
  await speak();
  await peer.closed;
}

async function replay(transcript: string, cut: Cut): Promise<unknown> {
  await using server = await startScriptedServer((peer) => play(peer, transcript), cut);
  const protocol = transcript.includes('LHLO') ? 'lmtp' : 'smtp';
  const connection = await open(server.port, { protocol, timeouts: { ...timeouts, acceptanceMs: 500 } });
  const show = (
    recipient: string,
    reply: { code: number; enhancedCode?: string | undefined; lines: readonly string[] } | undefined,
  ): string =>
    [recipient, reply?.code, reply?.enhancedCode, reply?.lines.join('|')]
      .filter((part) => part !== undefined && part !== '')
      .join(' ');
  try {
    const outcome = await send(connection, { to: ['bob@example.test', 'eve@example.test'], content });
    const { accepted, rejected, deferred, reply } = outcome;
    return {
      accepted,
      rejected: rejected.map((entry) => show(entry.recipient, entry.reply)),
      deferred,
      reply: show('', reply),
      usable: connection.usable,
    };
  } catch (error) {
    if (!isEmailError(error)) throw error;
    const { code, delivery, retryable, recipients = [] } = error;
    return {
      code,
      delivery,
      retryable,
      recipients: recipients.map((entry) => show(entry.recipient, entry.reply)),
      usable: connection.usable,
    };
  } finally {
    connection.destroy();
  }
}

const byLine: Cut = (bytes) =>
  bytes
    .toString('latin1')
    .split(/(?<=\n)/)
    .map((line) => Buffer.from(line, 'latin1'));
const byByte: Cut = (bytes) => Array.from(bytes, (byte) => Buffer.of(byte));
function atRandom(seed: number): Cut {
  const next = random(seed);
  return (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = 1 + next(40);
      parts.push(bytes.subarray(at, at + length));
      at += length;
    }
    return parts;
  };
}

describe('a dialogue has one outcome, however the bytes of the server are cut:', () => {
  const files = readdirSync(folder);
  test('every transcript has an outcome here', () => {
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });
  test.each(files)('%s', async (file) => {
    const transcript = readFileSync(new URL(file, folder), 'utf8');
    const seed = Math.floor(Math.random() * 2 ** 31);
    const cuts: readonly (readonly [string, Cut])[] = [
      ['whole', (bytes) => [bytes]],
      ['by line', byLine],
      ['by byte', byByte],
      [`at random, seed ${seed}`, atRandom(seed)],
      [`at random, seed ${seed + 1}`, atRandom(seed + 1)],
    ];
    const outcomes = await Promise.all(cuts.map(async ([name, cut]) => [name, await replay(transcript, cut)] as const));
    for (const [name, outcome] of outcomes) expect(outcome, name).toEqual(expected[file]);
  });
});

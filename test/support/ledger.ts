/**
 * Many messages through a server that fails at random. The messages that it took are compared with the mailer's
 * results.
 * @module
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMailer } from '../../src/index.js';
import type { MailMessage, PoolOptions } from '../../src/index.js';
import { TestSmtpServer } from '../../src/testing.js';
import type { TestFault, TestFaultStage } from '../../src/testing.js';

export interface LedgerOptions {
  readonly messages: number;
  readonly pool: PoolOptions;
  /** Chance of a fault at each stage. */
  readonly rate: number;
  readonly seed: number;
  readonly extensions?: readonly string[];
}

export interface Ledger {
  readonly sent: number;
  readonly failed: number;
  readonly unknown: number;
  readonly faults: number;
  /** Contradictions, of which there must be none. */
  readonly wrong: readonly string[];
  readonly heapGrowthBytes: number;
}

/** A small generator, so that a seed gives the same numbers everywhere (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export async function runLedger({ messages, pool, rate, seed, extensions }: LedgerOptions): Promise<Ledger> {
  const next = random(seed);
  let faults = 0;
  let faulty = true;
  const hit = (): boolean => {
    const strikes = faulty && next() < rate;
    if (strikes) faults++;
    return strikes;
  };
  const kinds: readonly TestFault[] = [{ do: 'drop' }, { do: 'reset' }, { do: 'delay', ms: 3 }];
  const replies = new Map([
    ['GREETING', ['421 4.3.2 later', '554 5.3.2 no']],
    ['EHLO', ['421 4.3.2 later']],
    ['MAIL', ['451 4.3.0 later', '550 5.7.1 no', '421 4.3.2 later']],
    ['RCPT', ['450 4.2.0 later', '550 5.1.1 no', '421 4.3.2 later']],
    ['DATA', ['451 4.3.0 later', '421 4.3.2 later']],
    ['END', ['451 4.3.0 later', '554 5.6.0 no', '421 4.3.2 later']],
  ]);
  await using server = await TestSmtpServer.start({
    security: 'none',
    ...(extensions ? { extensions } : {}),
    faults: (at: TestFaultStage) =>
      at !== 'QUIT' && at !== 'RSET' && hit() ? kinds[Math.floor(next() * kinds.length)] : undefined,
    replies: (verb) => {
      const list = replies.get(verb);
      return list && hit() ? list[Math.floor(next() * list.length)] : undefined;
    },
  });
  const mailer = createMailer(
    {
      name: 'ledger',
      sender: { email: 'a@example.com' },
      server: { host: server.host, port: server.port, security: 'none' },
    },
    { pool },
  );
  function* source(): Generator<MailMessage> {
    for (let i = 0; i < messages; i++)
      yield { to: 'b@example.org', subject: String(i), text: 'x'.repeat(next() < 0.02 ? 100_000 : 200) };
  }
  // One octet a message, and received messages are removed on the way. Otherwise the heap would grow by the ledger
  // itself.
  const outcomes = new Uint8Array(messages);
  const taken = new Uint8Array(messages);
  const note = (): void => {
    for (const { content } of server.messages) {
      const [, subject] =
        /^Subject: (\d+)\r$/m.exec(
          Buffer.from(content.buffer, content.byteOffset, Math.min(content.length, 1000)).toString('latin1'),
        ) ?? [];
      if (subject !== undefined) taken[Number(subject)] = (taken[Number(subject)] ?? 0) + 1;
    }
    server.clear();
  };
  let settled = 0;
  let heapStart = 0;
  for await (const { message, error } of mailer.sendAll(source())) {
    outcomes[Number(message.subject)] = kindsOfOutcome.indexOf(error ? error.delivery : 'sent');
    if (++settled % 100 === 0) note();
    if (settled === Math.ceil(messages / 5)) heapStart = heapUsed();
  }
  const heapEnd = heapUsed();
  faulty = false;
  await mailer.close();
  note();
  const wrong: string[] = [];
  const counts = new Map<string, number>();
  for (const [i, outcome] of outcomes.entries()) {
    const kind = kindsOfOutcome[outcome] ?? '';
    const arrived = taken[i] ?? 0;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (kind === 'none') wrong.push(`message ${i} did not settle`);
    if (arrived > 1) wrong.push(`message ${i} was taken ${arrived} times`);
    if (kind === 'sent' && arrived === 0) wrong.push(`message ${i} was reported as sent and never taken`);
    if (kind === 'not-delivered' && arrived > 0) wrong.push(`message ${i} was taken and reported as not delivered`);
  }
  const count = (kind: string): number => counts.get(kind) ?? 0;
  return {
    sent: count('sent'),
    failed: count('not-delivered'),
    unknown: count('unknown'),
    faults,
    wrong,
    heapGrowthBytes: heapEnd - heapStart,
  };
}

const kindsOfOutcome: readonly string[] = ['none', 'sent', 'not-delivered', 'unknown', 'partly-delivered'];

/** The heap of live objects. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  return process.memoryUsage().heapUsed;
}

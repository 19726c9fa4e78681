/**
 * Every stage of a send, by every refusal, every way in which the server goes on, and the extensions that decide which
 * commands are written together. One rule gives the error and the number of connections.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailError, EmailProfile, Mailer, SendResult } from '../../src/index.js';
import { stopClock, turns } from '../support/clock.js';
import { type Cut, type Peer, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const stages = ['greeting', 'EHLO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'content', 'end', 'QUIT'] as const;
const refusals = ['451 4.7.0 not now', '421 4.7.0 going away', '550 5.7.1 not you', undefined] as const;
/** `half`: the refusal without its last words and its line end, then the end of the stream. */
const endings = ['stays', 'FIN', 'RST', 'half'] as const;
const extensions = {
  'no extension': [],
  PIPELINING: ['PIPELINING'],
  CHUNKING: ['PIPELINING', 'CHUNKING'],
  'eight in flight': ['PIPELINING', 'CHUNKING'],
} as const;

interface Cell {
  readonly stage: (typeof stages)[number];
  readonly refusal: (typeof refusals)[number];
  readonly ending: (typeof endings)[number];
  readonly offered: keyof typeof extensions;
  readonly cut: 'whole' | 'by byte';
}

const cuts: Readonly<Record<Cell['cut'], Cut>> = {
  whole: (bytes) => [bytes],
  'by byte': (bytes) => Array.from(bytes, (byte) => Buffer.from([byte])),
};
const recipient = 'b@example.org';

/** The outcome that an error states. */
interface Verdict {
  readonly code: string;
  readonly reply: number | undefined;
  readonly recipients: readonly string[] | undefined;
  readonly retryable: boolean;
  readonly delivery: string;
}

/**
 * The rule. A refusal is the error, whatever follows it: nothing was delivered, and it is retryable if it is a 4yz.
 * Without a refusal the connection was lost or silent, and the message may have arrived if all of it had left.
 */
function rule({ stage, refusal, ending, offered }: Cell): Verdict | 'sent' {
  if (stage === 'QUIT') return 'sent';
  if (refusal !== undefined) {
    const reply = Number(refusal.slice(0, 3));
    const code =
      stage === 'STARTTLS'
        ? 'ERR_TLS'
        : reply === 421
          ? 'ERR_SMTP_REPLY'
          : stage === 'AUTH'
            ? 'ERR_AUTH_REJECTED'
            : stage === 'RCPT'
              ? 'ERR_RECIPIENTS_REJECTED'
              : 'ERR_SMTP_REPLY';
    const recipients = stage === 'RCPT' ? [recipient] : undefined;
    return { code, reply, recipients, retryable: reply < 500, delivery: 'not-delivered' };
  }
  const isChunked = extensions[offered].some((name) => name === 'CHUNKING');
  // MAIL, RCPT, BDAT and a small content leave in one write.
  const hasLeft = stage === 'end' || (isChunked && (stage === 'MAIL' || stage === 'RCPT' || stage === 'DATA'));
  return {
    code: ending === 'stays' ? 'ERR_TIMEOUT' : 'ERR_CONNECT',
    reply: undefined,
    recipients: undefined,
    retryable: !hasLeft,
    delivery: hasLeft ? 'unknown' : 'not-delivered',
  };
}

/** The server stays silent and connected, so only a deadline ends the wait. */
const isSilent = ({ refusal, ending }: Cell): boolean => refusal === undefined && ending === 'stays';

/** A server that accepts everything before the stage, and from there behaves as the cell says. */
async function serve(peer: Peer, { stage, refusal, ending, offered }: Cell, onSilence = () => {}): Promise<void> {
  let refused = false;
  /** Sends the correct reply; at the stage of the cell the refusal; after it the replies of a server that goes on. */
  const answer = async (at: Cell['stage'], good: string): Promise<void> => {
    if (at !== stage) return await peer.send(refused ? '503 5.5.1 not now\r\n' : good);
    refused = true;
    const text = refusal === undefined ? '' : ending === 'half' ? refusal.slice(0, -3) : `${refusal}\r\n`;
    if (text !== '') await peer.send(text);
    if (ending === 'RST') peer.socket.resetAndDestroy();
    else if (ending !== 'stays') peer.socket.end();
    else if (refusal === undefined) onSilence();
    if (ending !== 'stays' || refusal === undefined) await peer.closed;
  };
  const more = stage === 'STARTTLS' ? ['STARTTLS'] : stage === 'AUTH' ? ['AUTH PLAIN'] : [];
  const names = ['x', ...extensions[offered], ...more];
  const hello = names.map((name, index) => `250${index === names.length - 1 ? ' ' : '-'}${name}\r\n`).join('');
  await answer('greeting', '220 x\r\n');
  for (;;) {
    const line = await peer.line();
    switch (line.slice(0, 4)) {
      case 'EHLO':
      case 'HELO':
        await answer('EHLO', hello);
        break;
      case 'STAR':
        await answer('STARTTLS', '');
        break;
      case 'AUTH':
        await answer('AUTH', '235 ok\r\n');
        break;
      case 'MAIL':
        // For the next message the refusal no longer applies.
        if (stage !== 'EHLO') refused = false;
        await answer('MAIL', '250 ok\r\n');
        break;
      case 'RCPT':
        await answer('RCPT', '250 ok\r\n');
        break;
      case 'DATA':
        if (stage === 'DATA') await answer('DATA', '');
        else if (refused) await peer.send('503 5.5.1 not now\r\n');
        else {
          await peer.send('354 go\r\n');
          if (stage === 'content') await inContent(peer, answer);
          await peer.skip('\r\n.\r\n');
          await answer('end', '250 ok\r\n');
        }
        break;
      case 'BDAT':
        await peer.bytes(Number(line.split(' ')[1]));
        if (stage === 'content' && refused) await peer.send('503 5.5.1 not now\r\n');
        else await answer(stage === 'DATA' || stage === 'content' ? stage : 'end', '250 ok\r\n');
        break;
      case 'RSET':
        refused = false;
        await peer.send('250 ok\r\n');
        break;
      case 'QUIT':
        await answer('QUIT', '221 bye\r\n');
        return;
      default:
        throw new Error(`an unknown command: ${line}`);
    }
  }
}

async function inContent(peer: Peer, answer: (at: Cell['stage'], good: string) => Promise<void>): Promise<void> {
  await peer.bytes(50_000);
  // From here on the server reads nothing.
  peer.socket.pause();
  await answer('content', '');
  peer.socket.resume();
  await peer.closed;
}

/** Endless content: it is never known to have left completely. */
async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield Buffer.alloc(48_000, 'x');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function mailerFor({ stage, offered }: Cell, server: ScriptedServer): Mailer {
  const names = ['greetingMs', 'replyMs', 'stallMs', 'acceptanceMs'] as const;
  const profile: EmailProfile = {
    name: 'table',
    sender: { email: 'a@example.com' },
    server: {
      host: '127.0.0.1',
      port: server.port,
      security: stage === 'STARTTLS' ? 'explicit' : 'none',
      localName: 'client.example.com',
      timeouts: Object.fromEntries(names.map((name) => [name, 20_000])),
    },
    authentication:
      stage === 'AUTH' ? { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true } : undefined,
  };
  const messagesInFlight = offered === 'eight in flight' ? 8 : 1;
  return createMailer(profile, { pool: { maxConnections: 1, messagesInFlight } });
}

function verdictOf(error: EmailError): Verdict {
  const { code, reply, recipients, retryable, delivery } = error;
  return { code, reply: reply?.code, recipients: recipients?.map((each) => each.recipient), retryable, delivery };
}

/**
 * A message behind the refused one loses its connection; its outcome is unknown if it had left. Every message on the
 * connection receives a 421.
 */
function isLost({ code, reply, retryable, delivery }: Verdict, { refusal }: Cell): boolean {
  const isTold = reply === undefined || (reply === 421 && refusal?.startsWith('421') === true);
  return code === 'ERR_CONNECT' && isTold && retryable === (delivery === 'not-delivered');
}

async function play(cell: Cell, onSilence?: () => void): Promise<void> {
  await using server = await startScriptedServer((peer) => serve(peer, cell, onSilence), cuts[cell.cut]);
  const mailer = mailerFor(cell, server);
  const name = Object.values(cell).join(' | ');
  const expected = rule(cell);
  const message = () => ({ to: recipient, ...(cell.stage === 'content' ? { text: endless() } : { text: 'hello' }) });
  const count = cell.offered === 'eight in flight' ? 8 : 1;
  const outcomes = await Promise.all(
    Array.from({ length: count }, () =>
      mailer.send(message()).then(
        (result: SendResult) => result,
        (error: EmailError) => error,
      ),
    ),
  );
  const verdicts = outcomes.map((outcome) => ('code' in outcome ? verdictOf(outcome) : ('sent' as const)));
  const [first, ...others] = verdicts;
  expect({ name, first }).toEqual({ name, first: expected });
  for (const other of others)
    if (other === 'sent' || !isLost(other, cell)) expect({ name, other }).toEqual({ name, other: expected });
  // A second connection is allowed only for messages behind the refused one, which the server cannot have begun.
  expect({ name, connections: server.connections }).toEqual({
    name,
    connections: count === 1 ? 1 : expect.toSatisfy((connections: number) => connections <= 2),
  });
  // The reply to QUIT does not matter.
  await mailer.close();
}

const cellsOf = (stage: Cell['stage'], offered: Cell['offered']): readonly Cell[] =>
  refusals.flatMap((refusal) =>
    endings.flatMap((ending): readonly Cell[] => {
      if (refusal === undefined && ending === 'half') return [];
      const cell = { stage, refusal, ending, offered } as const;
      if (refusal === undefined || offered === 'no extension') return [{ ...cell, cut: 'whole' }];
      if (offered === 'PIPELINING')
        return [
          { ...cell, cut: 'whole' },
          { ...cell, cut: 'by byte' },
        ];
      // One of the two cuts with CHUNKING, the other one with eight messages in flight.
      const isWhole = (stages.indexOf(stage) + refusals.indexOf(refusal) + endings.indexOf(ending)) % 2 === 0;
      return [{ ...cell, cut: isWhole === (offered === 'CHUNKING') ? 'whole' : 'by byte' }];
    }),
  );

describe.each(stages)('a server that does not go on at %s', (stage) => {
  const rows = (Object.keys(extensions) as Cell['offered'][]).flatMap((offered) =>
    refusals.map((refusal) => [offered, refusal] as const),
  );
  test.each(rows)('with %s: %s', async (offered, refusal) => {
    const cells = cellsOf(stage, offered).filter((cell) => cell.refusal === refusal && !isSilent(cell));
    expect(cells.length).toBeGreaterThan(1);
    // Only some at a time, because a process can hold a limited number of sockets.
    const worker = async (): Promise<void> => {
      for (let cell = cells.shift(); cell !== undefined; cell = cells.shift()) await play(cell);
    };
    await Promise.all([1, 2, 3].map(worker));
  });
});

describe.each(stages)('a server that falls silent at %s', (stage) => {
  test.each(Object.keys(extensions) as Cell['offered'][])('with %s', async (offered) => {
    const clock = stopClock();
    let silent = false;
    let over = false;
    const silentCells = cellsOf(stage, offered).filter(isSilent);
    expect(silentCells).toHaveLength(1);
    const played = Promise.all(silentCells.map((cell) => play(cell, () => (silent = true)))).finally(
      () => (over = true),
    );
    // Time moves once the server is silent, and slowly enough for the client to act meanwhile.
    while (!over) {
      await turns(10);
      if (silent) await clock.advance(1_000);
    }
    await played;
  });
});

describe('testConnection() of a server that does not go on', () => {
  test.each(['greeting', 'EHLO', 'STARTTLS', 'AUTH', 'QUIT'] as const)('at %s', async (stage) => {
    for (const cell of cellsOf(stage, 'PIPELINING')) {
      if (isSilent(cell)) continue;
      await using server = await startScriptedServer((peer) => serve(peer, cell), cuts[cell.cut]);
      const mailer = mailerFor(cell, server);
      const report = await mailer.testConnection();
      const name = Object.values(cell).join(' | ');
      expect({ name, ok: report.ok }).toEqual({ name, ok: stage === 'QUIT' && cell.refusal === undefined });
      const failed = report.steps.findLast(({ ok }) => !ok);
      if (cell.refusal !== undefined)
        expect({ name, reply: failed?.error?.reply?.code }).toEqual({ name, reply: Number(cell.refusal.slice(0, 3)) });
      await mailer.close();
    }
  });
});

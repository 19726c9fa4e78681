/**
 * A server that answers one command in every wrong way, at every stage and over every way of writing commands, with its
 * bytes whole, by line, by byte and cut at random. The error follows from one rule and never depends on the cut.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type { Authentication } from '../../src/index.js';
import { fuzzSeconds, random, seedOfRun } from '../support/random.js';
import { type Cut, type Peer, startScriptedServer } from '../support/scripted-server.js';

const next = random(seedOfRun);

const stages = ['greeting', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'END'] as const;
type Stage = (typeof stages)[number];

const extensions = { 'lock-step': [], PIPELINING: ['PIPELINING'], CHUNKING: ['PIPELINING', 'CHUNKING'] } as const;
type Offered = keyof typeof extensions;

const pieces = (bytes: Buffer, size: () => number): readonly Buffer[] => {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = size();
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
};
const cuts: Readonly<Record<string, Cut>> = {
  whole: (bytes) => [bytes],
  'by line': (bytes) =>
    (bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => Buffer.from(line, 'latin1')),
  'by byte': (bytes) => pieces(bytes, () => (bytes.length > 2_000 ? 1_000 : 1)),
  'at random': (bytes) => pieces(bytes, () => 1 + next(bytes.length > 2_000 ? 3_000 : 20)),
};

/** `good` is the correct reply, `code` its code. */
type Behaviour = (peer: Peer, good: string, code: string) => Promise<void>;
const says =
  (text: (good: string, code: string) => string): Behaviour =>
  (peer, good, code) =>
    peer.send(text(good, code));
const forever =
  (text: (code: string) => string): Behaviour =>
  async (peer, _, code) => {
    const block = text(code).repeat(Math.ceil(8_000 / text(code).length));
    while (!peer.socket.destroyed) await peer.send(block);
  };

/** Input that is not a reply. */
const malformed: Readonly<Record<string, Behaviour>> = {
  'no number': says(() => 'hello there\r\n'),
  'an empty line': says((good) => `\r\n${good}`),
  'a code of two digits': says(() => '25 ok\r\n'),
  'a code of four digits': says((_, code) => `${code}0 ok\r\n`),
  'a code out of range': says(() => '650 ok\r\n'),
  'a code of 1yz': says(() => '150 wait\r\n'),
  'a digit of another script': says(() => '25\u0660 ok\r\n'),
  'NUL before the code': says((good) => `\0${good}`),
  'another separator': says((_, code) => `${code}_ok\r\n`),
  'two codes in one reply': says((_, code) => `${code}-ok\r\n550 no\r\n`),
  'a line without an end': forever(() => 'x'),
  'a good line without an end': async (peer, _, code) => {
    await peer.send(`${code} `);
    await forever(() => 'x')(peer, '', code);
  },
  'lines without an end': forever((code) => `${code}-more\r\n`),
};
/** Replies that do not fit this command. */
const wrong: Readonly<Record<string, Behaviour>> = {
  'the code of another stage': says((_, code) => `${code === '354' ? '250' : '354'} ok\r\n`),
  'a 3yz that no command has': says(() => '399 ok\r\n'),
};
/** Unusual but valid replies. */
const tolerated: Readonly<Record<string, Behaviour>> = {
  'a bare LF': says((good) => good.replaceAll('\r\n', '\n')),
  'NUL in its text': says((good, code) => (/^250-/.test(good) ? good : `${code} o\0k\r\n`)),
  '8-bit text': says((good, code) => (/^250-/.test(good) ? good : `${code} \u00e9\ufffd\r\n`)),
  'escapes in its text': says((good, code) => (/^250-/.test(good) ? good : `${code} \x1b[31mok\x07\r\n`)),
  'no text': says((good, code) => (/^250-/.test(good) ? good : `${code}\r\n`)),
  'many lines': says((good, code) => (/^250-/.test(good) ? good : `${`${code}-ok\r\n`.repeat(200)}${code} ok\r\n`)),
};

async function serve(peer: Peer, stage: Stage, offered: Offered, misbehave: Behaviour): Promise<void> {
  let done = false;
  const answer = async (at: Stage, good: string): Promise<void> => {
    if (at !== stage || done) return await peer.send(good);
    done = true;
    await misbehave(peer, good, good.slice(0, 3));
  };
  const names = ['x', ...extensions[offered], 'AUTH PLAIN'];
  const hello = names.map((name, index) => `250${index === names.length - 1 ? ' ' : '-'}${name}\r\n`).join('');
  await answer('greeting', '220 x\r\n');
  for (;;) {
    const line = await peer.line();
    const verb = line.slice(0, 4);
    if (verb === 'EHLO') await answer('EHLO', hello);
    else if (verb === 'AUTH') await answer('AUTH', '235 ok\r\n');
    else if (verb === 'MAIL' || verb === 'RCPT') await answer(verb, '250 ok\r\n');
    else if (verb === 'DATA') {
      await answer('DATA', '354 go\r\n');
      await peer.skip('\r\n.\r\n');
      await answer('END', '250 ok\r\n');
    } else if (verb === 'BDAT') {
      await peer.bytes(Number(line.split(' ')[1]));
      await answer(stage === 'DATA' ? 'DATA' : 'END', '250 ok\r\n');
    } else if (verb === 'QUIT') return await peer.send('221 bye\r\n');
    else await peer.send('250 ok\r\n');
  }
}

const authentication: Authentication = { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true };

async function outcome(stage: Stage, offered: Offered, misbehave: Behaviour, cut: Cut): Promise<object> {
  await using server = await startScriptedServer((peer) => serve(peer, stage, offered, misbehave), cut);
  const mailer = createMailer({
    name: 'misbehaving',
    sender: { email: 'a@example.com' },
    server: { host: '127.0.0.1', port: server.port, security: 'none', localName: 'client.example.com' },
    authentication,
  });
  try {
    const { reply } = await mailer.send({ to: 'b@example.org', text: 'Hello' });
    return { code: 'sent', reply: reply.code };
  } catch (error) {
    if (!isEmailError(error)) throw error;
    const { code, delivery, retryable } = error;
    return { code, delivery, retryable, connections: server.connections };
  } finally {
    await mailer.close();
  }
}

/**
 * `npm run fuzz` tries all combinations of extensions and cuts. Otherwise each stage of each behaviour takes one of
 * them in turn.
 */
const cells = Object.keys(extensions).flatMap((offered) =>
  Object.keys(cuts).map((how) => [offered as Offered, how] as const),
);
const cellsFor = (at: number): typeof cells =>
  fuzzSeconds > 0 ? cells : cells.slice(at % cells.length, (at % cells.length) + 1);

const table = (kinds: Readonly<Record<string, Behaviour>>, rule: (stage: Stage, offered: Offered) => object): void => {
  const names = Object.keys(kinds);
  describe.each(Object.entries(kinds))('%s', (name, misbehave) => {
    test.concurrent.each(stages)('at %s', async (stage) => {
      for (const [offered, how] of cellsFor(5 * names.indexOf(name) + 7 * stages.indexOf(stage))) {
        const cell = `${name} at ${stage}, ${offered}, ${how}, SEED=${seedOfRun}`;
        const expected = { cell, ...rule(stage, offered) };
        expect({ cell, ...(await outcome(stage, offered, misbehave, cuts[how] as Cut)) }).toMatchObject(expected);
      }
    });
  });
};

/** With CHUNKING a small message is written at once, so the server may have it from MAIL on. */
const hasLeft = (stage: Stage, offered: Offered): boolean =>
  stage === 'END' || (offered === 'CHUNKING' && (stage === 'MAIL' || stage === 'RCPT' || stage === 'DATA'));
const failed = (stage: Stage, offered: Offered): object => {
  const delivery = hasLeft(stage, offered) ? 'unknown' : 'not-delivered';
  return { code: 'ERR_SMTP_PROTOCOL', delivery, retryable: false, connections: 1 };
};
const sent = { code: 'sent', reply: 250 };

describe('what is no reply', () => table(malformed, failed));
describe('a reply to something else', () => table(wrong, failed));
describe('an odd reply', () => table(tolerated, () => sent));

describe('one reply too many', () => {
  /**
   * A late additional reply is taken for the reply to the next command. The outcome depends on how much had left before
   * it was noticed.
   */
  const anyDelivery = { ...failed('END', 'lock-step'), delivery: expect.any(String) as string };
  table({ 'the same again': says((good) => good + good) }, (stage, offered) => {
    if (stage === 'END') return sent;
    // If the next commands have already left, it cannot be told from the reply to them.
    if (offered === 'CHUNKING' && stage !== 'greeting' && stage !== 'EHLO')
      return stage === 'AUTH' ? { code: expect.stringMatching(/^(?:sent|ERR_SMTP_PROTOCOL)$/) as string } : sent;
    return anyDelivery;
  });
});

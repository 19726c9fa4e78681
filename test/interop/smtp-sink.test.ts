/**
 * Postfix's smtp-sink with each of its switches for faults, at each command. The send settles with the right code and
 * the server's own text.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { createMailer, isEmailError } from '../../src/index.js';
import type { OutgoingServer } from '../../src/index.js';
import { PrivateServer } from './private-server.js';

interface Outcome {
  readonly code: string;
  readonly reply?: number | undefined;
  readonly text?: string | undefined;
  readonly delivery?: string;
  readonly retryable?: boolean;
}

async function send(
  switches: readonly string[],
  server: Partial<OutgoingServer> = {},
  text = 'Hello',
): Promise<Outcome> {
  await using sink = await PrivateServer.start((_, port) => [
    'smtp-sink',
    '-u',
    'nobody',
    ...switches,
    `127.0.0.1:${port}`,
    '10',
  ]);
  await using mailer = createMailer({
    name: 'sink',
    sender: { email: 'a@example.com' },
    server: { host: '127.0.0.1', port: sink.port, security: 'none', ...server },
  });
  try {
    const { reply } = await mailer.send({ to: 'b@example.org', text });
    return { code: 'sent', reply: reply.code };
  } catch (error) {
    if (!isEmailError(error)) throw error;
    const { code, reply, delivery, retryable } = error;
    return {
      code,
      reply: reply?.code,
      text: reply && [reply.enhancedCode, ...reply.lines].join(' '),
      delivery,
      retryable,
    };
  }
}

const sent: Outcome = { code: 'sent', reply: 250 };
const commands = ['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'DATA', '.', 'QUIT'] as const;
type Command = (typeof commands)[number];

const refused = (command: Command, reply: number, text: string): Outcome => {
  const code = command === 'RCPT' && reply !== 421 ? 'ERR_RECIPIENTS_REJECTED' : 'ERR_SMTP_REPLY';
  return {
    code,
    reply,
    text: expect.stringContaining(text) as string,
    delivery: 'not-delivered',
    retryable: reply < 500,
  };
};

describe.each(commands)('smtp-sink that at %s', (command) => {
  // A client whose EHLO is refused tries HELO, so both must fail.
  const both = command === 'EHLO' ? 'EHLO,HELO' : command;

  it('refuses for good', async () => {
    const expected = command === 'QUIT' ? sent : refused(command, 500, '5.3.0 Error: command failed');
    expect(await send(['-f', both])).toEqual(expected);
    const words = ['-B', '554 5.7.1 not on a Sunday'];
    if (command !== 'QUIT')
      expect(await send(['-f', both, ...words])).toEqual(refused(command, 554, '5.7.1 not on a Sunday'));
  });

  it('refuses for now', async () => {
    const expected = command === 'QUIT' ? sent : refused(command, 450, '4.3.0 Error: command failed');
    expect(await send(['-r', both])).toEqual(expected);
    const words = ['-b', '452 4.2.2 no room'];
    if (command !== 'QUIT') expect(await send(['-r', both, ...words])).toEqual(refused(command, 452, '4.2.2 no room'));
  });

  it('disconnects', async () => {
    const delivery = command === '.' ? 'unknown' : 'not-delivered';
    const lost = { code: 'ERR_CONNECT', reply: undefined, text: undefined, delivery, retryable: command !== '.' };
    expect(await send(['-q', command])).toEqual(command === 'QUIT' ? sent : lost);
  });

  it('says 421 and disconnects', async () => {
    expect(await send(['-Q', command])).toEqual(command === 'QUIT' ? sent : refused(command, 421, 'closing'));
  });

  // Without pipelining, because smtp-sink answers later commands before the delay of an earlier one is over.
  it('is late', async () => {
    expect(await send(['-p', '-W', `${command}:1`])).toEqual(sent);
  });
});

describe('smtp-sink', () => {
  it('that does not know EHLO is greeted with HELO', async () => {
    expect(await send(['-f', 'EHLO'])).toEqual(sent);
    expect(await send(['-e'])).toEqual(sent);
    expect(await send(['-P'])).toEqual(sent);
  });

  it('that refuses the content in the middle of it is left with its words', async () => {
    const early = { code: 'ERR_SMTP_REPLY', reply: 550, delivery: 'not-delivered', retryable: false };
    // smtp-sink closes with octets unread, so the kernel resets the connection. A write that meets the reset before the
    // reply is read fails, and Node reads no more: about one time in thirty.
    const reset = { code: 'ERR_CONNECT', delivery: 'not-delivered', retryable: true };
    const long = 'x'.repeat(70).concat('\r\n').repeat(300_000);
    let outcome = await send(['-A', '0'], {}, long);
    for (let resets = 1; resets < 5 && outcome.code === reset.code; resets++) {
      expect(outcome).toMatchObject(reset);
      outcome = await send(['-A', '0'], {}, long);
    }
    expect(outcome).toMatchObject(early);
    expect(await send(['-A', '1'])).toMatchObject(early);
  });

  it.each(['-8', '-a', '-C', '-E', '-F', '-N', '-p'])('%s, without an extension, takes the message', async (name) => {
    expect(await send([name])).toEqual(sent);
  });

  it('that reads slowly, or is slow to answer DATA, takes the message', async () => {
    const long = 'x'.repeat(70).concat('\r\n').repeat(30_000);
    expect(await send(['-H', '1', '-T', '1024'], {}, long)).toEqual(sent);
    expect(await send(['-w', '1'])).toEqual(sent);
  });

  it('that is later than the deadlines is left', async () => {
    const timeouts = { greetingMs: 300, replyMs: 300, acceptanceMs: 300 };
    for (const command of ['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'DATA', '.']) {
      const delivery = command === '.' ? 'unknown' : 'not-delivered';
      expect(await send(['-p', '-W', `${command}:30`], { timeouts }), command).toMatchObject({
        code: 'ERR_TIMEOUT',
        delivery,
      });
    }
  });

  it('speaks LMTP', async () => {
    expect(await send(['-L'], { protocol: 'lmtp' })).toEqual(sent);
    expect(await send(['-L', '-f', '.'], { protocol: 'lmtp' })).toMatchObject({
      reply: 500,
      delivery: 'not-delivered',
    });
    expect(await send(['-L', '-Q', 'LHLO'], { protocol: 'lmtp' })).toMatchObject({
      reply: 421,
      delivery: 'not-delivered',
    });
  });
});

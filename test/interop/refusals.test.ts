/**
 * Servers that refuse and close the connection without a reply to the later commands: Postfix with 521 and after its
 * limit of errors, Exim with `drop`. The error is the refusal, not the lost connection.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { EmailError, EmailProfile, LogEvent } from '../../src/index.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();
const { alice, bob } = bed.users;
const gone = bed.postfix.recipients.gone521;
const unknown = `nobody-here@${bed.domain}`;

interface Refused {
  readonly error: EmailError;
  readonly connections: number;
}

async function refused(
  port: number,
  from: string,
  to: readonly string[],
  without: readonly string[],
  text = 'x',
): Promise<Refused> {
  const profile: EmailProfile = {
    name: 'p',
    sender: { email: from },
    server: {
      host: bed.host,
      port,
      security: 'none',
      ignoreExtensions: [...without],
    },
  };
  const events: LogEvent[] = [];
  await using mailer = createMailer(profile, { logger: (event) => events.push(event) });
  const error: unknown = await mailer.send({ to: [...to], subject: 'x', text }).catch((reason: unknown) => reason);
  return {
    error: error as EmailError,
    connections: events.filter((event) => event.type === 'connection' && event.state === 'connected').length,
  };
}

const variants = [
  ['in one write', [], 'x'],
  ['with a line that begins like a command', [], 'HELP me\r\n'],
  ['with DATA', ['CHUNKING'], 'x'],
  ['by steps', ['CHUNKING', 'PIPELINING'], 'x'],
] as const;

describe.each(variants)('%s', (_, without, text) => {
  it.each([
    ['Postfix, 521 to RCPT', bed.postfix.plain, 521],
    ['Exim, drop at RCPT', bed.exim.plain, 550],
  ])('%s is ERR_RECIPIENTS_REJECTED, for good', async (_server, port, code) => {
    const { error, connections } = await refused(port, alice.address, [gone], without, text);
    expect(error).toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      retryable: false,
      delivery: 'not-delivered',
      reply: { code, enhancedCode: '5.7.1' },
      recipients: [{ recipient: gone, reply: { code } }],
    });
    expect(connections).toBe(1);
  });

  it.each([
    ['Postfix, 521 to MAIL', bed.postfix.strict, 521],
    ['Exim, drop at MAIL', bed.exim.plain, 550],
  ])('%s is ERR_SMTP_REPLY, for good', async (_server, port, code) => {
    const { error, connections } = await refused(port, gone, [bob.address], without, text);
    expect(error).toMatchObject({
      code: 'ERR_SMTP_REPLY',
      retryable: false,
      delivery: 'not-delivered',
      reply: { code },
    });
    expect(error.message).toContain('ends the connection');
    expect(connections).toBe(1);
  });

  it('Postfix, 550 to MAIL and 421 to what follows (smtpd_hard_error_limit) is the 550', async () => {
    const { error, connections } = await refused(
      bed.postfix.strict,
      bed.postfix.recipients.reject550,
      [bob.address],
      without,
      text,
    );
    expect(error).toMatchObject({
      code: 'ERR_SMTP_REPLY',
      retryable: false,
      delivery: 'not-delivered',
      reply: { code: 550 },
    });
    expect(connections).toBe(1);
  });

  it('Postfix, 550 to the only RCPT and 421 to what follows is the 550', async () => {
    const { error, connections } = await refused(bed.postfix.strict, alice.address, [unknown], without, text);
    expect(error).toMatchObject({
      code: 'ERR_RECIPIENTS_REJECTED',
      retryable: false,
      delivery: 'not-delivered',
      recipients: [{ recipient: unknown, reply: { code: 550 } }],
    });
    expect(connections).toBe(1);
  });

  it('Postfix, 550 to one RCPT and 421 behind it, as the reply to the next or unasked, names the first', async () => {
    const { error } = await refused(bed.postfix.strict, alice.address, [unknown, bob.address], without, text);
    expect(error.delivery).toBe('not-delivered');
    const [first, second] = error.recipients ?? [];
    expect(first).toMatchObject({ recipient: unknown, reply: { code: 550 } });
    expect([second?.recipient ?? bob.address, second?.reply?.code ?? 421]).toEqual([bob.address, 421]);
    const last = second === undefined ? (error.cause as EmailError) : error;
    expect(last.reply?.code).toBe(421);
  });
});

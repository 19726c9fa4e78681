/**
 * The Message-ID of several sends with one object: a new one after a success, the same one for a retry.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { MailMessage, Mailer } from '../../src/index.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import { failure } from '../support/engine.js';

const sender = { email: 'app@example.com' };

function inMemory(): {
  readonly transport: MemoryTransport;
  readonly mailer: Mailer;
  readonly ids: () => readonly string[];
} {
  const transport = new MemoryTransport();
  const mailer = createMailer({ name: 'test', sender, server: { host: 'localhost' } }, { transport });
  const ids = (): readonly string[] =>
    transport.sent.map(({ headers }) => headers['message-id']?.[0]?.slice(1, -1) ?? '');
  return { transport, mailer, ids };
}
const failing = { code: 451, lines: ['later'] };

describe('one message object that is sent again', () => {
  it('has another Message-ID after a success, changed or not, for the same recipients or others', async () => {
    const { mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'one' };
    for (const [to, text] of [
      ['ann@example.com', 'one'],
      ['ann@example.com', 'one'],
      ['bob@example.com', 'two'],
    ]) {
      Object.assign(message, { to, text });
      const { messageId } = await mailer.send(message);
      expect(messageId).toBe(ids().at(-1));
    }
    expect(new Set(ids()).size).toBe(3);
  });

  it('keeps it after a failure, as long as it takes, and the error tells it', async () => {
    const { transport, mailer, ids } = inMemory();
    const message: MailMessage = { to: ['ann@example.com', 'bob@example.com'], cc: 'cat@example.com', text: 'x' };
    const told: (string | undefined)[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      transport.failNext(failing);
      told.push((await failure(mailer.send(message))).messageId);
    }
    await mailer.send(message);
    expect(new Set([...told, ...ids()]).size).toBe(1);
    await mailer.send(message);
    expect(new Set(ids()).size).toBe(2);
  });

  it.each<[string, Partial<MailMessage>]>([
    ['to', { to: 'bob@example.com' }],
    ['to, one more', { to: ['ann@example.com', 'bob@example.com'] }],
    ['cc', { cc: 'bob@example.com' }],
    ['bcc', { bcc: 'bob@example.com' }],
    ['envelope', { envelope: { to: ['bob@example.com'] } }],
  ])('has another after a failure where its recipients differ: %s', async (_field, change) => {
    const { transport, mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'x' };
    transport.failNext(failing);
    const { messageId } = await failure(mailer.send(message));
    await mailer.send(Object.assign(message, change));
    expect(ids()[0]).not.toBe(messageId);
  });

  it('keeps it where its text alone differs, for a retry may mend the text', async () => {
    const { transport, mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'x' };
    transport.failNext(failing);
    const { messageId } = await failure(mailer.send(message));
    await mailer.send(Object.assign(message, { text: 'y' }));
    expect(ids()).toEqual([messageId]);
  });

  it('keeps it after a failure that came before anything was sent', async () => {
    const { mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: Buffer.of(0xff) };
    expect((await failure(mailer.send(message))).code).toBe('ERR_MESSAGE_INVALID');
    const { messageId } = await mailer.send(Object.assign(message, { text: 'x' }));
    expect(ids()).toEqual([messageId]);
  });

  it('has another where an earlier send is still on its way, in sendAll too', async () => {
    const { transport, mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'x' };
    await Promise.all([mailer.send(message), mailer.send(message)]);
    function* same(): Generator<MailMessage> {
      for (let number = 0; number < 20; number++) yield Object.assign(message, { to: `reader-${number}@example.com` });
    }
    for await (const { error } of mailer.sendAll(same())) expect(error).toBeUndefined();
    expect(new Set(ids()).size).toBe(transport.sent.length);
    expect(transport.sent).toHaveLength(22);
  });

  it('has the same from compose() and the send after it, and another from the next send', async () => {
    const { mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'x' };
    const composed = Buffer.from((await mailer.compose(message)).content).toString();
    await mailer.send(message);
    await mailer.send(message);
    expect(composed).toContain(`Message-ID: <${ids()[0]}>`);
    expect(ids()[1]).not.toBe(ids()[0]);
  });

  it('has its own messageId always', async () => {
    const { transport, mailer, ids } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'x', messageId: 'mine@example.com' };
    transport.failNext(failing);
    expect((await failure(mailer.send(message))).messageId).toBe('mine@example.com');
    await mailer.send(message);
    await mailer.send(message);
    expect(ids()).toEqual(['mine@example.com', 'mine@example.com']);
  });

  it.each<[string, (message: MailMessage) => MailMessage]>([
    ['frozen', (message) => Object.freeze(message)],
    ['sealed', (message) => Object.seal(message)],
    ['plain', (message) => message],
  ])('behaves alike where it is %s', async (_kind, shut) => {
    const { transport, mailer, ids } = inMemory();
    const message = shut({ to: 'ann@example.com', text: 'x' });
    transport.failNext(failing);
    const { messageId } = await failure(mailer.send(message));
    await mailer.send(message);
    await mailer.send(message);
    expect(ids()[0]).toBe(messageId);
    expect(ids()[1]).not.toBe(messageId);
  });
});

describe('an error of a send', () => {
  it('names server, profile and message, as fields and in its words', async () => {
    for (const [verb, reply, words] of [
      ['MAIL', '550 5.7.1 no', /refused the sender/],
      ['RCPT', '550 5.1.1 gone', /refused ann@example\.com/],
    ] as const) {
      await using server = await TestSmtpServer.start({ replies: { [verb]: [reply] } });
      await using mailer = createMailer({ name: 'payroll', sender, server: server.settings });
      const where = `${server.host}:${server.port}`;
      const error = await failure(mailer.send({ to: 'ann@example.com', text: 'x' }));
      expect(error).toMatchObject({
        server: where,
        profile: 'payroll',
        messageId: expect.stringContaining('@example.com'),
      });
      expect(error.message).toMatch(words);
      expect(error.message.endsWith(`(${where}, profile payroll)`)).toBe(true);
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ server: where, profile: 'payroll' });
      expect(error.stack).toContain(error.message);
    }
  });

  it('names the first recipient that was refused, and how many were', async () => {
    await using server = await TestSmtpServer.start({
      replies: (verb) => (verb === 'RCPT' ? '450 4.2.1 later' : undefined),
    });
    await using mailer = createMailer({ name: 'payroll', sender, server: server.settings });
    const error = await failure(mailer.send({ to: ['ann@example.com', 'bob@example.com'], text: 'x' }));
    expect(error.message).toMatch(/refused all 2 recipients, the first of them ann@example\.com: 450 4\.2\.1 later/);
  });

  it('is of the profile alone where no server was asked', async () => {
    await using mailer = createMailer({ name: 'payroll', sender, server: { host: 'mail.example.com' } });
    const error = await failure(mailer.send({ to: 'not an address', text: 'x' }));
    expect([error.profile, error.server]).toEqual(['payroll', undefined]);
  });

  it('says of an unknown outcome that the message may have arrived', async () => {
    await using server = await TestSmtpServer.start({ faults: [{ at: 'end', do: 'drop' }] });
    await using mailer = createMailer({ name: 'payroll', sender, server: server.settings });
    const error = await failure(mailer.send({ to: 'ann@example.com', text: 'x' }));
    expect([error.delivery, error.remedy]).toEqual([
      'unknown',
      expect.stringMatching(/may have the message.*duplicate.*check whether it arrived/),
    ]);
  });

  it('says that it was aborted by its signal, and how that was named', async () => {
    const { mailer } = inMemory();
    const error = await failure(
      mailer.send(
        { to: 'a@example.com', text: 'x' },
        { signal: AbortSignal.abort(new DOMException('x', 'TimeoutError')) },
      ),
    );
    expect(error.message).toBe('The operation was aborted by its signal (TimeoutError)');
  });
});

describe('a return receipt and a request of the message', () => {
  it("are merged field by field, the message's own winning", async () => {
    const { mailer } = inMemory();
    const message: MailMessage = { to: 'ann@example.com', text: 'x', returnReceiptTo: 'app@example.com' };
    const { envelope } = await mailer.compose({ ...message, envelope: { dsn: { notify: ['failure'] } } });
    expect(envelope.dsn).toMatchObject({ notify: ['failure'], return: 'headers', envelopeId: expect.any(String) });
    const own = await mailer.compose({ ...message, envelope: { dsn: { return: 'full', envelopeId: 'mine' } } });
    expect(own.envelope.dsn).toMatchObject({
      return: 'full',
      envelopeId: 'mine',
      notify: ['success', 'failure', 'delay'],
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { Transaction, TransactionOutcome } from '../../../src/connection/contract.js';
import { markStale } from '../../../src/connection/stale.js';
import { createEmailError } from '../../../src/errors/email-error.js';
import type { Envelope } from '../../../src/model/envelope.js';
import { resolvePool } from '../../../src/profile/resolve.js';
import { SmtpTransport } from '../../../src/transport/smtp-transport.js';
import { accepted, FakeConnection, settle } from '../../support/fake-connection.js';
import { testedServer } from '../../support/tested-server.js';

const envelope: Envelope = { from: 'a@example.com', to: ['b@example.com', 'c@example.com'] };
const compose = () => Promise.resolve({ body: '7bit' as const, smtpUtf8: false, bytes: new Uint8Array() });
const options = { signal: new AbortController().signal, requireAllRecipients: false };

function setUp(maxConnections = 1, maxRecipients?: number) {
  const opened: FakeConnection[] = [];
  const transport = new SmtpTransport(
    resolvePool({ maxConnections }),
    () => {
      const connection = new FakeConnection(opened.length + 1);
      opened.push(connection);
      return Promise.resolve(connection);
    },
    testedServer,
    maxRecipients,
  );
  const at = async (connection: number, transaction: number) => {
    await settle();
    const found = opened[connection]?.transactions[transaction];
    if (!found) throw new Error(`no transaction ${transaction} on connection ${connection}`);
    return found;
  };
  return { transport, opened, at };
}

/** Marks the connection as one that has served a transaction. */
function serve(connection: FakeConnection | undefined): void {
  if (connection) connection.served = true;
}

describe('the SMTP transport', () => {
  it('gives what one transaction gave', async () => {
    const { transport, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    const { transaction, resolve } = await at(0, 0);
    resolve(accepted(transaction));
    await expect(sending).resolves.toMatchObject({
      accepted: envelope.to,
      rejected: [],
      transactions: [{ recipients: envelope.to, bytes: 10 }],
    });
  });

  it('sends to deferred recipients in a further transaction (RFC 5321 section 4.5.3.1.10)', async () => {
    const { transport, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    const first = await at(0, 0);
    first.resolve(accepted(first.transaction, { accepted: ['b@example.com'], deferred: ['c@example.com'] }));
    const second = await at(0, 1);
    expect(second.transaction.envelope.to).toEqual(['c@example.com']);
    second.resolve(accepted(second.transaction, { reply: { code: 250, lines: ['second'] } }));
    const result = await sending;
    expect(result.accepted).toEqual(envelope.to);
    expect(result.reply.lines).toEqual(['queued']);
    expect(result.transactions).toHaveLength(2);
  });

  it('counts deferred recipients as rejected where the further transaction refuses them all', async () => {
    const { transport, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    const first = await at(0, 0);
    first.resolve(accepted(first.transaction, { accepted: ['b@example.com'], deferred: ['c@example.com'] }));
    const reply = { code: 550, lines: ['no'] };
    (await at(0, 1)).reject(
      createEmailError('ERR_RECIPIENTS_REJECTED', 'no', { recipients: [{ recipient: 'c@example.com', reply }] }),
    );
    await expect(sending).resolves.toMatchObject({
      accepted: ['b@example.com'],
      rejected: [{ recipient: 'c@example.com', reply }],
    });
  });

  it('says partly-delivered where a further transaction is lost', async () => {
    const { transport, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    const first = await at(0, 0);
    first.resolve(accepted(first.transaction, { accepted: ['b@example.com'], deferred: ['c@example.com'] }));
    (await at(0, 1)).reject(createEmailError('ERR_CONNECT', 'lost', { retryable: true }));
    await expect(sending).rejects.toMatchObject({
      delivery: 'partly-delivered',
      retryable: false,
      recipients: [{ recipient: 'c@example.com', reason: 'not sent' }],
    });
  });

  it('says unknown where a further transaction may have arrived, and of whom', async () => {
    const { transport, at } = setUp();
    const to = ['b@example.com', 'c@example.com', 'd@example.com'];
    const sending = transport.send({ ...envelope, to }, compose, options);
    const first = await at(0, 0);
    const rejected = [{ recipient: 'd@example.com', reply: { code: 550, lines: ['no'] } }];
    first.resolve(accepted(first.transaction, { accepted: ['b@example.com'], deferred: ['c@example.com'], rejected }));
    (await at(0, 1)).reject(createEmailError('ERR_CONNECT', 'lost', { retryable: true, delivery: 'unknown' }));
    await expect(sending).rejects.toMatchObject({
      delivery: 'unknown',
      retryable: false,
      recipients: [
        ...rejected,
        { recipient: 'c@example.com', reason: expect.stringContaining('may have it') as string },
      ],
    });
  });

  describe('with at most so many recipients in a transaction', () => {
    const to = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.com`);
    const no = { code: 550, lines: ['no'] };
    const later = { code: 450, lines: ['later'] };
    const refusals = (recipients: readonly string[], reply = no) =>
      createEmailError('ERR_RECIPIENTS_REJECTED', 'no', {
        retryable: reply.code < 500,
        reply,
        recipients: recipients.map((recipient) => ({ recipient, reply })),
      });
    /** Sends to five recipients in parts of two. The parts are answered in turn. */
    const send = (answers: readonly ((part: readonly string[]) => Error | Partial<TransactionOutcome>)[]) => {
      const { transport, at, opened } = setUp(1, 2);
      const sending = transport.send({ ...envelope, to }, compose, options);
      const parts: (readonly string[])[] = [];
      const playing = (async () => {
        for (const [index, answer] of answers.entries()) {
          const { transaction, resolve, reject } = await at(0, index);
          parts.push(transaction.envelope.to);
          const answered = answer(transaction.envelope.to);
          if (answered instanceof Error) reject(answered);
          else resolve(accepted(transaction, answered));
        }
        await settle();
        expect(opened[0]?.transactions).toHaveLength(answers.length);
        return parts.map((part) => part.map((address) => address.charAt(0)).join(''));
      })();
      return { sending, playing };
    };
    const all = (): object => ({});

    it('sends to all in their order, and tells each transaction', async () => {
      const { sending, playing } = send([all, all, all]);
      expect(await playing).toEqual(['ab', 'cd', 'e']);
      const result = await sending;
      expect(result).toMatchObject({ accepted: to, rejected: [] });
      expect(result.transactions?.map(({ recipients }) => recipients.length)).toEqual([2, 2, 1]);
    });

    it('sends to those that the server puts off before those that still wait', async () => {
      const { sending, playing } = send([
        ([first, second]) => ({ accepted: [first as string], deferred: [second as string] }),
        all,
        all,
      ]);
      expect(await playing).toEqual(['ab', 'bc', 'de']);
      expect((await sending).accepted).toHaveLength(5);
    });

    it.each([0, 1, 2])('goes on where all recipients of a part are refused: part %i', async (refusedPart) => {
      const { sending, playing } = send([0, 1, 2].map((n) => (n === refusedPart ? (part) => refusals(part) : all)));
      expect(await playing).toEqual(['ab', 'cd', 'e']);
      const { accepted: taken, rejected } = await sending;
      const refused = [to.slice(0, 2), to.slice(2, 4), to.slice(4)][refusedPart] ?? [];
      expect(taken).toEqual(to.filter((address) => !refused.includes(address)));
      expect(rejected).toEqual(refused.map((recipient) => ({ recipient, reply: no })));
    });

    it('names everybody where all parts are refused', async () => {
      const { sending, playing } = send([
        (part) => refusals(part),
        (part) => refusals(part, later),
        (part) => refusals(part),
      ]);
      const failing = expect(sending).rejects.toMatchObject({
        code: 'ERR_RECIPIENTS_REJECTED',
        message: expect.stringContaining('all 5 recipients') as string,
        delivery: 'not-delivered',
        retryable: true,
        recipients: to.map((recipient, n) => ({ recipient, reply: n === 2 || n === 3 ? later : no })),
      });
      await playing;
      await failing;
    });

    it('ends at any other failure, and says who has the message', async () => {
      const lost = (delivery: 'not-delivered' | 'unknown') => () =>
        createEmailError('ERR_CONNECT', 'lost', { retryable: true, delivery });
      const one = send([lost('not-delivered')]);
      await Promise.all([
        expect(one.sending).rejects.toMatchObject({ code: 'ERR_CONNECT', retryable: true, delivery: 'not-delivered' }),
        one.playing,
      ]);
      const two = send([(part) => refusals(part), lost('not-delivered')]);
      await Promise.all([
        expect(two.sending).rejects.toMatchObject({
          delivery: 'not-delivered',
          retryable: true,
          recipients: to.slice(0, 2).map((recipient) => ({ recipient, reply: no })),
        }),
        two.playing,
      ]);
      const three = send([all, lost('not-delivered')]);
      await Promise.all([
        expect(three.sending).rejects.toMatchObject({
          delivery: 'partly-delivered',
          retryable: false,
          recipients: to.slice(2).map((recipient) => ({ recipient, reason: 'not sent' })),
        }),
        three.playing,
      ]);
      const four = send([lost('unknown')]);
      await Promise.all([
        expect(four.sending).rejects.toMatchObject({
          delivery: 'unknown',
          recipients: to.map((recipient, n) => ({
            recipient,
            reason: n < 2 ? (expect.stringContaining('may have it') as string) : 'not sent',
          })),
        }),
        four.playing,
      ]);
      const reply = { code: 550, lines: ['not from you'] };
      const five = send([all, () => createEmailError('ERR_SMTP_REPLY', 'sender', { reply })]);
      await Promise.all([
        expect(five.sending).rejects.toMatchObject({ code: 'ERR_SMTP_REPLY', reply, delivery: 'partly-delivered' }),
        five.playing,
      ]);
    });

    it('refuses, before anything is sent, what requireAllRecipients cannot be held for', async () => {
      const { transport, opened } = setUp(1, 2);
      const send = transport.send({ ...envelope, to }, compose, { ...options, requireAllRecipients: true });
      await expect(send).rejects.toMatchObject({
        code: 'ERR_MESSAGE_INVALID',
        problems: [{ path: 'envelope.to', message: expect.stringContaining('server.maxRecipients is 2') as string }],
      });
      expect(opened).toHaveLength(0);
    });
  });

  it('replaces a stale connection once', async () => {
    const { transport, opened, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    const first = await at(0, 0);
    serve(opened[0]);
    opened[0]?.end();
    first.reject(markStale(createEmailError('ERR_CONNECT', 'closed')));
    const second = await at(1, 0);
    second.resolve(accepted(second.transaction));
    await expect(sending).resolves.toMatchObject({ accepted: envelope.to });
  });

  it('gives up where the fresh connection is stale too', async () => {
    const { transport, opened, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    for (const n of [0, 1]) {
      const { reject } = await at(n, 0);
      if (n === 0) serve(opened[0]);
      opened[n]?.end();
      reject(markStale(createEmailError('ERR_CONNECT', `closed ${n}`)));
    }
    await expect(sending).rejects.toMatchObject({ message: 'closed 1' });
    expect(opened).toHaveLength(2);
  });

  it.each(['transaction', 'content', 'acceptance'] as const)(
    'puts a message back that is refused for too many connections: %s',
    async (phase) => {
      const { transport, opened, at } = setUp(2);
      const first = transport.send(envelope, compose, options);
      const second = transport.send(envelope, compose, options);
      const refusal = { code: 432, enhancedCode: '4.3.2', lines: ['Concurrent connections limit exceeded'] };
      const refused = await at(1, 0);
      serve(opened[1]);
      refused.reject(createEmailError('ERR_SMTP_REPLY', 'limit', { phase, reply: refusal }));
      await settle();
      expect(opened[1]?.quits).toBe(1);
      const one = await at(0, 0);
      one.resolve(accepted(one.transaction));
      await first;
      const again = await at(0, 1);
      again.resolve(accepted(again.transaction));
      await expect(second).resolves.toMatchObject({ accepted: envelope.to });
    },
  );

  it('sends no message a third time, whatever the server says of too many connections', async () => {
    const { transport, opened, at } = setUp(3);
    const sending = [1, 2, 3].map(() => transport.send(envelope, compose, options));
    const refuse = async (connection: number, transaction: number): Promise<void> => {
      const { reject } = await at(connection, transaction);
      serve(opened[connection]);
      reject(
        createEmailError('ERR_SMTP_REPLY', 'limit', {
          phase: 'acceptance',
          reply: { code: 432, lines: ['Concurrent connections limit exceeded'] },
        }),
      );
    };
    await refuse(2, 0);
    const one = await at(1, 0);
    one.resolve(accepted(one.transaction));
    await refuse(1, 1);
    await expect(sending[2]).rejects.toMatchObject({ reply: { code: 432 }, delivery: 'not-delivered' });
    const other = await at(0, 0);
    other.resolve(accepted(other.transaction));
    await Promise.all(sending.slice(0, 2));
    expect(opened.map(({ transactions }) => transactions.length)).toEqual([1, 2, 1]);
  });

  it('does not resend what the server may have, though it speaks of connections', async () => {
    const { transport, opened, at } = setUp(2);
    const first = transport.send(envelope, compose, options);
    const second = transport.send(envelope, compose, options);
    const reply = { code: 421, lines: ['Too many connections'] };
    (await at(1, 0)).reject(
      createEmailError('ERR_SMTP_REPLY', 'limit', { phase: 'acceptance', reply, delivery: 'unknown' }),
    );
    await expect(second).rejects.toMatchObject({ delivery: 'unknown' });
    const one = await at(0, 0);
    one.resolve(accepted(one.transaction));
    await first;
    expect(opened.flatMap(({ transactions }) => transactions)).toHaveLength(2);
  });

  describe('the content of waiting messages', () => {
    const content = (text: string) => ({ body: '7bit' as const, smtpUtf8: false, bytes: Buffer.from(text) });

    /** Sends three messages over one connection, and records which of them were composed. */
    async function three() {
      const parts = setUp();
      const composed: string[] = [];
      const send = (name: string) =>
        parts.transport.send(
          envelope,
          (accepts) => {
            composed.push(`${name} ${accepts?.binaryMime}`);
            return name === 'bad'
              ? Promise.reject(createEmailError('ERR_CONTENT', 'gone'))
              : Promise.resolve(content(name));
          },
          options,
        );
      const sending = ['first', 'second', 'third'].map(send);
      const written = async (turn: number) => {
        (await parts.at(0, turn)).transaction.onWritten?.();
        await settle();
      };
      return { ...parts, composed, sending, send, written };
    }

    it('is composed for the next message while the server works, and for none behind it', async () => {
      const { at, composed, opened, written } = await three();
      const first = await at(0, 0);
      expect(composed).toEqual(['first false']);
      composed.length = 0;
      await written(0);
      expect(composed).toEqual(['second false']);
      first.resolve(accepted(first.transaction));
      const second = await at(0, 1);
      await written(1);
      expect(composed).toEqual(['second false', 'third false']);
      await expect(second.transaction.compose((opened[0] as FakeConnection).accepts)).resolves.toEqual(
        content('second'),
      );
      expect(composed).toHaveLength(2);
      // A second attempt composes the message again, because a stream can be read only once.
      await second.transaction.compose((opened[0] as FakeConnection).accepts);
      expect(composed).toEqual(['second false', 'third false', 'second false']);
    });

    it('is written anew for a server that takes something else', async () => {
      const { at, composed, written } = await three();
      const first = await at(0, 0);
      composed.length = 0;
      await written(0);
      first.resolve(accepted(first.transaction));
      await (await at(0, 1)).transaction.compose({ eightBitMime: true, binaryMime: true, smtpUtf8: false });
      expect(composed).toEqual(['second false', 'second true']);
    });

    it('is written while a connection is opened, once it is known what the server takes', async () => {
      let opened = 0;
      let answer = (): void => {};
      const transport = new SmtpTransport(
        resolvePool({ maxConnections: 1, maxMessagesPerConnection: 1 }),
        async () => {
          opened++;
          if (opened > 1) await new Promise<void>((resolve) => (answer = resolve));
          return connections[opened - 1] as FakeConnection;
        },
        testedServer,
      );
      const connections = [new FakeConnection(1), new FakeConnection(2)];
      const first = transport.send(envelope, compose, options);
      await settle();
      connections[0]?.transactions[0]?.resolve(accepted({ envelope } as Transaction));
      await first;
      let composed = 0;
      const second = transport.send(envelope, async () => (composed++, content('second')), options);
      await settle();
      expect({ opened, composed }).toEqual({ opened: 2, composed: 1 });
      answer();
      await settle();
      connections[1]?.transactions[0]?.resolve(accepted({ envelope } as Transaction));
      await second;
    });

    it('is not composed for a message that was aborted meanwhile', async () => {
      const abort = new AbortController();
      const parts = setUp();
      let composed = 0;
      const first = parts.transport.send(envelope, compose, options);
      const { transaction, resolve } = await parts.at(0, 0);
      const second = parts.transport.send(envelope, () => Promise.reject(new Error(`${composed++}`)), {
        ...options,
        signal: abort.signal,
      });
      transaction.onWritten?.();
      abort.abort();
      await expect(second).rejects.toMatchObject({ code: 'ERR_ABORTED' });
      await settle();
      expect(composed).toBe(0);
      resolve(accepted(transaction));
      await first;
    });

    it('tells of a failure in its turn', async () => {
      const { at, composed, opened, send, sending, transport, written } = await three();
      const bad = send('bad');
      for (let turn = 0; turn < 3; turn++) {
        const { transaction, resolve } = await at(0, turn);
        await written(turn);
        resolve(accepted(transaction));
      }
      await Promise.all(sending);
      const { transaction, reject } = await at(0, 3);
      expect(composed.at(-1)).toBe('bad false');
      const failure = await transaction.compose((opened[0] as FakeConnection).accepts).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'ERR_CONTENT', message: 'gone' });
      reject(failure as Error);
      await expect(bad).rejects.toBe(failure);
      await transport.close();
    });
  });

  it("drops the profile's request for notifications with a warning where the server has no DSN", async () => {
    const { transport, opened, at } = setUp();
    const wanted = { ...envelope, dsn: { notify: ['success' as const] } };
    const sending = transport.send(wanted, compose, { ...options, dsnIfOffered: true });
    await settle();
    expect((await at(0, 0)).transaction.envelope.dsn).toBeDefined();
    const first = await at(0, 0);
    first.resolve(accepted(first.transaction));
    await sending;
    if (opened[0]) opened[0].extensions = new Map();
    const without = transport.send(wanted, compose, { ...options, dsnIfOffered: true });
    const second = await at(0, 1);
    expect(second.transaction.envelope.dsn).toBeUndefined();
    second.resolve(accepted(second.transaction));
    expect((await without).warnings).toMatchObject([{ code: 'WARN_DSN_UNAVAILABLE' }]);
  });

  it('passes on what should be known of the connection, once', async () => {
    const { transport, opened, at } = setUp();
    const sending = transport.send(envelope, compose, options);
    const one = await at(0, 0);
    const warning = { code: 'WARN_PLAINTEXT', message: 'over plain text' };
    if (opened[0]) opened[0].warnings = [warning];
    one.resolve({ ...accepted(one.transaction), accepted: ['b@example.com'], deferred: ['c@example.com'] });
    const two = await at(0, 1);
    two.resolve(accepted(two.transaction));
    expect((await sending).warnings).toEqual([warning]);
  });
});

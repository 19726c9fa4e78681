import { describe, expect, test } from 'vitest';
import { createEmailError, isEmailError } from '../../../../src/errors/email-error.js';
import type { OutgoingContent } from '../../../../src/model/transport.js';
import type { Dialogue } from '../../../../src/smtp/dialogue.js';
import { createEnvelopeCommands } from '../../../../src/smtp/transaction/envelope-commands.js';
import { parseExtensions } from '../../../../src/smtp/extensions.js';
import { Session } from '../../../../src/smtp/session.js';
import { TransactionState } from '../../../../src/smtp/transaction/transaction-state.js';
import {
  transact,
  type TransactionPlan,
  type TransactionResult,
} from '../../../../src/smtp/transaction/transaction.js';
import { play, replyOf } from '../../../support/play-dialogue.js';

interface Setting {
  readonly extensions?: readonly string[];
  readonly protocol?: 'smtp' | 'lmtp';
  readonly to?: readonly string[];
  readonly content?: string | AsyncIterable<Uint8Array>;
  readonly more?: Partial<OutgoingContent>;
  readonly plan?: Partial<TransactionPlan>;
  readonly needsReset?: boolean;
}

const stream: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('unused')) }),
};
const chunking = ['PIPELINING', 'CHUNKING', 'BINARYMIME'];

function begin(
  setting: Setting,
  onEndSent?: () => void,
): { dialogue: Dialogue<TransactionResult>; session: Session; state: TransactionState } {
  const session = new Session(setting.protocol ?? 'smtp', false);
  session.begin('greeting');
  session.begin('hello');
  session.extensions = parseExtensions(['x', ...(setting.extensions ?? chunking)]);
  session.needsReset = setting.needsReset ?? false;
  const { content = 'Hi\r\n', to = ['b@x.test'] } = setting;
  const outgoing: OutgoingContent = {
    body: '7bit',
    smtpUtf8: false,
    bytes: typeof content === 'string' ? Buffer.from(content) : content,
    ...setting.more,
  };
  const commands = createEnvelopeCommands({ from: 'a@x.test', to }, outgoing, session);
  const state = new TransactionState(onEndSent);
  const dialogue = transact(
    { commands, recipients: to, content: outgoing, requireAllRecipients: false, envelopeFirst: false, ...setting.plan },
    session,
    state,
  );
  return { dialogue, session, state };
}

const mail = 'MAIL FROM:<a@x.test>';
const rcpt = 'RCPT TO:<b@x.test>';
const two = { to: ['b@x.test', 'c@x.test'] };

describe('a transaction', () => {
  test('with PIPELINING and CHUNKING is one write (RFC 3030)', () => {
    const { dialogue, session } = begin({});
    const played = play(dialogue, ['250 ok', '250 ok', '250 2.0.0 queued']);
    expect(played.written).toEqual([mail, rcpt, 'BDAT 4 LAST', 'Hi\r\n', '(release)']);
    expect(played.value).toEqual({
      accepted: ['b@x.test'],
      rejected: [],
      deferred: [],
      bytes: 4,
      reply: { code: 250, enhancedCode: '2.0.0', lines: ['queued'] },
    });
    expect(session.needsReset).toBe(false);
  });

  test('with PIPELINING alone has DATA behind its envelope (RFC 2920 section 3.1)', () => {
    const played = play(begin({ extensions: ['PIPELINING'], content: '.Hi\r\n' }).dialogue, [
      '250 ok',
      '250 ok',
      '354 go',
      '250 done',
    ]);
    expect(played.written).toEqual([mail, rcpt, 'DATA', '.', '.Hi\r\n', '.\r\n', '(release)']);
    expect(played.value?.bytes).toBe(5);
  });

  test('with neither goes by steps, and lets no other message follow before its end', () => {
    const played = play(begin({ extensions: [], ...two }).dialogue, [
      '250 ok',
      '250 ok',
      '550 no',
      '354 go',
      '250 done',
    ]);
    expect(played.written).toEqual([mail, rcpt, 'RCPT TO:<c@x.test>', 'DATA', 'Hi\r\n', '.\r\n']);
    expect(played.value).toMatchObject({
      accepted: ['b@x.test'],
      rejected: [{ recipient: 'c@x.test', reply: { code: 550 } }],
    });
  });

  test('with CHUNKING alone goes by steps, too', () => {
    const played = play(begin({ extensions: ['CHUNKING'] }).dialogue, ['250 ok', '250 ok', '250 done']);
    expect(played.written).toEqual([mail, rcpt, 'BDAT 4 LAST', 'Hi\r\n']);
  });

  test('awaits its recipients before content over 64 KiB, and slices that', () => {
    const content = `${'x'.repeat(998)}\r\n`.repeat(140);
    const played = play(begin({ content }).dialogue, ['250 ok', '250 ok', '250 done']);
    expect(played.written.map((text) => (text.length > 100 ? text.length : text))).toEqual([
      mail,
      rcpt,
      'BDAT 140000 LAST',
      65536,
      65536,
      8928,
      '(release)',
    ]);
  });

  test.each<[string, Setting, readonly string[], readonly string[]]>([
    ['in one write', {}, ['250 ok', '250 ok'], []],
    ['behind its envelope', { plan: { envelopeFirst: true } }, ['250 ok', '250 ok'], []],
    ['in chunks', { content: stream }, ['250 ok', '250 ok', '250 c'], ['x'.repeat(60_000), 'y']],
    ['by DATA', { extensions: ['PIPELINING'] }, ['250 ok', '250 ok', '354 go'], []],
    ['by steps', { extensions: [] }, ['250 ok', '250 ok', '354 go'], []],
  ])('%s tells once when all of it is sent, before the last reply', (_, setting, replies, blocks) => {
    let told = 0;
    play(begin(setting, () => told++).dialogue, [...replies, new Error('gone')], blocks);
    expect(told).toBe(1);
    told = 0;
    const { dialogue, state } = begin(
      { ...setting, plan: { ...setting.plan, requireAllRecipients: true }, ...two },
      () => told++,
    );
    play(dialogue, ['250 ok', '550 no', '550 no', '503 no'], blocks);
    expect({ told, endSent: state.endSent }).toEqual({ told: 0, endSent: false });
  });

  test.each(['QUIT\r\n', 'Subject: x\r\n\r\nmail from:<x>', 'a\r\n data\r\n'])(
    'awaits its envelope first where a server that does not drop a refused chunk could take %j for a command',
    (content) => {
      for (const setting of [{ content }, { content, needsReset: true }]) {
        const reset = 'needsReset' in setting ? ['250 ok'] : [];
        const refused = play(begin(setting).dialogue, [...reset, '250 ok', '550 no']);
        expect(refused.written).toEqual([...(reset.length > 0 ? ['RSET'] : []), mail, rcpt]);
        expect(refused.error).toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', delivery: 'not-delivered' });
        const { dialogue } = begin(setting);
        const sender = play(dialogue, [...reset, '550 no', '503 no']);
        expect([sender.written.at(-1), sender.unread]).toEqual([rcpt, 0]);
        const taken = play(begin(setting).dialogue, [...reset, '250 ok', '250 ok', '250 done']);
        expect(taken.written.slice(-3)).toEqual([`BDAT ${content.length} LAST`, content, '(release)']);
      }
    },
  );

  test('awaits the replies to all chunks before one that a server could take for commands', () => {
    const x = 'x'.repeat(60_000);
    const blocks = [x, `${x}\r\nQUIT\r\n`, `QUIT\r\n${x}`, x, `${x}\r\nDATA`];
    const setting = { content: stream, more: { body: 'binarymime' } } as const;
    const played = play(begin(setting).dialogue, ['250 ok', '250 ok', '250 1', '552 no'], blocks);
    expect(played.written.slice(2).map((text) => (text.length > 100 ? text.slice(0, 4) : text))).toEqual([
      'BDAT 60000',
      'xxxx',
      'BDAT 60008',
      'xxxx',
    ]);
    expect(played).toMatchObject({ broken: false, error: { delivery: 'not-delivered' } });
  });

  test('awaits its envelope first where the connection may be stale', () => {
    const { dialogue, state } = begin({ plan: { envelopeFirst: true } });
    const played = play(dialogue, [new Error('gone')]);
    expect(played.written).toEqual([mail, rcpt]);
    expect([state.begun, state.delivery]).toEqual([false, 'not-delivered']);
  });

  test('puts RSET in front where the server may hold another, and reads its reply', () => {
    const played = play(begin({ needsReset: true }).dialogue, ['250 flushed', '250 ok', '250 ok', '250 done']);
    expect(played.written[0]).toBe('RSET');
    expect(played.unread).toBe(0);
    const stepwise = play(begin({ needsReset: true, extensions: [] }).dialogue, [
      '250 flushed',
      '250 ok',
      '250 ok',
      '354 go',
      '250 done',
    ]);
    expect(stepwise.written.slice(0, 2)).toEqual(['RSET', mail]);
    expect(play(begin({ needsReset: true }).dialogue, ['500 what', '250 ok', '250 ok', '250 done'])).toMatchObject({
      broken: true,
      error: { code: 'ERR_SMTP_PROTOCOL' },
    });
  });

  describe('of which recipients are refused', () => {
    test('goes to the others', () => {
      const played = play(begin(two).dialogue, ['250 ok', '550 5.1.1 no', '250 ok', '250 done']);
      expect(played.value).toMatchObject({
        accepted: ['c@x.test'],
        rejected: [{ recipient: 'b@x.test', reply: { code: 550, enhancedCode: '5.1.1' } }],
      });
    });

    test('goes to no recipient with requireAllRecipients: the content is never sent, in any form', () => {
      for (const extensions of [chunking, ['PIPELINING'], []]) {
        const { dialogue, session } = begin({ ...two, extensions, plan: { requireAllRecipients: true } });
        const played = play(dialogue, ['250 ok', '250 ok', '450 later']);
        expect(played.written).toEqual([mail, rcpt, 'RCPT TO:<c@x.test>']);
        expect(played.error).toMatchObject({
          code: 'ERR_RECIPIENTS_REJECTED',
          delivery: 'not-delivered',
          retryable: true,
          recipients: [{ recipient: 'c@x.test' }],
        });
        expect([played.broken, session.needsReset]).toEqual([false, true]);
      }
    });

    test('fails where all of them are, with every reply', () => {
      const { dialogue, session } = begin(two);
      const played = play(dialogue, ['250 ok', '550 no', '551 no', '554 no valid recipients']);
      expect(played.error).toMatchObject({
        code: 'ERR_RECIPIENTS_REJECTED',
        retryable: false,
        delivery: 'not-delivered',
        recipients: [{ reply: { code: 550 } }, { reply: { code: 551 } }],
      });
      expect([played.broken, played.unread, session.needsReset]).toEqual([false, 0, true]);
    });

    test('ends a DATA that was accepted all the same with nothing (RFC 2920 section 3.1)', () => {
      const { dialogue, session } = begin({ extensions: ['PIPELINING'] });
      const played = play(dialogue, ['250 ok', '550 no', '354 go', '554 no recipients']);
      expect(played.written).toEqual([mail, rcpt, 'DATA', '.']);
      expect(played.error).toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', delivery: 'not-delivered' });
      expect([played.broken, session.needsReset]).toEqual([false, false]);
    });

    test('defers those beyond what the server takes at once (RFC 5321 section 4.5.3.1.10)', () => {
      for (const reply of ['452 4.5.3 no more', '452 Too many recipients', '552 too many recipients', '552 5.5.3 x']) {
        expect(play(begin(two).dialogue, ['250 ok', '250 ok', reply, '250 done']).value).toMatchObject({
          accepted: ['b@x.test'],
          deferred: ['c@x.test'],
          rejected: [],
        });
      }
    });

    test('does not defer what is about one mailbox, or what would never end', () => {
      for (const reply of [
        '452 4.2.2 mailbox full',
        '452 insufficient storage',
        '552 5.2.2 over quota',
        '450 4.5.3 x',
      ]) {
        expect(play(begin(two).dialogue, ['250 ok', '250 ok', reply, '250 done']).value).toMatchObject({
          deferred: [],
          rejected: [{ recipient: 'c@x.test' }],
        });
      }
      const played = play(begin({}).dialogue, ['250 ok', '452 4.5.3 too many', '503 no']);
      expect(played.error).toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', retryable: true });
    });

    test('counts a deferred one as refused with requireAllRecipients', () => {
      const played = play(begin({ ...two, plan: { requireAllRecipients: true } }).dialogue, [
        '250 ok',
        '250 ok',
        '452 4.5.3 too many',
      ]);
      expect(played.error).toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', recipients: [{ recipient: 'c@x.test' }] });
      // A retry would meet the same limit.
      expect(played.error).toMatchObject({ retryable: false, remedy: expect.stringContaining('fewer') });
    });
  });

  describe('whose sender is refused', () => {
    test.each([
      ['550 5.7.1 no', 'ERR_SMTP_REPLY', false],
      ['451 later', 'ERR_SMTP_REPLY', true],
      ['530 5.7.0 authentication required', 'ERR_AUTH_REQUIRED', false],
      ['530-5.7.0 Must issue a STARTTLS command\r\n530 5.7.0 first', 'ERR_TLS_REQUIRED', false],
      ['552 5.3.4 too large', 'ERR_MESSAGE_TOO_LARGE', false],
    ] as const)('by %j is %s', (reply, code, retryable) => {
      for (const [extensions, rest] of [
        [chunking, ['503 x', '503 x']],
        [['PIPELINING'], ['503 x', '503 x']],
        [[], []],
      ] as const) {
        const played = play(begin({ extensions }).dialogue, [reply, ...rest]);
        expect(played.error).toMatchObject({ code, retryable, delivery: 'not-delivered', phase: 'transaction' });
        expect([played.broken, played.unread]).toEqual([false, 0]);
      }
    });
  });

  describe('whose content is refused', () => {
    test.each([
      ['554 5.6.0 spam', 'ERR_SMTP_REPLY', false],
      ['451 4.3.0 later', 'ERR_SMTP_REPLY', true],
      ['552 5.3.4 too large', 'ERR_MESSAGE_TOO_LARGE', false],
      ['552 too large', 'ERR_MESSAGE_TOO_LARGE', false],
      ['554 5.3.4 too large', 'ERR_MESSAGE_TOO_LARGE', false],
      // Gmail's reply to attachments of a forbidden kind.
      ['552 5.7.0 blocked because of its content', 'ERR_SMTP_REPLY', false],
      ['452 4.3.4 no room now', 'ERR_SMTP_REPLY', true],
    ] as const)('by %s is %s, and not delivered', (reply, code, retryable) => {
      const { dialogue, session } = begin({});
      const played = play(dialogue, ['250 ok', '250 ok', reply]);
      expect(played.error).toMatchObject({ code, retryable, delivery: 'not-delivered', phase: 'acceptance' });
      expect([played.broken, session.needsReset]).toEqual([false, true]);
    });

    test('at DATA needs a reset and no new connection', () => {
      const { dialogue, session } = begin({ extensions: ['PIPELINING'] });
      expect(play(dialogue, ['250 ok', '250 ok', '451 not now'])).toMatchObject({
        broken: false,
        error: { code: 'ERR_SMTP_REPLY', phase: 'content', delivery: 'not-delivered' },
      });
      expect(session.needsReset).toBe(true);
    });

    test('after DATA needs none: the end of data ends a transaction', () => {
      const { dialogue, session } = begin({ extensions: ['PIPELINING'] });
      play(dialogue, ['250 ok', '250 ok', '354 go', '554 no']);
      expect(session.needsReset).toBe(false);
    });
  });

  describe('that breaks', () => {
    test.each([
      ['250 to DATA', ['PIPELINING'], ['250 ok', '250 ok', '250 what'], 'not-delivered'],
      ['354 to MAIL', ['PIPELINING'], ['354 go'], 'not-delivered'],
      ['354 to RCPT', ['PIPELINING'], ['250 ok', '354 go'], 'not-delivered'],
      ['354 to the content', chunking, ['250 ok', '250 ok', '354 go'], 'unknown'],
      // An earlier reply was missing or extra, so the refusal may belong to another command.
      ['250 to content without recipients', chunking, ['250 ok', '550 no', '250 done'], 'unknown'],
      ['250 to content without a sender', chunking, ['550 no', '250 ok', '250 done'], 'unknown'],
    ] as const)('by %s is a protocol error', (_, extensions, replies, delivery) => {
      expect(play(begin({ extensions }).dialogue, replies)).toMatchObject({
        broken: true,
        error: { code: 'ERR_SMTP_PROTOCOL', delivery, retryable: false },
      });
    });

    test.each([
      ['at RSET', { needsReset: true }, ['421 bye'], 'not-delivered'],
      ['at MAIL', {}, ['421 bye'], 'not-delivered'],
      ['at the only RCPT', {}, ['250 ok', '421 bye'], 'not-delivered'],
      ['at the last RCPT, the others refused', two, ['250 ok', '550 no', '421 bye'], 'not-delivered'],
      // Not every server that replies 421 closes the connection, so it may still take the content for the other
      // recipients.
      ['at the first RCPT', two, ['250 ok', '421 bye'], 'unknown'],
      ['at the last RCPT, another accepted', two, ['250 ok', '250 ok', '421 bye'], 'unknown'],
      ['at the content', {}, ['250 ok', '250 ok', '421 bye'], 'not-delivered'],
    ] as const)('by 421 %s, with the content already sent, ends the connection', (_, setting, replies, delivery) => {
      const played = play(begin(setting).dialogue, replies);
      expect(played).toMatchObject({
        broken: true,
        error: { delivery, retryable: delivery === 'not-delivered', reply: { code: 421 } },
      });
    });
  });

  describe('that was refused before its connection broke', () => {
    const lost = createEmailError('ERR_CONNECT', 'lost', { retryable: true });
    const sender = { code: 'ERR_SMTP_REPLY', reply: { code: 521 }, retryable: false };
    const recipient = (code: number, ...more: readonly string[]): object => ({
      code: 'ERR_RECIPIENTS_REJECTED',
      reply: { code },
      retryable: code < 500,
      recipients: ['b@x.test', ...more].map((address) => ({ recipient: address, reply: { code } })),
    });
    const three = { to: ['b@x.test', 'c@x.test', 'd@x.test'] };
    const cut = three.to.map((address) => `RCPT TO:<${address}>`);
    test.each<[string, Setting, readonly (string | Error)[], object]>([
      ['at MAIL', {}, ['521 no', lost], sender],
      ['at MAIL, for now', {}, ['451 no', lost], { reply: { code: 451 }, retryable: true }],
      ['at MAIL, and RCPT is answered', {}, ['521 no', '503 no', lost], sender],
      ['at MAIL, and RCPT is answered with 421', {}, ['521 no', '421 too many errors'], sender],
      ['at MAIL, and RCPT is answered with what cannot stand there', {}, ['521 no', '354 go'], sender],
      [
        'at MAIL, and DATA is answered with 421',
        { extensions: ['PIPELINING'] },
        ['521 no', '503 no', '421 bye'],
        sender,
      ],
      ['at RCPT', {}, ['250 ok', '550 no', lost], recipient(550)],
      ['at RCPT, for now', {}, ['250 ok', '451 no', lost], recipient(451)],
      ['at RCPT, and BDAT is answered with 421', {}, ['250 ok', '550 no', '421 bye'], recipient(550)],
      ['at each RCPT', two, ['250 ok', '550 no', '550 no', lost], recipient(550, 'c@x.test')],
      ['at RCPT, with DATA', { extensions: ['PIPELINING'] }, ['250 ok', '550 no', lost], recipient(550)],
      [
        'at RCPT, and DATA is accepted',
        { extensions: ['PIPELINING'] },
        ['250 ok', '550 no', '354 go', lost],
        recipient(550),
      ],
      [
        'at RCPT, and DATA and its end are accepted',
        { extensions: ['PIPELINING'] },
        ['250 ok', '451 no', '354 go', '250 ok'],
        recipient(451),
      ],
      [
        'at RCPT, and 250 answers DATA',
        { extensions: ['PIPELINING'] },
        ['250 ok', '550 no', '250 what'],
        recipient(550),
      ],
      ['at the first of several', { ...three, extensions: ['PIPELINING'] }, ['250 ok', '550 no', lost], recipient(550)],
      [
        'at one with requireAllRecipients',
        { ...three, plan: { requireAllRecipients: true } },
        ['250 ok', '250 ok', '550 no', lost],
        { code: 'ERR_RECIPIENTS_REJECTED', retryable: false, recipients: [{ recipient: 'c@x.test' }] },
      ],
    ])('%s fails with that refusal, and what came after is its cause', (_, setting, replies, expected) => {
      const { dialogue } = begin(setting);
      const played = play(dialogue, replies);
      expect(played.broken).toBe(true);
      expect(played.error).toMatchObject({ ...expected, delivery: 'not-delivered', phase: 'transaction' });
      const { cause } = played.error as { cause?: unknown };
      expect(isEmailError(cause), String(cause)).toBe(true);
      if (replies.at(-1) === lost) expect(cause).toBe(lost);
    });

    test('at the first of several recipients, with the content sent, may have reached the others', () => {
      const played = play(begin(three).dialogue, ['250 ok', '550 no', lost]);
      expect(played.error).toMatchObject({ ...recipient(550), delivery: 'unknown', retryable: false });
      expect((played.error as Error).message).toContain('1 of 3 recipients');
      expect(played.written).toEqual([mail, ...cut, 'BDAT 4 LAST', 'Hi\r\n', '(release)']);
    });

    test('at one of several, another accepted, was not refused', () => {
      const played = play(begin({ ...three, extensions: ['PIPELINING'] }).dialogue, [
        '250 ok',
        '250 ok',
        '550 no',
        lost,
      ]);
      expect(played.error).toMatchObject({ code: 'ERR_CONNECT', retryable: true, delivery: 'not-delivered' });
    });

    test('at one, and then by 421, names both', () => {
      const played = play(begin({ ...two, extensions: ['PIPELINING'] }).dialogue, [
        '250 ok',
        '550 no',
        '421 too many errors',
      ]);
      expect(played.error).toMatchObject({
        reply: { code: 421 },
        recipients: [
          { recipient: 'b@x.test', reply: { code: 550 } },
          { recipient: 'c@x.test', reply: { code: 421 } },
        ],
      });
    });

    test.each([
      ['while the others are read', ['552 5.3.4 full', lost]],
      ['behind its reply and another one', ['552 5.3.4 full', '503 no', lost]],
      ['and 421 answers the next', ['552 5.3.4 full', '421 bye']],
    ])('at a chunk %s fails with that refusal', (_, replies) => {
      const blocks = ['x'.repeat(60_000), 'y'.repeat(60_000), 'z'.repeat(60_000), 'z'];
      const played = play(begin({ content: stream }).dialogue, ['250 ok', '250 ok', ...replies], blocks);
      expect(played).toMatchObject({
        broken: true,
        error: { code: 'ERR_MESSAGE_TOO_LARGE', delivery: 'not-delivered', phase: 'content', retryable: false },
      });
    });

    test.each(['ERR_ABORTED', 'ERR_CLOSED'] as const)('is ended by its caller with %s', (code) => {
      const reason = createEmailError(code, 'by the caller');
      expect(play(begin({}).dialogue, ['521 no', reason]).error).toMatchObject({ code });
    });
  });

  describe('that loses its connection', () => {
    const lost = new Error('lost');
    test.each([
      ['nothing', [], 'unknown'],
      ['MAIL', ['250 ok'], 'unknown'],
      ['RCPT', ['250 ok', '250 ok'], 'unknown'],
      ['a refusal of MAIL', ['550 no'], 'not-delivered'],
      ['a refusal of all recipients', ['250 ok', '550 no'], 'not-delivered'],
    ] as const)('after the replies to %s, with all of it sent, is %s', (_, replies, delivery) => {
      const { dialogue, state } = begin({});
      expect(play(dialogue, [...replies, lost]).broken).toBe(true);
      expect(state.delivery).toBe(delivery);
    });

    test('while content leaves is not delivered, and its end is never sent', () => {
      const { dialogue, state } = begin({ extensions: ['PIPELINING'], content: stream });
      const played = play(dialogue, ['250 ok', '250 ok', '354 go'], ['x'.repeat(60_000), new Error('source failed')]);
      expect(played.written.at(-1)).toHaveLength(60_000);
      expect([played.broken, state.delivery]).toEqual([true, 'not-delivered']);
    });
  });

  describe('of a stream', () => {
    test('goes by chunks where its size is not certain, small blocks gathered', () => {
      const blocks = ['a\r\n', 'b\n', '', 'c'.repeat(60_000), 'd\r\n'];
      const played = play(begin({ content: stream }).dialogue, ['250 ok', '250 ok', '250 chunk', '250 done'], blocks);
      expect(played.written.map((text) => (text.length > 100 ? text.length : text))).toEqual([
        mail,
        rcpt,
        'BDAT 60006',
        60006,
        'BDAT 3 LAST',
        'd\r\n',
        '(release)',
      ]);
      expect(played.value?.bytes).toBe(60009);
    });

    test('is taken before its source uses its memory again', () => {
      const { dialogue } = begin({ content: stream });
      const block = Buffer.alloc(60_000);
      const written: string[] = [];
      let blocks = 0;
      let replies = 0;
      for (let result = dialogue.next(); result.done !== true;) {
        const step = result.value;
        if (step.do === 'write')
          for (const part of step.content ?? []) written.push(Buffer.from(part).subarray(0, 1).toString());
        if (step.do === 'block') result = dialogue.next(blocks++ < 3 ? block.fill(String(blocks)) : undefined);
        else if (step.do === 'read') result = dialogue.next(replyOf(replies++ < 4 ? '250 ok' : '250 done'));
        else result = dialogue.next();
      }
      expect(written).toEqual(['1', '2', '3']);
    });

    test('awaits each chunk without PIPELINING', () => {
      const played = play(
        begin({ extensions: ['CHUNKING'], content: stream }).dialogue,
        ['250 ok', '250 ok', '250 chunk', '250 done'],
        ['x'.repeat(60_000), 'y'],
      );
      expect(played.written.filter((text) => text.startsWith('BDAT'))).toEqual(['BDAT 60000', 'BDAT 1 LAST']);
      expect(played.unread).toBe(0);
    });

    test('that is empty is BDAT 0 LAST', () => {
      expect(play(begin({ content: stream }).dialogue, ['250 ok', '250 ok', '250 done'], []).written).toContain(
        'BDAT 0 LAST',
      );
    });

    test('stops at a chunk that is refused, and needs a reset', () => {
      const { dialogue, session, state } = begin({ extensions: ['CHUNKING'], content: stream });
      const played = play(
        dialogue,
        ['250 ok', '250 ok', '552 full'],
        ['x'.repeat(60_000), 'y'.repeat(60_000), 'z'.repeat(60_000)],
      );
      expect(played.error).toMatchObject({
        code: 'ERR_MESSAGE_TOO_LARGE',
        delivery: 'not-delivered',
        phase: 'content',
      });
      expect(played.written.filter((text) => text.startsWith('BDAT'))).toEqual(['BDAT 60000']);
      expect([played.broken, session.needsReset, state.midContent]).toEqual([false, true, false]);
    });

    test('reads the refusals of chunks that were already sent, the last one included', () => {
      const played = play(
        begin({ content: stream }).dialogue,
        ['250 ok', '250 ok', '552 full', '503 no'],
        ['x'.repeat(60_000), 'y'],
      );
      expect(played).toMatchObject({
        broken: false,
        unread: 0,
        error: { code: 'ERR_MESSAGE_TOO_LARGE', delivery: 'not-delivered' },
      });
      const believed = play(
        begin({ content: stream }).dialogue,
        ['250 ok', '250 ok', '552 full', '250 done'],
        ['x'.repeat(60_000), 'y'],
      );
      expect(believed).toMatchObject({ broken: true, error: { code: 'ERR_SMTP_PROTOCOL', delivery: 'unknown' } });
    });

    test('goes whole where its maker vouches for its size and form', () => {
      const more = { size: 60_001, canonical: true } as const;
      const played = play(
        begin({ content: stream, more }).dialogue,
        ['250 ok', '250 ok', '250 done'],
        ['x'.repeat(60_000), 'y'],
      );
      expect(played.written.filter((text) => text.startsWith('BDAT'))).toEqual(['BDAT 60001 LAST']);
    });

    test.each([
      ['more', ['x'.repeat(60_000), 'yz']],
      ['more after exactly that', ['x'.repeat(60_001), 'y']],
      ['much more', ['x'.repeat(60_000), 'y', 'z'.repeat(60_000)]],
      ['less', ['x'.repeat(60_000)]],
      ['nothing', []],
    ])('that gives %s than it promised is never ended', (_, blocks) => {
      const { dialogue, state } = begin({ content: stream, more: { size: 60_001, canonical: true } });
      const played = play(dialogue, ['250 ok', '250 ok', '250 done'], blocks);
      expect(played).toMatchObject({ broken: true, error: { code: 'ERR_CONTENT', delivery: 'not-delivered' } });
      expect(state.endSent).toBe(false);
      expect(played.written.filter((text) => !/^(MAIL|RCPT|BDAT)/.test(text)).join('').length).toBeLessThan(60_001);
    });

    test('in long blocks is sliced', () => {
      const played = play(
        begin({ extensions: ['PIPELINING'], content: stream }).dialogue,
        ['250 ok', '250 ok', '354 go', '250 done'],
        [Buffer.alloc(150_000, 'x')],
      );
      expect(played.written.filter((text) => text.startsWith('xx')).map(({ length }) => length)).toEqual([
        65536, 65536, 18928,
      ]);
    });

    test('with a NUL is refused, unless it is binary (RFC 3030 section 3)', () => {
      const refused = play(begin({ content: stream }).dialogue, ['250 ok', '250 ok'], ['a\0b']);
      expect(refused).toMatchObject({
        broken: true,
        error: { code: 'ERR_CONTENT', message: expect.stringContaining('octet 1') },
      });
      const binary = play(
        begin({ content: stream, more: { body: 'binarymime' } }).dialogue,
        ['250 ok', '250 ok', '250 done'],
        ['a\0\nb\r'],
      );
      expect(binary.written).toContain('a\0\nb\r');
    });

    test('tells how far it is', () => {
      const seen: number[] = [];
      play(
        begin({ content: stream, plan: { onSent: (bytes) => seen.push(bytes) } }).dialogue,
        ['250 ok', '250 ok', '250 c', '250 done'],
        ['x'.repeat(60_000), 'y'],
      );
      expect(seen).toEqual([60_000, 60_001]);
    });
  });

  describe('by LMTP (RFC 2033)', () => {
    const lmtp = { ...two, protocol: 'lmtp' } as const;

    test('reads a reply for each accepted recipient', () => {
      const played = play(begin(lmtp).dialogue, ['250 ok', '250 ok', '250 ok', '250 saved b', '452 c is full']);
      expect(played.written).toEqual([mail, rcpt, 'RCPT TO:<c@x.test>', 'BDAT 4 LAST', 'Hi\r\n', '(release)']);
      expect(played.value).toMatchObject({
        accepted: ['b@x.test'],
        rejected: [{ recipient: 'c@x.test', reply: { code: 452 } }],
        reply: { lines: ['saved b'] },
      });
    });

    test('expects none for a refused one', () => {
      const played = play(begin({ ...lmtp, extensions: ['PIPELINING'] }).dialogue, [
        '250 ok',
        '550 no',
        '250 ok',
        '354 go',
        '250 saved c',
      ]);
      expect(played).toMatchObject({
        unread: 0,
        value: { accepted: ['c@x.test'], rejected: [{ recipient: 'b@x.test' }] },
      });
    });

    test('sends no DATA if no recipient is left', () => {
      const played = play(begin({ ...lmtp, extensions: ['PIPELINING'] }).dialogue, ['250 ok', '550 no', '550 no']);
      expect(played.written).not.toContain('DATA');
      expect(played.error).toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED' });
    });

    test('fails where every recipient refuses the content', () => {
      const played = play(begin(lmtp).dialogue, ['250 ok', '250 ok', '250 ok', '452 full', '550 no']);
      expect(played.error).toMatchObject({
        code: 'ERR_RECIPIENTS_REJECTED',
        delivery: 'not-delivered',
        retryable: true,
        phase: 'acceptance',
      });
    });
  });

  test.each([
    [
      'the sender, for good',
      ['550 5.7.1 not you'],
      { phase: 'transaction', retryable: false, remedy: expect.stringContaining('sender.email') },
    ],
    [
      'the sender, for now',
      ['451 later'],
      { phase: 'transaction', retryable: true, remedy: expect.stringContaining('later') },
    ],
    [
      'a recipient, for good',
      ['250 ok', '550 relaying denied'],
      {
        code: 'ERR_RECIPIENTS_REJECTED',
        retryable: false,
        remedy: expect.stringContaining('does not relay mail to x.test'),
      },
    ],
    [
      'a recipient that a relay has not',
      ['250 ok', '550 5.1.1 User unknown in relay recipient table'],
      { code: 'ERR_RECIPIENTS_REJECTED', remedy: expect.stringMatching(/^Check the addresses/) },
    ],
    [
      'a recipient, by a server that is named a relay',
      ['250 ok', '550 no such user at relay.example.com'],
      { code: 'ERR_RECIPIENTS_REJECTED', remedy: expect.stringMatching(/^Check the addresses/) },
    ],
    [
      'a recipient, because of a block list',
      ['250 ok', '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org'],
      { code: 'ERR_RECIPIENTS_REJECTED', remedy: expect.stringContaining('ask that list for removal') },
    ],
    [
      'a recipient, for now',
      ['250 ok', '450 greylisted'],
      { code: 'ERR_RECIPIENTS_REJECTED', retryable: true, remedy: expect.stringContaining('about fifteen minutes') },
    ],
    [
      'the content, for good',
      ['250 ok', '250 ok', '354 go', '554 no'],
      { phase: 'acceptance', retryable: false, remedy: expect.stringContaining('operator') },
    ],
    [
      'the content, as spam',
      ['250 ok', '250 ok', '354 go', '554 spam'],
      { phase: 'acceptance', retryable: false, remedy: expect.stringContaining('SPF, DKIM and DMARC') },
    ],
    [
      'its size',
      ['250 ok', '250 ok', '354 go', '552 5.3.4 too big'],
      { code: 'ERR_MESSAGE_TOO_LARGE', retryable: false, remedy: expect.stringContaining('Send a smaller message') },
    ],
  ])('that is refused for %s says what to do', (_, replies, error) => {
    expect(play(begin({ extensions: [] }).dialogue, replies).error).toMatchObject({
      delivery: 'not-delivered',
      ...error,
    });
  });

  test('may be tried again with requireAllRecipients only where none is refused for good', () => {
    const strict = { ...two, to: ['b@x.test', 'c@x.test', 'd@x.test'], plan: { requireAllRecipients: true } };
    for (const [reply, retryable] of [
      ['550 no', false],
      ['451 later', true],
    ] as const) {
      expect(play(begin(strict).dialogue, ['250 ok', '250 ok', '450 later', reply]).error).toMatchObject({
        code: 'ERR_RECIPIENTS_REJECTED',
        retryable,
      });
    }
  });
});

/** Attempts at one and at several servers: what follows each failure, when, and what is told at the end. */
import { describe, expect, it } from 'vitest';
import type { EmailError } from '../../../../src/model/error.js';
import type { TransportResult } from '../../../../src/model/transport.js';
import { stopClock, turns } from '../../../support/clock.js';
import { failure } from '../../../support/engine.js';
import { errorOf, refusal, refusals, setUp, unreachable, wrongPassword } from './fake-servers.js';

const three = ['a@x', 'b@x', 'c@x'];
/** The attempts as `server to accepted code`. */
const told = ({ attempts = [] }: TransportResult | EmailError): readonly string[] =>
  attempts.map(({ server, recipients, accepted, error }) =>
    [server, recipients.join(), accepted.join() || '-', error?.code ?? 'ok'].join(' '),
  );

describe('one server', () => {
  it('is tried again after delays that double up to maxMs, and so often as attempts says', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, { attempts: 5, delayMs: 1000, maxMs: 3000 });
    const sending = send();
    for (const [number, ms] of [1000, 2000, 3000, 3000].entries()) {
      (await server(0).call(number)).fail(refusal(451, 'transaction'));
      await turns();
      await clock.advance(ms - 1);
      expect(server(0).calls).toHaveLength(number + 1);
      await clock.advance(1);
    }
    (await server(0).call(4)).fail(refusal(451, 'transaction'));
    const error = await failure(sending);
    expect(error).toMatchObject({ code: 'ERR_SMTP_REPLY', retryable: true, server: 's1:25' });
    expect(told(error)).toEqual(Array.from({ length: 5 }, () => 's1:25 a@x - ERR_SMTP_REPLY'));
    expect(clock.timers()).toBe(0);
  });

  it('is tried again earlier by up to a half at random', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, {}, () => 0.5);
    void send();
    (await server(0).call(0)).fail(refusal(451, 'transaction'));
    await turns();
    await clock.advance(749);
    expect(server(0).calls).toHaveLength(1);
    await clock.advance(1);
    (await server(0).call(1)).accept();
  });

  it('gives the result of the attempt that succeeded, and tells both', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1);
    const sending = send();
    (await server(0).call(0)).fail(unreachable());
    await turns();
    await clock.advance(1000);
    (await server(0).call(1)).accept();
    const result = await sending;
    expect(result.accepted).toEqual(['a@x']);
    expect(told(result)).toEqual(['s1:25 a@x - ERR_CONNECT', 's1:25 a@x a@x ok']);
    expect(result.attempts?.every(({ time }) => time instanceof Date)).toBe(true);
  });

  it.each<[string, () => EmailError]>([
    ['an unknown delivery', () => errorOf('ERR_CONNECT', { phase: 'acceptance', delivery: 'unknown' })],
    ['a timeout with unknown delivery', () => errorOf('ERR_TIMEOUT', { delivery: 'unknown', retryable: true })],
    ['5yz to MAIL', () => refusal(550, 'transaction')],
    ['5yz to DATA', () => refusal(554, 'content')],
    ['5yz after the content', () => refusal(554, 'acceptance')],
    ['4yz after the content', () => refusal(451, 'acceptance')],
    ['5yz to all recipients', () => refusals({ 'a@x': 550 })],
    ['a failed source', () => errorOf('ERR_CONTENT', { phase: 'content' })],
    ['a secret that cannot be read', () => errorOf('ERR_SECRET', { phase: 'authenticate' })],
    ['a missing extension', () => errorOf('ERR_EXTENSION_MISSING', { phase: 'transaction' })],
    ['a message that is too large', () => errorOf('ERR_MESSAGE_TOO_LARGE')],
    ['a closed mailer', () => errorOf('ERR_CLOSED')],
  ])('and others are not tried after %s', async (_, make) => {
    stopClock();
    const { servers, server, send } = setUp(2);
    const sending = send();
    (await server(0).call(0)).fail(make());
    const error = await failure(sending);
    expect(told(error)).toHaveLength(1);
    expect(servers.map(({ calls }) => calls.length)).toEqual([1, 0]);
  });
});

describe('several servers', () => {
  it.each<[string, () => EmailError]>([
    ['a connection that failed', unreachable],
    ['a name that does not exist', () => errorOf('ERR_DNS', { phase: 'resolve' })],
    ['a proxy', () => errorOf('ERR_PROXY', { phase: 'proxy', retryable: true })],
    ['a handshake that was cut', () => errorOf('ERR_TLS', { phase: 'tls', retryable: true })],
    ['a greeting with 5yz', () => errorOf('ERR_SMTP_REPLY', { phase: 'greeting', reply: { code: 554, lines: [] } })],
    ['another protocol', () => errorOf('ERR_SMTP_PROTOCOL', { phase: 'greeting' })],
    ['421', () => refusal(421, 'transaction')],
    ['421 after the content', () => refusal(421, 'acceptance')],
    ['432 after the content', () => refusal(432, 'acceptance')],
    ['4yz to MAIL', () => refusal(451, 'transaction')],
    ['4yz to DATA', () => refusal(451, 'content')],
    ['a connection lost in the content', () => errorOf('ERR_CONNECT', { phase: 'content', retryable: true })],
    ['a step that took too long', () => errorOf('ERR_TIMEOUT', { phase: 'greeting', retryable: true })],
    ['454 to AUTH', () => errorOf('ERR_AUTH_REJECTED', { phase: 'authenticate', retryable: true })],
  ])('the next one is tried at once after %s', async (_, make) => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send();
    (await server(0).call(0)).fail(make());
    (await server(1).call(0)).accept();
    const result = await sending;
    expect(result.attempts?.map((attempt) => attempt.server)).toEqual(['s1:25', 's2:25']);
    expect(result.warnings).toEqual([]);
  });

  it('are each tried as often as attempts says', async () => {
    const clock = stopClock();
    const { servers, server, send } = setUp(2, { attempts: 2 });
    const sending = send();
    (await server(0).call(0)).fail(refusal(451, 'transaction'));
    (await server(1).call(0)).fail(refusal(452, 'transaction'));
    await turns();
    await clock.advance(1000);
    (await server(0).call(1)).fail(refusal(451, 'transaction'));
    (await server(1).call(1)).fail(refusal(452, 'transaction'));
    expect(told(await failure(sending)).map((line) => line.slice(0, 2))).toEqual(['s1', 's2', 's1', 's2']);
    expect(servers.map(({ calls }) => calls.length)).toEqual([2, 2]);
  });

  it('are not retryable together unless one of them is', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send();
    (await server(0).call(0)).fail(refusal(451, 'transaction'));
    (await server(1).call(0)).fail(errorOf('ERR_DNS', { phase: 'resolve' }));
    expect(await failure(sending)).toMatchObject({ code: 'ERR_DNS', retryable: true });
  });
});

describe('recipients', () => {
  it('with 4yz are tried again alone, those with 5yz and those who have it never', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1);
    const sending = send(three);
    (await server(0).call(0)).accept({ 'b@x': 450, 'c@x': 550 });
    await turns();
    await clock.advance(1000);
    const second = await server(0).call(1);
    expect(second.to).toEqual(['b@x']);
    second.accept();
    const result = await sending;
    expect(result.accepted).toEqual(['a@x', 'b@x']);
    expect(result.rejected.map(({ recipient }) => recipient)).toEqual(['c@x']);
    expect(told(result)).toEqual(['s1:25 a@x,b@x,c@x a@x ok', 's1:25 b@x b@x ok']);
    expect(result.transactions?.map(({ recipients }) => recipients)).toEqual([['a@x'], ['b@x']]);
  });

  it('that stay refused for now are in the result', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send(three);
    (await server(0).call(0)).accept({ 'b@x': 450, 'c@x': 451 });
    const second = await server(1).call(0);
    expect(second.to).toEqual(['b@x', 'c@x']);
    second.accept({ 'c@x': 452 });
    const result = await sending;
    expect(result.accepted).toEqual(['a@x', 'b@x']);
    expect(result.rejected).toEqual([{ recipient: 'c@x', reply: { code: 452, lines: ['x'] } }]);
  });

  it('are in the result as refused where the last attempt did not come about', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send(three);
    (await server(0).call(0)).accept({ 'b@x': 450 });
    (await server(1).call(0)).fail(unreachable());
    const result = await sending;
    expect(result.rejected.map(({ recipient, reply }) => [recipient, reply.code])).toEqual([['b@x', 450]]);
    expect(told(result)).toHaveLength(2);
  });

  it('all refused, some for good, are told together', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send(three);
    (await server(0).call(0)).fail(refusals({ 'a@x': 550, 'b@x': 450, 'c@x': 451 }));
    const second = await server(1).call(0);
    expect(second.to).toEqual(['b@x', 'c@x']);
    second.fail(refusals({ 'b@x': 551, 'c@x': 451 }));
    const error = await failure(sending);
    expect(error.recipients?.map(({ recipient, reply }) => [recipient, reply?.code])).toEqual([
      ['a@x', 550],
      ['b@x', 551],
      ['c@x', 451],
    ]);
  });

  it('who were refused for good stay refused when the others are taken', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send(['a@x', 'b@x']);
    (await server(0).call(0)).fail(refusals({ 'a@x': 550, 'b@x': 450 }));
    (await server(1).call(0)).accept();
    const result = await sending;
    expect(result).toMatchObject({ accepted: ['b@x'], rejected: [{ recipient: 'a@x', reply: { code: 550 } }] });
  });

  it('that an earlier part of a failed attempt refused for good are not tried again', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send(three);
    const recipients = [{ recipient: 'a@x', reply: { code: 550, lines: [] } }];
    (await server(0).call(0)).fail(errorOf('ERR_CONNECT', { phase: 'greeting', retryable: true, recipients }));
    const second = await server(1).call(0);
    expect(second.to).toEqual(['b@x', 'c@x']);
    second.accept();
    expect((await sending).rejected.map(({ recipient }) => recipient)).toEqual(['a@x']);
  });

  it('are one with requireAllRecipients', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const all = { requireAllRecipients: true };
    const permanent = send(three, all);
    (await server(0).call(0)).fail(refusals({ 'a@x': 550, 'b@x': 450 }));
    expect(told(await failure(permanent))).toHaveLength(1);
    const temporary = send(three, all);
    (await server(0).call(1)).fail(refusals({ 'b@x': 450 }));
    const second = await server(1).call(0);
    expect(second.to).toEqual(three);
    second.accept();
    expect((await temporary).accepted).toEqual(three);
  });

  it('of a message that was partly delivered are tried again where a reply refused them for now', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send([...three, 'd@x']);
    (await server(0).call(0)).fail(
      errorOf('ERR_CONNECT', {
        delivery: 'partly-delivered',
        recipients: [
          { recipient: 'b@x', reply: { code: 450, lines: [] } },
          { recipient: 'c@x', reason: 'not sent' },
          { recipient: 'd@x', reply: { code: 550, lines: [] } },
        ],
      }),
    );
    const second = await server(1).call(0);
    expect(second.to).toEqual(['b@x']);
    second.accept();
    const error = await failure(sending);
    expect(error).toMatchObject({ code: 'ERR_CONNECT', delivery: 'partly-delivered', retryable: false });
    expect(error.recipients?.map(({ recipient }) => recipient)).toEqual(['d@x', 'c@x']);
    expect(told(error)).toEqual(['s1:25 a@x,b@x,c@x,d@x a@x ERR_CONNECT', 's2:25 b@x b@x ok']);
  });

  it('of an attempt with unknown outcome are told beside those who were refused', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send(three);
    (await server(0).call(0)).accept({ 'b@x': 450, 'c@x': 550 });
    (await server(1).call(0)).fail(errorOf('ERR_TIMEOUT', { phase: 'acceptance', delivery: 'unknown' }));
    const error = await failure(sending);
    expect(error.delivery).toBe('unknown');
    expect(error.recipients?.map(({ recipient }) => recipient)).toEqual(['c@x', 'b@x']);
  });
});

describe('a time that the server names', () => {
  it('is waited for', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1);
    const sending = send();
    (await server(0).call(0)).fail(refusal(450, 'transaction', 'Greylisted, try again in 30 seconds'));
    await turns();
    await clock.advance(29_999);
    expect(server(0).calls).toHaveLength(1);
    await clock.advance(1);
    (await server(0).call(1)).accept();
    await sending;
  });

  it('beyond maxMs is not waited for', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1);
    const sending = send();
    (await server(0).call(0)).fail(refusal(450, 'transaction', 'Greylisted for 5 minutes'));
    expect(await failure(sending)).toMatchObject({ reply: { code: 450 }, retryable: true });
    expect(clock.timers()).toBe(0);
  });

  it('beyond maxMs ends the attempts at that server alone', async () => {
    const clock = stopClock();
    const { server, send } = setUp(2, { attempts: 2 });
    const sending = send();
    (await server(0).call(0)).fail(refusal(450, 'transaction', 'Greylisted for 5 minutes'));
    (await server(1).call(0)).fail(refusal(450, 'transaction', 'busy'));
    await turns();
    await clock.advance(1000);
    (await server(1).call(1)).accept();
    expect(told(await sending)).toHaveLength(3);
    expect(server(0).calls).toHaveLength(1);
  });
});

describe('a server whose connection failed', () => {
  it('rests, and is then probed by one message, while others go elsewhere', async () => {
    const clock = stopClock();
    const { server, send } = setUp(2);
    void send('a@x');
    (await server(0).call(0)).fail(unreachable());
    (await server(1).call(0)).accept();
    void send('b@x');
    expect((await server(1).call(1)).to).toEqual(['b@x']);
    await clock.advance(1000);
    void send('c@x');
    expect((await server(0).call(1)).to).toEqual(['c@x']);
    void send('d@x');
    expect((await server(1).call(2)).to).toEqual(['d@x']);
    (await server(0).call(1)).accept();
    await turns();
    void send('e@x');
    void send('f@x');
    expect((await server(0).call(3)).to).toEqual(['f@x']);
  });

  it('rests longer each time', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, { attempts: 1 });
    const first = send();
    (await server(0).call(0)).fail(unreachable());
    await failure(first);
    for (const [number, ms] of [1000, 2000, 4000].entries()) {
      const sending = send();
      await turns();
      await clock.advance(ms - 1);
      expect(server(0).calls).toHaveLength(number + 1);
      await clock.advance(1);
      (await server(0).call(number + 1)).fail(unreachable());
      await failure(sending);
    }
  });

  it('is probed once for all waiting messages, and its failure is an attempt of each', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, { attempts: 1 });
    const first = send();
    (await server(0).call(0)).fail(unreachable());
    await failure(first);
    const sendings = three.map((to) => send(to));
    await turns();
    await clock.advance(1000);
    await turns();
    expect(server(0).calls).toHaveLength(2);
    (await server(0).call(1)).fail(unreachable());
    const errors = await Promise.all(sendings.map((sending) => failure(sending)));
    expect(errors.map(told)).toEqual(three.map((to) => [`s1:25 ${to} - ERR_CONNECT`]));
    expect(new Set(errors).size).toBe(3);
    expect(server(0).calls).toHaveLength(2);
  });

  it('takes all waiting messages after a probe that succeeded', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, { attempts: 1 });
    const first = send();
    (await server(0).call(0)).fail(unreachable());
    await failure(first);
    const sendings = three.map((to) => send(to));
    await turns();
    await clock.advance(1000);
    (await server(0).call(1)).accept();
    await turns();
    expect(server(0).calls).toHaveLength(4);
    for (const { accept } of server(0).calls.slice(2)) accept();
    await Promise.all(sendings);
  });

  it('is probed by another message where the first one was aborted', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, { attempts: 1 });
    const first = send();
    (await server(0).call(0)).fail(unreachable());
    await failure(first);
    const controller = new AbortController();
    const aborted = send('a@x', { signal: controller.signal });
    const other = send('b@x');
    await turns();
    await clock.advance(1000);
    await server(0).call(1);
    controller.abort();
    expect((await failure(aborted)).code).toBe('ERR_ABORTED');
    const probe = await server(0).call(2);
    expect(probe.to).toEqual(['b@x']);
    probe.accept();
    await other;
  });

  it('does not rest after a transaction that failed', async () => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    void send('a@x');
    (await server(0).call(0)).fail(errorOf('ERR_CONNECT', { phase: 'transaction', retryable: true }));
    (await server(1).call(0)).accept();
    void send('b@x');
    expect((await server(0).call(1)).to).toEqual(['b@x']);
  });

  it('counts attempts that began before it failed only once', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1, { attempts: 1 });
    const sendings = three.map((to) => send(to));
    for (const at of [0, 1, 2]) (await server(0).call(at)).fail(unreachable());
    for (const sending of sendings) await failure(sending);
    void send();
    await turns();
    await clock.advance(1000);
    await server(0).call(3);
  });
});

describe('a wrong certificate or password', () => {
  const faults: readonly [string, () => EmailError][] = [
    ['password', wrongPassword],
    ['certificate', () => errorOf('ERR_TLS', { phase: 'tls' })],
    ['TLS that is not offered', () => errorOf('ERR_TLS_REQUIRED', { phase: 'starttls' })],
    ['mechanism', () => errorOf('ERR_AUTH_UNAVAILABLE', { phase: 'authenticate' })],
  ];

  it.each(faults)('is a warning of the message that another server took: %s', async (_, make) => {
    stopClock();
    const { server, send } = setUp(2);
    const sending = send();
    (await server(0).call(0)).fail(make());
    (await server(1).call(0)).accept();
    const { warnings } = await sending;
    expect(warnings?.map(({ code }) => code)).toEqual(['WARN_SERVER_PASSED_OVER']);
    expect(warnings?.[0]?.message).toMatch(/^s1:25 was skipped, and s2:25 accepted the message: ERR_/);
  });

  it.each(faults)('is the error where no server took it: %s', async (_, make) => {
    stopClock();
    const { server, send } = setUp(2, { attempts: 1 });
    const sending = send();
    const { code } = make();
    (await server(0).call(0)).fail(make());
    (await server(1).call(0)).fail(unreachable());
    expect(await failure(sending)).toMatchObject({ code, server: 's1:25', retryable: true });
  });

  it('is a warning of every message while the server rests', async () => {
    const clock = stopClock();
    const { server, send } = setUp(2);
    void send();
    (await server(0).call(0)).fail(wrongPassword());
    (await server(1).call(0)).accept();
    await turns();
    await clock.advance(59_999);
    const second = send();
    (await server(1).call(1)).accept();
    expect((await second).warnings).toHaveLength(1);
    await clock.advance(1);
    const third = send();
    (await server(0).call(1)).accept();
    expect((await third).warnings).toEqual([]);
  });

  it('found only in the transaction is a warning too', async () => {
    stopClock();
    const { server, send } = setUp(2);
    const sending = send();
    (await server(0).call(0)).fail(errorOf('ERR_AUTH_REQUIRED', { phase: 'transaction' }));
    (await server(1).call(0)).accept();
    expect((await sending).warnings?.map(({ code }) => code)).toEqual(['WARN_SERVER_PASSED_OVER']);
  });

  it('of a server that was not wanted is no warning', async () => {
    stopClock();
    const { server, send } = setUp(2);
    void send('a@x');
    (await server(0).call(0)).fail(refusal(451, 'transaction'));
    (await server(1).call(0)).fail(wrongPassword());
    await turns();
    const second = send('b@x');
    (await server(0).call(1)).accept();
    expect((await second).warnings).toEqual([]);
  });

  it('is told at once, by one message at a time, where only such servers are left', async () => {
    stopClock();
    const { server, send } = setUp(1);
    const first = send();
    (await server(0).call(0)).fail(wrongPassword());
    expect((await failure(first)).code).toBe('ERR_AUTH_REJECTED');
    const sendings = three.map((to) => send(to));
    const probe = await server(0).call(1);
    await turns();
    expect(server(0).calls).toHaveLength(2);
    probe.fail(wrongPassword());
    for (const sending of sendings) expect((await failure(sending)).code).toBe('ERR_AUTH_REJECTED');
    expect(server(0).calls).toHaveLength(2);
  });

  it('never leads to another attempt at the same server', async () => {
    stopClock();
    const { server, send } = setUp(1);
    const sending = send();
    (await server(0).call(0)).fail(wrongPassword());
    expect(told(await failure(sending))).toHaveLength(1);
  });
});

describe('the caller', () => {
  it('ends a wait by a signal, with its reason', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1);
    const controller = new AbortController();
    const sending = send('a@x', { signal: controller.signal });
    (await server(0).call(0)).fail(unreachable());
    await turns();
    controller.abort();
    const error = await failure(sending);
    expect(error).toMatchObject({ code: 'ERR_ABORTED', delivery: 'not-delivered' });
    expect(told(error)).toHaveLength(1);
    expect(clock.timers()).toBe(0);
  });

  it('is told who has the message where an abort ends the wait for the others', async () => {
    stopClock();
    const { server, send } = setUp(1);
    const controller = new AbortController();
    const sending = send(three, { signal: controller.signal });
    (await server(0).call(0)).accept({ 'b@x': 450, 'c@x': 550 });
    await turns();
    controller.abort();
    const error = await failure(sending);
    expect(error).toMatchObject({ code: 'ERR_ABORTED', delivery: 'partly-delivered' });
    expect(error.recipients?.map(({ recipient }) => recipient)).toEqual(['c@x', 'b@x']);
  });

  it('is not answered by another server after an abort during an attempt', async () => {
    stopClock();
    const { server, send } = setUp(2);
    const controller = new AbortController();
    const sending = send('a@x', { signal: controller.signal });
    await server(0).call(0);
    controller.abort();
    expect((await failure(sending)).code).toBe('ERR_ABORTED');
    await turns();
    expect(server(1).calls).toEqual([]);
  });

  it('ends all waits by a forced close, and closes every server', async () => {
    const clock = stopClock();
    const { servers, server, send, transport } = setUp(2, { attempts: 2 });
    const sending = send();
    (await server(0).call(0)).fail(unreachable());
    (await server(1).call(0)).fail(unreachable());
    await turns();
    await transport.close({ force: true });
    expect((await failure(sending)).code).toBe('ERR_CLOSED');
    expect(servers.map(({ closes }) => closes)).toEqual([[{ force: true }], [{ force: true }]]);
    expect(clock.timers()).toBe(0);
  });
});

describe('what a failure says', () => {
  it('is nothing where the message was given up before', async () => {
    stopClock();
    const { server, send } = setUp(1);
    expect(await failure(send('a@x', { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ERR_ABORTED' });
    expect(server(0).calls).toHaveLength(0);
  });

  it('is the end where every recipient was refused for good before the connection was lost', async () => {
    stopClock();
    const { servers, server, send } = setUp(2);
    const sending = send();
    const recipients = [{ recipient: 'a@x', reply: { code: 550, lines: ['no'] } }];
    (await server(0).call(0)).fail(errorOf('ERR_CONNECT', { phase: 'transaction', retryable: true, recipients }));
    expect(told(await failure(sending))).toHaveLength(1);
    expect(servers.map(({ calls }) => calls.length)).toEqual([1, 0]);
  });

  it('is that the server works where a probe is refused by a reply to its message', async () => {
    const clock = stopClock();
    const { server, send } = setUp(1);
    void send('a@x');
    (await server(0).call(0)).fail(unreachable());
    await turns();
    await clock.advance(1000);
    (await server(0).call(1)).fail(refusal(451, 'transaction'));
    await turns();
    void send('b@x');
    void send('c@x');
    await turns();
    expect(server(0).calls.map(({ to }) => to)).toEqual([['a@x'], ['a@x'], ['b@x'], ['c@x']]);
  });
});

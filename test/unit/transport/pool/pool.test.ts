import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEmailError } from '../../../../src/errors/email-error.js';
import type { PoolOptions } from '../../../../src/model/mailer.js';
import { resolvePool } from '../../../../src/profile/resolve.js';
import { isConcurrencyRefusal } from '../../../../src/smtp/reply-error.js';
import { ConnectionPool } from '../../../../src/transport/pool/pool.js';
import type { Lease } from '../../../../src/transport/pool/pool.js';
import { FakeConnection, settle } from '../../../support/fake-connection.js';

const never = new AbortController().signal;

function setUp(options: PoolOptions = {}, open?: (n: number, signal: AbortSignal) => Promise<FakeConnection>) {
  const opened: FakeConnection[] = [];
  let count = 0;
  const pool = new ConnectionPool(resolvePool(options), {
    open: async (signal) => {
      const connection = await (open ? open(++count, signal) : Promise.resolve(new FakeConnection(++count)));
      opened.push(connection);
      return connection;
    },
  });
  return { pool, opened };
}

/** Marks the connection as one that has served a transaction. */
function serve(connection: FakeConnection | undefined): void {
  if (connection) connection.served = true;
}

describe('the pool', () => {
  it('opens a connection for each of the first waiters, and no more than the limit', async () => {
    const { pool, opened } = setUp({ maxConnections: 2 });
    const leases = await Promise.all([pool.acquire(never), pool.acquire(never)]);
    const third = pool.acquire(never);
    await settle();
    expect(opened).toHaveLength(2);
    leases[0].release();
    expect((await third).connection).toBe(leases[0].connection);
  });

  it('serves in the order of asking', async () => {
    const { pool } = setUp({ maxConnections: 1 });
    const order: number[] = [];
    const first = await pool.acquire(never);
    const others = [1, 2, 3].map((n) =>
      pool.acquire(never).then((lease) => {
        order.push(n);
        lease.release();
      }),
    );
    first.release();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
  });

  it('uses an idle connection again, and holds the process only while one is in use', async () => {
    const { pool, opened } = setUp();
    const lease = await pool.acquire(never);
    expect(opened[0]?.referenced).toBe(true);
    lease.release();
    expect(opened[0]?.referenced).toBe(false);
    const again = await pool.acquire(never);
    expect(again.connection).toBe(lease.connection);
    expect(opened[0]?.referenced).toBe(true);
    again.release();
    again.release();
    await pool.close(false);
    expect(opened[0]?.quits).toBe(1);
  });

  it('shares a connection among messagesInFlight once no more may be opened', async () => {
    const { pool, opened } = setUp({ maxConnections: 1, messagesInFlight: 3 });
    const leases = await Promise.all([pool.acquire(never), pool.acquire(never), pool.acquire(never)]);
    expect(opened).toHaveLength(1);
    let fourth: Lease | undefined;
    void pool.acquire(never).then((lease) => (fourth = lease));
    await settle();
    expect(fourth).toBeUndefined();
    leases[1]?.release();
    await settle();
    expect(fourth).toBeDefined();
  });

  it('retires a connection after maxMessagesPerConnection', async () => {
    const { pool, opened } = setUp({ maxConnections: 1, maxMessagesPerConnection: 2 });
    for (let i = 0; i < 3; i++) (await pool.acquire(never)).release();
    expect(opened).toHaveLength(2);
    expect(opened[0]?.quits).toBe(1);
  });

  it('gives a fresh connection to the request for one, before other requests', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    (await pool.acquire(never)).release();
    const fresh = await pool.acquire(never, true);
    expect(fresh.connection).toBe(opened[1]);
    expect(opened[0]?.quits).toBe(1);
  });

  it('opens one fresh connection for all that need one, where they can share it or follow each other', async () => {
    for (const messagesInFlight of [1, 4]) {
      const { pool, opened } = setUp({ maxConnections: 1, messagesInFlight });
      const old = await Promise.all(Array.from({ length: messagesInFlight }, () => pool.acquire(never)));
      const fresh = Array.from({ length: 4 }, () => pool.acquire(undefined, true));
      serve(opened[0]);
      opened[0]?.end();
      for (const lease of old) lease.release(createEmailError('ERR_CONNECT', 'gone'));
      for (const lease of fresh) {
        const { connection, release } = await lease;
        expect(connection).toBe(opened[1]);
        release();
      }
      expect(opened).toHaveLength(2);
    }
  });

  it('lets who come behind go on what there is, while a fresh connection is on its way', async () => {
    const { pool, opened } = setUp({ maxConnections: 3 }, (n) =>
      n === 3 ? new Promise(() => undefined) : Promise.resolve(new FakeConnection(n)),
    );
    for (const lease of await Promise.all([pool.acquire(never), pool.acquire(never)])) lease.release();
    const fresh = pool.acquire(never, true);
    const others = await Promise.all([pool.acquire(never), pool.acquire(never)]);
    expect(others.map(({ connection }) => connection)).toEqual(opened);
    void fresh.catch(() => undefined);
    void pool.close(true);
  });

  it('makes room for who needs a fresh connection, however many wait behind', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const busy = await pool.acquire(never);
    const behind = pool.acquire(never);
    const fresh = pool.acquire(never, true);
    busy.release();
    expect((await fresh).connection).toBe(opened[1]);
    (await fresh).release();
    expect((await behind).connection).toBe(opened[1]);
  });

  it('closes a connection that is no longer usable if a message waits', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    (await pool.acquire(never)).release();
    if (opened[0]) opened[0].usable = false;
    expect((await pool.acquire(never)).connection).toBe(opened[1]);
  });

  it('does not hand out a connection that has closed', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    (await pool.acquire(never)).release();
    opened[0]?.end();
    expect((await pool.acquire(never)).connection).toBe(opened[1]);
  });

  it('counts one failed attempt for all waiting messages', async () => {
    let attempts = 0;
    const { pool } = setUp({ maxConnections: 1 }, () => {
      attempts++;
      return Promise.reject(createEmailError('ERR_AUTH_REJECTED', 'wrong password'));
    });
    const outcomes = await Promise.allSettled([pool.acquire(never), pool.acquire(never), pool.acquire(never)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(attempts).toBe(1);
    await expect(pool.acquire(never)).rejects.toMatchObject({ code: 'ERR_AUTH_REJECTED' });
  });

  it('takes a connection that ended before it was adopted for a failed opening, and tells why it ended', async () => {
    let attempts = 0;
    const { pool } = setUp({ maxConnections: 1 }, (n) => {
      // A pool that tries again without end would keep the test from ending.
      if (++attempts > 9) return new Promise(() => undefined);
      const connection = new FakeConnection(n);
      connection.destroy(createEmailError('ERR_SMTP_REPLY', 'too many', { reply: { code: 421, lines: ['too many'] } }));
      return Promise.resolve(connection);
    });
    const outcomes = await Promise.allSettled([pool.acquire(never), pool.acquire(never)]);
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'ERR_SMTP_REPLY', reply: { code: 421 } } },
      { status: 'rejected', reason: { code: 'ERR_SMTP_REPLY', reply: { code: 421 } } },
    ]);
    expect({ attempts, size: pool.size }).toEqual({ attempts: 1, size: 0 });
    await pool.close(false);
  });

  it('goes on with the connections it has where a further one cannot be had', async () => {
    const { pool, opened } = setUp({ maxConnections: 3 }, (n) =>
      n === 1 ? Promise.resolve(new FakeConnection(n)) : Promise.reject(createEmailError('ERR_CONNECT', 'refused')),
    );
    const [first, second, third] = [pool.acquire(never), pool.acquire(never), pool.acquire(never)];
    (await first).release();
    (await second).release();
    (await third).release();
    expect(opened).toHaveLength(1);
    expect(pool.limit).toBe(1);
  });

  it('rejects a message that needs a fresh connection if there is none, and takes none from messages under way', async () => {
    const { pool, opened } = setUp({ maxConnections: 2 }, (n) =>
      n === 1 ? Promise.resolve(new FakeConnection(n)) : Promise.reject(createEmailError('ERR_CONNECT', 'refused')),
    );
    const lease = await pool.acquire(never);
    await expect(pool.acquire(never, true)).rejects.toMatchObject({ code: 'ERR_CONNECT' });
    lease.release();
    expect(opened[0]?.quits).toBe(0);
  });

  it('lowers its limit where the server says too many connections, and goes on with those it has', async () => {
    const refusal = createEmailError('ERR_SMTP_REPLY', 'too many', {
      reply: { code: 421, lines: ['Too many concurrent connections'] },
    });
    const { pool, opened } = setUp({ maxConnections: 3 }, (n) =>
      n === 1 ? Promise.resolve(new FakeConnection(n)) : Promise.reject(refusal),
    );
    const first = await pool.acquire(never);
    const second = pool.acquire(never);
    await settle();
    expect(pool.limit).toBe(1);
    first.release();
    expect((await second).connection).toBe(opened[0]);
  });

  it.each([
    [432, '4.3.2', 'Concurrent connections limit exceeded', true],
    [421, '4.7.0', 'Too many connections from your host', true],
    [421, '4.3.2', 'Service shutting down', false],
    [550, '5.7.1', 'too many connections', false],
  ])('tells whether %i %s %s is about connections', (code, enhancedCode, text, expected) => {
    const error = createEmailError('ERR_SMTP_REPLY', 'x', { reply: { code, enhancedCode, lines: [text] } });
    expect(isConcurrencyRefusal(error)).toBe(expected);
  });

  it('ends a wait with the reason of its signal, and serves those behind', async () => {
    const { pool } = setUp({ maxConnections: 1 });
    const lease = await pool.acquire(never);
    const controller = new AbortController();
    const waiting = pool.acquire(controller.signal);
    const behind = pool.acquire(never);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED', delivery: 'not-delivered' });
    lease.release();
    (await behind).release();
    await expect(pool.acquire(controller.signal)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  const silent = (n: number, signal: AbortSignal): Promise<FakeConnection> =>
    n === 1
      ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      : Promise.resolve(new FakeConnection(n));

  it('gives up an opening once no message waits for it; a later message gets another', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 }, silent);
    const controller = new AbortController();
    const waiting = pool.acquire(controller.signal);
    const staying = pool.acquire(never);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED', phase: 'connect' });
    await settle();
    expect(opened).toHaveLength(0);
    const { pool: second } = setUp({ maxConnections: 1 }, silent);
    const only = new AbortController();
    const alone = second.acquire(only.signal);
    only.abort();
    const next = second.acquire(never);
    await expect(alone).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    (await next).release();
    void staying.catch(() => undefined);
    await Promise.all([second.close(false), pool.close(true)]);
  });

  it('gives each opening a signal of its own, so that none gathers what listened', async () => {
    const signals = new Set<AbortSignal>();
    const { pool } = setUp(
      { maxConnections: 2 },
      (n, signal) => (signals.add(signal), Promise.resolve(new FakeConnection(n))),
    );
    await Promise.all([pool.acquire(never), pool.acquire(never)]);
    expect(signals.size).toBe(2);
  });

  it('does not wait in close() for an opening without a waiting message', async () => {
    const { pool } = setUp({ maxConnections: 2 }, (n, signal) =>
      n === 2 ? silent(1, signal) : Promise.resolve(new FakeConnection(n)),
    );
    const first = pool.acquire(never);
    const second = pool.acquire(never);
    (await first).release();
    (await second).release();
    await pool.close(false);
    expect(pool.size).toBe(0);
  });

  it('waits in close() for leases and waiters, and takes no new ones', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const lease = await pool.acquire(never);
    const waiting = pool.acquire(never);
    let closed = false;
    const closing = pool.close(false).then(() => (closed = true));
    await expect(pool.acquire(never)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    lease.release();
    const second = await waiting;
    await settle();
    expect(closed).toBe(false);
    second.release();
    await closing;
    expect(opened[0]?.quits).toBe(1);
  });

  it('waits in close() for connections that say QUIT already, and ends them where it is forced', async () => {
    let said: (value: undefined) => void = () => undefined;
    const { pool, opened } = setUp({ maxMessagesPerConnection: 1 }, (n) => {
      const connection = new FakeConnection(n);
      connection.quit = () => new Promise((resolve) => (said = resolve));
      return Promise.resolve(connection);
    });
    (await pool.acquire(never)).release();
    let closed = false;
    const closing = pool.close(false).then(() => (closed = true));
    await settle();
    expect(closed).toBe(false);
    void pool.close(true);
    expect(opened[0]?.destroyed).toBeDefined();
    said(undefined);
    await closing;
  });

  it('waits for no message in a forced close()', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const lease = await pool.acquire(never);
    const waiting = pool.acquire(never);
    const running = lease.connection.transact({ envelope: { from: '', to: [] } } as never);
    const closing = pool.close(true);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(running).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(opened[0]?.destroyed).toBeDefined();
    lease.release();
    await closing;
  });
});

describe('the pool, over time', () => {
  /** A server that ends each connection before a message begins on it. */
  const lost = createEmailError('ERR_CONNECT', 'closed', { retryable: true });
  const inVain = (lease: Lease): void => {
    (lease.connection as FakeConnection).end();
    lease.release(lost);
  };
  it('pauses longer each time before it opens another for waiting messages, and rejects them after five', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const waits = Array.from({ length: 50 }, () => pool.acquire(undefined).then(inVain));
    const outcomes = Promise.allSettled(waits);
    const times: number[] = [];
    const start = performance.now();
    for (let i = 0, seen = 0; i < 100; i++) {
      await settle();
      if (opened.length > seen) times.push(performance.now() - start);
      seen = opened.length;
      vi.advanceTimersByTime(25);
    }
    expect(times.map(Math.round)).toEqual([0, 100, 300, 700, 1500]);
    const failed = (await outcomes).filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(45);
    expect(failed[0]).toMatchObject({ reason: { code: 'ERR_CONNECT', message: 'closed', retryable: true } });
    // Later messages start with a new count.
    await pool.acquire(never).then(inVain);
    expect(opened).toHaveLength(6);
    await pool.close(false);
  });

  it('opens the next at once where a connection ended that had served', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const one = await pool.acquire(never);
    const waiting = pool.acquire(never);
    serve(opened[0]);
    inVain(one);
    (await waiting).release();
    expect(opened).toHaveLength(2);
  });

  it('opens the next at once where the caller ended the message', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const one = await pool.acquire(never);
    const waiting = pool.acquire(never);
    opened[0]?.end();
    one.release();
    (await waiting).release();
    expect(opened).toHaveLength(2);
  });

  it('rejects all waiting messages at once if no connection is left and the server has too many', async () => {
    const { pool, opened } = setUp({ maxConnections: 3 });
    const refusal = createEmailError('ERR_SMTP_REPLY', 'too many', {
      retryable: true,
      reply: { code: 421, lines: ['too many connections'] },
    });
    const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(never)));
    const outcomes = Promise.allSettled(Array.from({ length: 20 }, () => pool.acquire(undefined)));
    const lowered = leases.map((lease) => {
      const hasOthers = pool.lowerLimit(lease.connection);
      (lease.connection as FakeConnection).end();
      lease.release(refusal);
      return hasOthers;
    });
    expect(lowered).toEqual([true, true, false]);
    expect(new Set((await outcomes).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(opened).toHaveLength(3);
  });

  it('holds no process for a pause once no message waits, and ends it in close()', async () => {
    const { pool, opened } = setUp({ maxConnections: 1 });
    const controller = new AbortController();
    const one = await pool.acquire(never);
    const waiting = pool.acquire(controller.signal);
    inVain(one);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(vi.getTimerCount()).toBe(0);
    const other = pool.acquire(never);
    expect(vi.getTimerCount()).toBe(1);
    await Promise.all([pool.close(true), expect(other).rejects.toMatchObject({ code: 'ERR_CLOSED' })]);
    expect(vi.getTimerCount()).toBe(0);
    expect(opened).toHaveLength(1);
  });

  it('opens no connection ahead while the rate allows no message', async () => {
    const { pool, opened } = setUp({ rateLimit: { messages: 1, perMs: 60_000 } });
    (await pool.acquire(never)).release();
    opened[0]?.end();
    const waiting = pool.acquire(never);
    await settle();
    expect(opened).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    (await waiting).release();
    expect(opened).toHaveLength(2);
    await pool.close(false);
  });

  it('keeps to fewer connections though none is left, until the minute is over', async () => {
    const { pool, opened } = setUp({ maxConnections: 3, maxMessagesPerConnection: 1 }, (n) =>
      n === 1 || n > 3
        ? Promise.resolve(new FakeConnection(n))
        : Promise.reject(createEmailError('ERR_CONNECT', 'one at a time')),
    );
    const one = await pool.acquire(never);
    const waiting = [pool.acquire(never), pool.acquire(never)];
    await settle();
    expect(pool.limit).toBe(1);
    serve(opened[0]);
    one.release();
    await settle();
    expect({ opened: opened.length, limit: pool.limit }).toEqual({ opened: 2, limit: 1 });
    (await waiting[0])?.release();
    (await waiting[1])?.release();
    await pool.close(false);
  });

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('closes a connection that was idle for idleTimeoutMs', async () => {
    const { pool, opened } = setUp({ idleTimeoutMs: 1000 });
    (await pool.acquire(never)).release();
    vi.advanceTimersByTime(999);
    expect(opened[0]?.quits).toBe(0);
    vi.advanceTimersByTime(1);
    expect(opened[0]?.quits).toBe(1);
    expect(pool.size).toBe(0);
  });

  it('tries for more connections again after a minute', async () => {
    const { pool, opened } = setUp({ maxConnections: 2, idleTimeoutMs: 0 }, (n) =>
      n === 2 ? Promise.reject(createEmailError('ERR_CONNECT', 'refused')) : Promise.resolve(new FakeConnection(n)),
    );
    const first = await pool.acquire(never);
    const second = pool.acquire(never);
    await settle();
    expect(pool.limit).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect((await second).connection).toBe(opened[1]);
    expect(pool.limit).toBe(2);
    first.release();
  });

  it('closes a connection of maxAgeMs, however busy it was', async () => {
    const { pool, opened } = setUp({ maxAgeMs: 1000, idleTimeoutMs: 600 });
    (await pool.acquire(never)).release();
    vi.advanceTimersByTime(500);
    (await pool.acquire(never)).release();
    vi.advanceTimersByTime(500);
    expect(opened[0]?.quits).toBe(1);
  });

  it('holds no process for the rate limit once no message waits', async () => {
    const { pool } = setUp({ rateLimit: { messages: 1, perMs: 60_000 } });
    (await pool.acquire(never)).release();
    const controller = new AbortController();
    const waiting = pool.acquire(controller.signal);
    const before = vi.getTimerCount();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(vi.getTimerCount()).toBe(before - 1);
  });

  it('starts no more than rateLimit.messages in any rateLimit.perMs', async () => {
    const { pool } = setUp({ rateLimit: { messages: 2, perMs: 1000 }, maxConnections: 5 });
    const starts: number[] = [];
    const all = Array.from({ length: 5 }, () =>
      pool.acquire(never).then((lease) => {
        starts.push(Math.round(performance.now()));
        lease.release();
      }),
    );
    const begin = Math.round(performance.now());
    for (let i = 0; i < 30; i++) await vi.advanceTimersByTimeAsync(100);
    await Promise.all(all);
    const offsets = starts.map((start) => start - begin);
    expect(offsets).toEqual([0, 0, 1000, 1000, 2000]);
  });
});

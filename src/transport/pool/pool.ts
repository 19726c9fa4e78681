/**
 * Connections shared by many sends. A lease is the right to run one transaction on a connection; leases are given in
 * the order of requests. `#serve` is the central method: it runs after every change, hands out free connections and
 * opens new ones.
 * @module
 */
import type { SmtpConnection } from '../../connection/contract.js';
import { abortError } from '../../errors/abort.js';
import type { EmailError } from '../../model/error.js';
import type { MailerStats } from '../../model/mailer.js';
import type { ResolvedPool } from '../../profile/resolve.js';
import { isConcurrencyRefusal } from '../../smtp/reply-error.js';
import { ConnectionLimit } from './connection-limit.js';
import { OpeningPace } from './opening-pace.js';
import { Openings, type PoolSource } from './openings.js';
import { closedBeforeSent, copyOf, endedUnused, isPermanentRefusal, whileWaiting } from './pool-errors.js';
import { RateLimiter } from './rate-limiter.js';
import type { Slot } from './slot.js';
import { Slots } from './slots.js';
import { Waiters } from './waiters.js';

/** The right to run one transaction. Give it back exactly once. */
export interface Lease {
  readonly connection: SmtpConnection;
  /** Call it when the whole message is written and only the server's reply is awaited. */
  readonly written: () => void;
  /** `failure` is the error of the transaction, unless the caller ended it. */
  release(failure?: EmailError): void;
}

/** Numbers about the pool. */
export type PoolStats = Pick<MailerStats, 'connections' | 'waiting'>;

export class ConnectionPool {
  readonly #options: ResolvedPool;
  readonly #limit: ConnectionLimit;
  readonly #pace = new OpeningPace();
  readonly #rate: RateLimiter | undefined;
  readonly #waiters = new Waiters<Lease>(whileWaiting, () => this.#waiterLeft());
  readonly #slots = new Slots();
  readonly #openings: Openings;
  /** Connections that are sending QUIT. */
  readonly #leaving = new Set<SmtpConnection>();
  /** Number of leases whose message is written. */
  #written = 0;
  /**
   * Runs `#serve` when the rate limit or the pace of openings allows more. It holds the process, because messages are
   * waiting.
   */
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** `rate` is the limit of several pools together. */
  constructor(options: ResolvedPool, source: PoolSource, rate?: RateLimiter) {
    this.#options = options;
    this.#openings = new Openings(source, {
      opened: (connection) => this.#adopt(connection),
      failed: (cause) => this.#openFailed(cause),
      givenUp: () => this.#serve(),
    });
    this.#limit = new ConnectionLimit(options.maxConnections, () => this.#serve());
    this.#rate = rate ?? (options.rateLimit && new RateLimiter(options.rateLimit.messages, options.rateLimit.perMs));
  }

  /** Number of open connections. */
  get size(): number {
    return this.#slots.size;
  }

  /** Current numbers. */
  get stats(): PoolStats {
    return {
      connections: {
        open: this.#slots.size,
        idle: this.#slots.idle,
        opening: this.#openings.size,
        limit: this.#limit.current,
      },
      waiting: this.#waiters.length,
    };
  }

  /** The most connections at once, after the server's refusals so far. */
  get limit(): number {
    return this.#limit.current;
  }

  /**
   * Requests a lease. Leases are given in the order of requests. With `fresh`, only a connection opened from now on
   * will do, and the request comes before those without it. If the lease has to wait, `soon` is called once there are
   * fewer waiters in front than written messages and openings.
   */
  acquire(signal: AbortSignal | undefined, fresh = false, soon?: () => void): Promise<Lease> {
    if (this.#closing) return Promise.reject(closedBeforeSent());
    if (signal?.aborted === true) return Promise.reject(abortError(signal, whileWaiting));
    if (this.#waiters.length === 0 && !fresh && this.#rateWaitMs() === 0) {
      const slot = this.#slots.findIdle();
      if (slot) return Promise.resolve(this.#lease(slot));
    }
    const lease = this.#waiters.wait(signal, fresh ? this.#slots.latest : undefined, soon);
    this.#serve();
    return lease;
  }

  /**
   * Lowers the limit after the server refused this connection as one too many: only the others remain. False if there
   * are no others; then a message refused for that reason cannot be moved.
   */
  lowerLimit(connection: SmtpConnection): boolean {
    const others = this.#othersThan(connection);
    if (others > 0) this.#limit.lower(others);
    return others > 0;
  }

  /** Waits for leases and waiters, then quits. `force` destroys connections and refuses waiters at once. */
  close(force: boolean): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#drained = resolve;
    }).then(() => this.#quitAll());
    if (force) {
      this.#waiters.refuse('all', closedBeforeSent);
      for (const connection of this.#all()) connection.destroy(closedBeforeSent());
    }
    this.#settle();
    return this.#closing;
  }

  async #quitAll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#limit.stop();
    for (const slot of this.#slots) slot.stop();
    await Promise.all(
      this.#all().map(async (connection) => {
        connection.ref();
        await connection.quit();
      }),
    );
  }

  #all(): readonly SmtpConnection[] {
    return [...this.#leaving, ...[...this.#slots].map(({ connection }) => connection)];
  }

  /** Ends the wait of close() if there is nothing left to wait for. */
  #settle(): void {
    if (!this.#drained || this.#waiters.length > 0) return;
    if (this.#openings.size > 0) return this.#giveUpOpening();
    for (const slot of this.#slots) if (slot.leases > 0) return;
    this.#drained();
    this.#drained = undefined;
  }

  /** Hands out free connections, and opens new ones if allowed. */
  #serve(): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return this.#settle();
    let rateWaitMs = 0;
    for (let at = 0; at < waiters.length;) {
      rateWaitMs = this.#rateWaitMs();
      if (rateWaitMs > 0) break;
      const after = waiters.after(at);
      const slot =
        this.#slots.findIdle(after) ??
        (this.#room() > 0 ? undefined : this.#slots.findShared(this.#options.messagesInFlight, after));
      if (slot) waiters.give(at, this.#lease(slot));
      // A waiter whose connection is being opened does not block those after it.
      else if (after !== undefined && this.#limit.current - this.#slots.size > at) at++;
      else break;
    }
    // Before the rate limit allows a message, a new connection would only idle.
    if (rateWaitMs > 0) this.#serveIn(rateWaitMs);
    else this.#openForWaiters();
    this.#makeRoom();
    // While the server works on written messages or greetings, the next messages can be composed.
    waiters.tellNear(this.#written + this.#openings.size);
    this.#settle();
  }

  #openForWaiters(): void {
    const count = Math.min(this.#waiters.length - this.#openings.size, this.#room());
    if (count <= 0) return;
    const pauseMs = this.#pace.waitMs(performance.now());
    if (pauseMs > 0) return this.#serveIn(pauseMs);
    for (let i = 0; i < count; i++) this.#open();
  }

  /** A running timer never fires too late: the rate limit waits longer than the pace. */
  #serveIn(waitMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#serve();
    }, Math.ceil(waitMs));
  }

  /** Number of connections that may be opened now. */
  #room(): number {
    return this.#limit.current - this.#slots.size - this.#openings.size;
  }

  /**
   * When the pool is full, closes one idle connection that is in the way: any, if the first waiter needs a fresh one
   * (those are always first), or one that is no longer usable.
   */
  #makeRoom(): void {
    if (this.#waiters.length === 0 || this.#openings.size > 0 || this.#slots.size < this.#limit.current) return;
    const fresh = this.#waiters.after(0) !== undefined;
    for (const slot of this.#slots)
      if (slot.leases === 0 && (fresh || !slot.connection.usable)) return this.#retire(slot);
  }

  /** Opens a connection in the context of the first waiter for which none is being opened. */
  #open(): void {
    this.#openings.start((work) => this.#waiters.inContextOf(this.#openings.size, work));
  }

  #waiterLeft(): void {
    if (this.#waiters.length === 0) this.#giveUpOpening();
    this.#settle();
  }

  /**
   * Aborts pending openings once there are no waiters, so that a silent server holds neither the process nor `close()`.
   * Later waiters open new ones.
   */
  #giveUpOpening(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#openings.giveUp();
  }

  #adopt(connection: SmtpConnection): void {
    // A connection that the server has already ended counts as a failed opening. Otherwise the next one would be opened
    // at once.
    if (!connection.usable) {
      connection.destroy();
      return this.#openFailed(connection.closeReason ?? endedUnused());
    }
    const slot = this.#slots.adopt(connection, this.#options);
    connection.onClose(() => {
      // If the end of the connection should delay the next opening, the lease is released first, with the failure.
      if (slot.leases > 0 && (!connection.served || isConcurrencyRefusal(connection.closeReason))) return;
      if (slot.leases === 0 && !connection.served && this.#slots.has(slot) && !this.#leaving.has(connection))
        this.#openedInVain(connection, slot.failure ?? connection.closeReason ?? endedUnused());
      this.#forget(slot);
    });
    this.#serve();
    this.#rest(slot);
  }

  #openFailed(cause: unknown): void {
    const others = this.#slots.size + this.#openings.size;
    if (others > 0) {
      // Most waiters can use one of the other connections. Those that need a fresh one are rejected.
      this.#limit.lower(others);
      this.#pace.countVain(performance.now());
      this.#waiters.refuse('fresh', () => copyOf(cause));
    } else this.#refuseAll(cause);
    this.#serve();
  }

  /** One attempt counts for all waiters: trying a wrong password once per message would lock the account. */
  #refuseAll(cause: unknown): void {
    this.#pace.reset();
    this.#waiters.refuse('all', () => copyOf(cause));
  }

  /**
   * The connection ended before the server took a message on it, or its replies were out of step. A permanent refusal
   * applies to its own message only, not to the waiting ones.
   */
  #openedInVain(connection: SmtpConnection, failure: Error): void {
    const tooOften = this.#pace.countVain(performance.now());
    const hopeless = (tooOften && !isPermanentRefusal(failure)) || isConcurrencyRefusal(failure);
    if (hopeless && this.#othersThan(connection) === 0) this.#refuseAll(failure);
  }

  /** Number of usable and opening connections, without this one. */
  #othersThan(connection: SmtpConnection): number {
    return this.#openings.size + this.#slots.othersThan(connection);
  }

  #lease(slot: Slot): Lease {
    const { connection } = slot;
    slot.take();
    this.#rate?.take(performance.now());
    let given = false;
    let isWritten = false;
    return {
      connection,
      written: () => {
        if (given || isWritten) return;
        isWritten = true;
        this.#written++;
        this.#waiters.tellNear(this.#written + this.#openings.size);
      },
      release: (failure) => {
        if (given) return;
        given = true;
        if (isWritten) this.#written--;
        slot.giveBack();
        slot.failure = failure;
        // A refusal on a connection that has ended may belong to another message, because its replies may be out of
        // step.
        if (connection.served && (failure === undefined || !connection.usable)) this.#pace.reset();
        else if (!connection.served && failure !== undefined && !connection.usable)
          this.#openedInVain(connection, failure);
        this.#serve();
        this.#rest(slot);
      },
    };
  }

  /** Once no lease is left: closes the connection if it cannot be used again, else lets it idle. */
  #rest(slot: Slot): void {
    if (slot.leases > 0 || slot.resting || !this.#slots.has(slot)) return;
    if (!slot.connection.usable || slot.spent || this.#slots.size > this.#limit.current) return this.#retire(slot);
    slot.rest(() => this.#retire(slot));
  }

  #retire(slot: Slot): void {
    const { connection } = slot;
    this.#leaving.add(connection);
    void connection.quit().then(() => this.#leaving.delete(connection));
    this.#forget(slot);
  }

  #forget(slot: Slot): void {
    slot.stop();
    if (this.#slots.delete(slot)) this.#serve();
  }

  #rateWaitMs(): number {
    return this.#rate ? this.#rate.waitMs(performance.now()) : 0;
  }
}

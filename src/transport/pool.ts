/**
 * Connections shared by many sends. A lease is the right to run one transaction on a connection; leases are given in the order of
 * asking. `#serve` is the heart: it runs after every change, hands out what there is, and opens what may be opened.
 *
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import type { SmtpConnection } from '../connection/contract.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, reasonOf, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { MailerStats } from '../model/mailer.js';
import type { ResolvedPool } from '../profile/resolve.js';
import { isConcurrencyRefusal } from '../smtp/reply-error.js';
import { ConnectionLimit } from './connection-limit.js';
import { OpeningPace } from './opening-pace.js';
import { RateLimiter } from './rate-limiter.js';
import { Slot } from './slot.js';
import { Waiters } from './waiters.js';

/** The right to run one transaction. Give it back exactly once. */
export interface Lease {
  readonly connection: SmtpConnection;
  /** To be called when the whole message is written and only the server's reply is awaited. */
  readonly written: () => void;
  /** `failure` is why the transaction failed, unless the caller ended it. */
  release(failure?: EmailError): void;
}

/** How the pool gets its connections. */
export interface PoolSource {
  /** Rejects when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<SmtpConnection>;
}

/** A pool in numbers. */
export type PoolStats = Pick<MailerStats, 'connections' | 'waiting'>;

/** What is known of a message that waits for a connection. */
const waiting = { phase: 'connect' } as const;

export class ConnectionPool {
  readonly #options: ResolvedPool;
  readonly #source: PoolSource;
  readonly #limit: ConnectionLimit;
  readonly #pace = new OpeningPace();
  readonly #rate: RateLimiter | undefined;
  readonly #waiters = new Waiters<Lease>(waiting, () => this.#waiterLeft());
  readonly #slots = new Set<Slot>();
  /** Connections that there ever were. */
  #adopted = 0;
  /** One controller for each connection that is being opened. Node 20 keeps a trace of all that ever listened to a signal, so none is shared. */
  readonly #openings = new Set<AbortController>();
  /** Connections that say QUIT. */
  readonly #leaving = new Set<SmtpConnection>();
  /** Leases whose message is written. */
  #written = 0;
  /** Runs `#serve` when the rate or the pace of openings allows more. Holds the process, for somebody waits. */
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: ResolvedPool, source: PoolSource) {
    this.#options = options;
    this.#source = source;
    this.#limit = new ConnectionLimit(options.maxConnections, () => this.#serve());
    this.#rate = options.rateLimit && new RateLimiter(options.rateLimit.messages, options.rateLimit.perMs);
  }

  /** Connections open now. */
  get size(): number {
    return this.#slots.size;
  }

  /** What there is now. */
  get stats(): PoolStats {
    let idle = 0;
    for (const slot of this.#slots) if (slot.leases === 0) idle++;
    return {
      connections: {
        open: this.#slots.size,
        idle,
        opening: this.#openings.size,
        limit: this.#limit.current,
      },
      waiting: this.#waiters.length,
    };
  }

  /** Connections that may be open at once, as far as the server's refusals tell. */
  get limit(): number {
    return this.#limit.current;
  }

  /**
   * A lease, in the order of asking; with `fresh` on a connection that the pool gets from now on. `soon` is called if the lease has to be
   * waited for, once the number of waiters in front is below that of written messages and openings.
   */
  acquire(signal: AbortSignal | undefined, fresh = false, soon?: () => void): Promise<Lease> {
    if (this.#closing) return Promise.reject(closedError());
    if (signal?.aborted === true) return Promise.reject(abortError(signal, waiting));
    if (this.#waiters.length === 0 && !fresh && this.#rateWaitMs() === 0) {
      const slot = this.#idleSlot();
      if (slot) return Promise.resolve(this.#lease(slot));
    }
    const lease = this.#waiters.wait(signal, fresh ? this.#adopted : undefined, soon);
    this.#serve();
    return lease;
  }

  /**
   * The server takes fewer connections than there are: no more than the others from now on. False where there are no others, so that
   * a message refused for that reason cannot go on one of them.
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
      this.#waiters.refuse('all', closedError);
      for (const connection of this.#all()) connection.destroy(closedError());
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

  /** Ends the wait of close() if nothing is left to wait for. */
  #settle(): void {
    if (!this.#drained || this.#waiters.length > 0) return;
    if (this.#openings.size > 0) return this.#giveUpOpening();
    for (const slot of this.#slots) if (slot.leases > 0) return;
    this.#drained();
    this.#drained = undefined;
  }

  /** Hands out what there is, and opens what may be opened. */
  #serve(): void {
    const waiters = this.#waiters;
    let rateWaitMs = 0;
    for (let at = 0; at < waiters.length;) {
      rateWaitMs = this.#rateWaitMs();
      if (rateWaitMs > 0) break;
      const after = waiters.after(at);
      const slot = this.#idleSlot(after) ?? (this.#room() > 0 ? undefined : this.#sharedSlot(after));
      if (slot) waiters.give(at, this.#lease(slot));
      // One that waits for a connection on its way lets those behind it go on what there is.
      else if (after !== undefined && this.#limit.current - this.#slots.size > at) at++;
      else break;
    }
    // Before the rate allows a message, a connection would only idle.
    if (rateWaitMs > 0) this.#serveIn(rateWaitMs);
    else this.#openForWaiters();
    this.#makeRoom();
    // While the server is at work on what was written, or on a greeting, the next messages can be composed.
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

  /** The timer that runs already is for a time that is no later: the rate holds longer than the pace. */
  #serveIn(waitMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#serve();
    }, Math.ceil(waitMs));
  }

  /** Connections that may be opened now. */
  #room(): number {
    return this.#limit.current - this.#slots.size - this.#openings.size;
  }

  /**
   * When the pool is full, closes one idle connection that is in the way: any if the first waiter needs a fresh one (those are always
   * first), else one that is no longer usable.
   */
  #makeRoom(): void {
    if (this.#waiters.length === 0 || this.#openings.size > 0 || this.#slots.size < this.#limit.current) return;
    const fresh = this.#waiters.after(0) !== undefined;
    for (const slot of this.#slots)
      if (slot.leases === 0 && (fresh || !slot.connection.usable)) return this.#retire(slot);
  }

  #open(): void {
    const opening = createAbortController();
    let opened: Promise<SmtpConnection> | undefined;
    // Those in front have one on its way each.
    this.#waiters.inContextOf(this.#openings.size, () => (opened = this.#source.open(opening.signal)));
    this.#openings.add(opening);
    opened?.then(
      (connection) => {
        this.#openings.delete(opening);
        this.#adopt(connection);
      },
      (error: unknown) => {
        this.#openings.delete(opening);
        if (opening.signal.aborted) this.#serve();
        else this.#openFailed(error);
      },
    );
  }

  #waiterLeft(): void {
    if (this.#waiters.length === 0) this.#giveUpOpening();
    this.#settle();
  }

  /**
   * Aborts pending openings once nobody waits for them, so that a silent server holds neither the process nor close(). Later waiters
   * have new ones opened.
   */
  #giveUpOpening(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const opening of this.#openings) opening.abort(closedError());
  }

  #adopt(connection: SmtpConnection): void {
    // One that the server has ended meanwhile is a failed opening. Were it forgotten as any other, the next would be opened at once.
    if (!connection.usable) {
      connection.destroy();
      return this.#openFailed(connection.closeReason ?? endedUnused());
    }
    const slot = new Slot(connection, ++this.#adopted, this.#options);
    this.#slots.add(slot);
    connection.onClose(() => {
      // Where the end of the connection tells against opening another, whoever holds the lease says so first, by releasing it.
      if (slot.leases > 0 && (!connection.served || isConcurrencyRefusal(connection.closeReason))) return;
      this.#forget(slot);
    });
    this.#serve();
    this.#rest(slot);
  }

  #openFailed(cause: unknown): void {
    const others = this.#slots.size + this.#openings.size;
    if (others > 0) {
      // Waiters can have one of the others, but those that need a fresh one would wait in vain.
      this.#limit.lower(others);
      this.#pace.countVain(performance.now());
      this.#waiters.refuse('fresh', () => copyOf(cause));
    } else this.#refuseAll(cause);
    this.#serve();
  }

  /** One attempt speaks for all who wait: a wrong password that is tried once a message would lock the account. */
  #refuseAll(cause: unknown): void {
    this.#pace.reset();
    this.#waiters.refuse('all', () => copyOf(cause));
  }

  /** A connection ended before the server began with a message on it. */
  #openedInVain(connection: SmtpConnection, failure: EmailError): void {
    const hopeless = this.#pace.countVain(performance.now()) || isConcurrencyRefusal(failure);
    if (hopeless && this.#othersThan(connection) === 0) this.#refuseAll(failure);
  }

  /** Usable connections, and those that are being opened, without this one. */
  #othersThan(connection: SmtpConnection): number {
    let others = this.#openings.size;
    for (const slot of this.#slots) if (slot.connection !== connection && slot.connection.usable) others++;
    return others;
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
        if (connection.served) this.#pace.reset();
        else if (failure !== undefined && !connection.usable) this.#openedInVain(connection, failure);
        this.#serve();
        this.#rest(slot);
      },
    };
  }

  /** Once nothing runs on it: closes it if it is of no more use, else lets it idle. */
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

  #idleSlot(after = 0): Slot | undefined {
    for (const slot of this.#slots) if (slot.number > after && slot.canTake(1)) return slot;
    return undefined;
  }

  /** The least busy connection with a free place for one more message in flight. */
  #sharedSlot(after = 0): Slot | undefined {
    let best: Slot | undefined;
    for (const slot of this.#slots)
      if (slot.number > after && slot.canTake(best?.leases ?? this.#options.messagesInFlight)) best = slot;
    return best;
  }

  #rateWaitMs(): number {
    return this.#rate ? this.#rate.waitMs(performance.now()) : 0;
  }
}

function closedError(): EmailError {
  return createEmailError('ERR_CLOSED', 'The mailer was closed before the message was sent', {
    remedy: 'Send before close(), or make a new mailer.',
  });
}

function endedUnused(): EmailError {
  return createEmailError('ERR_CONNECT', 'The connection ended before it was used.', { retryable: true });
}

function copyOf(cause: unknown): EmailError {
  if (isEmailError(cause)) return withDetails(cause, {});
  return createEmailError('ERR_CONNECT', `No connection could be made: ${reasonOf(cause)}`, { cause, retryable: true });
}

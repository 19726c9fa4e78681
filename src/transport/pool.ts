/**
 * Connections shared by many sends. A lease is the right to run one transaction on a connection; whoever asked first gets the
 * next. What a connection looks like inside is not known here (connection/contract.ts).
 */
import { createAbortController } from '../async/abort-controller.js';
import { onAbort } from '../async/on-abort.js';
import type { SmtpConnection } from '../connection/contract.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, reasonOf, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { ResolvedPool } from '../profile/defaults.js';
import { RateLimiter } from './rate-limiter.js';

/** A connection in the pool. */
interface Slot {
  readonly connection: SmtpConnection;
  readonly openedAt: number;
  leases: number;
  served: number;
  /** Idle: it does not hold the process, and its idle time runs. */
  resting: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/** Someone who waits for a lease. */
interface Waiter {
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: EmailError) => void;
  /** Only a connection made for it will do: the last one was stale. */
  readonly fresh: boolean;
  /** Called when its turn is near; undefined once it waits no more. */
  soon: (() => void) | undefined;
  /** Its turn is near, and `soon` is called or about to be. */
  near: boolean;
}

/** So long are fewer connections held than the options allow. */
const lowMs = 60_000;

/** The right to run one transaction. Give it back exactly once. */
export interface Lease {
  readonly connection: SmtpConnection;
  /** To be called when the message is written, and only the server's word is awaited. */
  readonly written: () => void;
  release(): void;
}

/** How the pool gets its connections, and the clock it goes by. */
export interface PoolSource {
  readonly open: (signal: AbortSignal) => Promise<SmtpConnection>;
}

/** Is it a server's word about too many connections, said before any message was begun? */
export function isConcurrencyRefusal(error: unknown): error is EmailError {
  if (!isEmailError(error) || error.reply === undefined || error.delivery !== 'not-delivered') return false;
  const { code, enhancedCode, lines } = error.reply;
  if (code === 432) return true;
  if (code !== 421 && code !== 451 && code !== 454) return false;
  return (
    enhancedCode === '4.7.66' ||
    /concurren|too many (?:\w+ )?(?:connections|sessions)|connection(?:s)? limit/i.test(lines.join(' ').slice(0, 1000))
  );
}

export class ConnectionPool {
  readonly #options: ResolvedPool;
  readonly #source: PoolSource;
  readonly #slots = new Set<Slot>();
  /** Connections that say QUIT. */
  readonly #leaving = new Set<SmtpConnection>();
  readonly #waiters: Waiter[] = [];
  /** Leases whose message is written. */
  #written = 0;
  readonly #limiter: RateLimiter | undefined;
  /** Connections that are being opened, each to be given up by itself: Node 20 keeps a trace of whatever listened to a signal. */
  readonly #openings = new Set<AbortController>();
  /** Connections that can be had now; back to the option after a while, or once none is left. */
  #limit: number;
  #lowered: NodeJS.Timeout | undefined;
  #rateTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: ResolvedPool, source: PoolSource) {
    this.#options = options;
    this.#source = source;
    this.#limit = options.maxConnections;
    this.#limiter = options.rateLimit && new RateLimiter(options.rateLimit.messages, options.rateLimit.perMs);
  }

  /** Connections open now. */
  get size(): number {
    return this.#slots.size;
  }

  /** Connections it would open at most, as the server has it. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * A lease, in the order of asking; `fresh` on a connection that served nobody yet. `soon` is called where it has to wait, once no
   * more stand in front of it than there are leases whose message is written, and connections that are being opened.
   */
  acquire(signal: AbortSignal | undefined, fresh = false, soon?: () => void): Promise<Lease> {
    if (this.#closing) return Promise.reject(closedError());
    if (signal?.aborted === true) return Promise.reject(abortError(signal, waiting));
    if (this.#waiters.length === 0 && !fresh && this.#rateWait() === 0) {
      const slot = this.#idleSlot();
      if (slot) return Promise.resolve(this.#lease(slot));
    }
    return new Promise<Lease>((resolve, reject) => {
      let stop = (): void => {};
      const waiter: Waiter = {
        fresh,
        soon,
        near: false,
        resolve: (lease) => {
          waiter.soon = undefined;
          stop();
          resolve(lease);
        },
        reject: (error) => {
          waiter.soon = undefined;
          stop();
          reject(error);
        },
      };
      stop = onAbort(signal, () => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        waiter.reject(abortError(signal as AbortSignal, waiting));
        if (this.#waiters.length === 0) this.#giveUpOpening();
        this.#settle();
      });
      // Whoever needs a fresh connection had its turn once.
      if (fresh) this.#waiters.unshift(waiter);
      else this.#waiters.push(waiter);
      this.#serve();
    });
  }

  /** The server takes fewer connections than we have: no more than the others from now on. False where this is the only one. */
  lowerLimit(connection: SmtpConnection): boolean {
    let others = 0;
    for (const slot of this.#slots) if (slot.connection !== connection && slot.connection.usable) others++;
    if (others === 0) return false;
    this.#lower(Math.min(this.#limit, others));
    return true;
  }

  /** Waits for leases and waiters, then quits; `force` destroys connections and refuses waiters at once. */
  close(force: boolean): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#drained = resolve;
    }).then(() => this.#quitAll());
    if (force) {
      for (const waiter of this.#waiters.splice(0)) waiter.reject(closedError());
      for (const connection of this.#all()) connection.destroy(closedError());
    }
    this.#settle();
    return this.#closing;
  }

  async #quitAll(): Promise<void> {
    clearTimeout(this.#rateTimer);
    clearTimeout(this.#lowered);
    for (const slot of this.#slots) clearTimeout(slot.idleTimer);
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

  /** After every change: is there nothing left to wait for? */
  #settle(): void {
    if (!this.#drained || this.#waiters.length > 0) return;
    if (this.#openings.size > 0) return this.#giveUpOpening();
    for (const slot of this.#slots) if (slot.leases > 0) return;
    this.#drained();
    this.#drained = undefined;
  }

  /** Hands out what there is, and opens what may be opened. */
  #serve(): void {
    for (let at = 0; at < this.#waiters.length;) {
      const wait = this.#rateWait();
      if (wait > 0) {
        this.#rateTimer ??= setTimeout(() => {
          this.#rateTimer = undefined;
          this.#serve();
        }, Math.ceil(wait));
        break;
      }
      const waiter = this.#waiters[at] as Waiter;
      const mayOpen = this.#slots.size + this.#openings.size < this.#limit;
      const slot = waiter.fresh ? this.#unusedSlot() : (this.#idleSlot() ?? (mayOpen ? undefined : this.#sharedSlot()));
      if (!slot) {
        if (!waiter.fresh || this.#limit - this.#slots.size <= at) break;
        // It waits for a connection that is on its way; those behind it may go on what there is.
        at++;
        continue;
      }
      if (at === 0) this.#waiters.shift();
      else this.#waiters.splice(at, 1);
      waiter.resolve(this.#lease(slot));
    }
    let wanted = this.#waiters.length - this.#openings.size;
    if (this.#rateTimer !== undefined) wanted = Math.min(wanted, 1 - this.#openings.size - this.#slots.size);
    while (wanted-- > 0 && this.#slots.size + this.#openings.size < this.#limit) this.#open();
    this.#makeRoom();
    this.#tellNext();
    this.#settle();
  }

  /** To those whose turn is next: while servers are at work on what was written, or on a greeting, the process has nothing better to do. */
  #tellNext(): void {
    const count = Math.min(this.#waiters.length, this.#written + this.#openings.size);
    for (let at = 0; at < count; at++) {
      const waiter = this.#waiters[at] as Waiter;
      if (waiter.near) continue;
      waiter.near = true;
      void resolved.then(() => waiter.soon?.());
    }
  }

  /** Who needs a fresh connection, who stand in front, must not wait for ever behind idle ones, nor anyone behind one of no more use. */
  #makeRoom(): void {
    const [first] = this.#waiters;
    if (first === undefined || this.#openings.size > 0 || this.#slots.size < this.#limit) return;
    for (const slot of this.#slots)
      if (slot.leases === 0 && (first.fresh || !slot.connection.usable)) return this.#retire(slot);
  }

  #open(): void {
    const opening = createAbortController();
    this.#openings.add(opening);
    this.#source.open(opening.signal).then(
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

  /** Nobody waits for them: a server that is silent must not hold process or close(). Whoever comes later has others opened. */
  #giveUpOpening(): void {
    clearTimeout(this.#rateTimer);
    this.#rateTimer = undefined;
    for (const opening of this.#openings) opening.abort(closedError());
  }

  #adopt(connection: SmtpConnection): void {
    // The server ended it before it could serve: that is a failed opening, or whoever waits would have one opened after the other.
    if (!connection.usable) {
      connection.destroy();
      return this.#openFailed(connection.closeReason ?? endedUnused());
    }
    const slot: Slot = {
      connection,
      openedAt: performance.now(),
      leases: 0,
      served: 0,
      resting: false,
      idleTimer: undefined,
    };
    this.#slots.add(slot);
    connection.onClose(() => this.#forget(slot));
    this.#serve();
    this.#rest(slot);
  }

  #openFailed(cause: unknown): void {
    const others = this.#slots.size + this.#openings.size;
    if (others > 0) {
      // Those who wait can have one of the others; for want of a fresh one nobody waits on.
      this.#lower(others);
      this.#refuse((waiter) => waiter.fresh, cause);
    } else {
      // One attempt speaks for all who wait: a wrong password tried once a message would lock the account.
      this.#raise();
      this.#refuse(() => true, cause);
    }
    this.#serve();
  }

  #refuse(which: (waiter: Waiter) => boolean, cause: unknown): void {
    const all = this.#waiters.splice(0);
    this.#waiters.push(...all.filter((waiter) => !which(waiter)));
    for (const waiter of all) if (which(waiter)) waiter.reject(copyOf(cause));
  }

  /** Fewer connections for a while: what keeps the server from another may pass. */
  #lower(limit: number): void {
    this.#limit = limit;
    clearTimeout(this.#lowered);
    this.#lowered = setTimeout(() => {
      this.#raise();
      this.#serve();
    }, lowMs).unref();
  }

  #raise(): void {
    clearTimeout(this.#lowered);
    this.#limit = this.#options.maxConnections;
  }

  #lease(slot: Slot): Lease {
    slot.leases++;
    slot.served++;
    this.#limiter?.take(performance.now());
    clearTimeout(slot.idleTimer);
    slot.idleTimer = undefined;
    if (slot.resting) slot.connection.ref();
    slot.resting = false;
    let given = false;
    let isWritten = false;
    return {
      connection: slot.connection,
      written: () => {
        if (given || isWritten) return;
        isWritten = true;
        this.#written++;
        this.#tellNext();
      },
      release: () => {
        if (given) return;
        given = true;
        if (isWritten) this.#written--;
        slot.leases--;
        this.#serve();
        this.#rest(slot);
      },
    };
  }

  /** Nothing runs on it: close it if it is spent, else let it wait a while without holding the process. */
  #rest(slot: Slot): void {
    if (slot.leases > 0 || slot.resting || !this.#slots.has(slot)) return;
    if (!slot.connection.usable || this.#isSpent(slot) || this.#slots.size > this.#limit) return this.#retire(slot);
    slot.resting = true;
    slot.connection.unref();
    const age = this.#options.maxAgeMs === 0 ? Infinity : slot.openedAt + this.#options.maxAgeMs - performance.now();
    const idle = this.#options.idleTimeoutMs === 0 ? Infinity : this.#options.idleTimeoutMs;
    const wait = Math.min(age, idle);
    if (wait !== Infinity) slot.idleTimer = setTimeout(() => this.#retire(slot), Math.max(0, wait)).unref();
  }

  #isSpent(slot: Slot): boolean {
    const { maxMessagesPerConnection, maxAgeMs } = this.#options;
    return (
      (maxMessagesPerConnection > 0 && slot.served >= maxMessagesPerConnection) ||
      (maxAgeMs > 0 && performance.now() - slot.openedAt >= maxAgeMs)
    );
  }

  #retire(slot: Slot): void {
    const { connection } = slot;
    this.#leaving.add(connection);
    void connection.quit().then(() => this.#leaving.delete(connection));
    this.#forget(slot);
  }

  #forget(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    if (!this.#slots.delete(slot)) return;
    if (this.#slots.size === 0) this.#raise();
    this.#serve();
  }

  #idleSlot(): Slot | undefined {
    for (const slot of this.#slots)
      if (slot.leases === 0 && slot.connection.usable && !this.#isSpent(slot)) return slot;
    return undefined;
  }

  #unusedSlot(): Slot | undefined {
    for (const slot of this.#slots) if (slot.served === 0 && slot.connection.usable) return slot;
    return undefined;
  }

  /** The least busy connection with a free place for one more message in flight. */
  #sharedSlot(): Slot | undefined {
    let best: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.leases >= this.#options.messagesInFlight || !slot.connection.usable || this.#isSpent(slot)) continue;
      if (!best || slot.leases < best.leases) best = slot;
    }
    return best;
  }

  #rateWait(): number {
    return this.#limiter ? this.#limiter.waitMs(performance.now()) : 0;
  }
}

/** For what is to run after the code that is running. */
const resolved = Promise.resolve();

/** What is known of a message that waits for a connection. */
const waiting = { phase: 'connect' } as const;

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

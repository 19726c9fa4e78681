/**
 * A connection in the pool, with its leases, its number of messages, its age, and its idle timer.
 * @module
 */
import type { SmtpConnection } from '../../connection/contract.js';
import type { EmailError } from '../../model/error.js';
import type { ResolvedPool } from '../../profile/resolve.js';
import { unrefTimer } from '../../util/timer.js';

/** The limits after which the pool closes a connection. 0 means no limit. */
export type SlotLimits = Pick<ResolvedPool, 'maxMessagesPerConnection' | 'maxAgeMs' | 'idleTimeoutMs'>;

export class Slot {
  readonly connection: SmtpConnection;
  /** Connections are numbered in the order in which the pool got them. */
  readonly number: number;
  /** Why the last message on it failed. */
  failure: EmailError | undefined;
  readonly #limits: SlotLimits;
  readonly #openedAt = performance.now();
  #leases = 0;
  #taken = 0;
  #resting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: SmtpConnection, number: number, limits: SlotLimits) {
    this.connection = connection;
    this.number = number;
    this.#limits = limits;
  }

  /** Number of messages that may be under way on it. */
  get leases(): number {
    return this.#leases;
  }

  /** Is it idle, with its timer running, without holding the process? */
  get resting(): boolean {
    return this.#resting;
  }

  /** Has it reached its number of messages or its age, so that it takes no further message? */
  get spent(): boolean {
    const { maxMessagesPerConnection, maxAgeMs } = this.#limits;
    return (
      (maxMessagesPerConnection > 0 && this.#taken >= maxMessagesPerConnection) ||
      (maxAgeMs > 0 && performance.now() - this.#openedAt >= maxAgeMs)
    );
  }

  /** Can it take another message, if at most `most` may be under way at once? */
  canTake(most: number): boolean {
    return this.#leases < most && this.connection.usable && !this.spent;
  }

  /** Counts a lease; a resting connection holds the process again. */
  take(): void {
    this.#leases++;
    this.#taken++;
    this.stop();
    if (this.#resting) this.connection.ref();
    this.#resting = false;
  }

  giveBack(): void {
    this.#leases--;
  }

  /**
   * Lets it idle without holding the process. `onOver` is called once it has idled for idleTimeoutMs or is maxAgeMs
   * old.
   */
  rest(onOver: () => void): void {
    this.#resting = true;
    this.connection.unref();
    const { maxAgeMs, idleTimeoutMs } = this.#limits;
    const left = maxAgeMs === 0 ? Infinity : this.#openedAt + maxAgeMs - performance.now();
    const wait = Math.min(left, idleTimeoutMs === 0 ? Infinity : idleTimeoutMs);
    if (wait !== Infinity) this.#timer = unrefTimer(setTimeout(onOver, Math.max(0, wait)));
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

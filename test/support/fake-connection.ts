/**
 * A connection without a server: transactions wait until the test answers them.
 * @module
 */
import { createEmailError } from '../../src/errors/email-error.js';
import type { Warning } from '../../src/model/reply.js';
import type { ContentCapabilities } from '../../src/model/transport.js';
import type { SmtpConnection, Transaction, TransactionOutcome } from '../../src/connection/contract.js';

export class FakeConnection implements SmtpConnection {
  usable = true;
  completed = 0;
  served = false;
  referenced = true;
  quits = 0;
  destroyed: Error | undefined;
  closeReason: Error | undefined;
  extensions: ReadonlyMap<string, readonly string[]> = new Map([['DSN', []]]);
  accepts: ContentCapabilities = { eightBitMime: true, binaryMime: false, smtpUtf8: false };
  readonly mechanism = undefined;
  readonly tls = undefined;
  warnings: readonly Warning[] = [];
  readonly transactions: {
    transaction: Transaction;
    resolve(outcome: TransactionOutcome): void;
    reject(error: Error): void;
  }[] = [];
  readonly #closeListeners: (() => void)[] = [];

  constructor(readonly id: number) {}

  get inFlight(): number {
    return this.transactions.length - this.completed;
  }

  transact(transaction: Transaction): Promise<TransactionOutcome> {
    return new Promise((resolve, reject) => {
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          this.completed++;
          this.served ||= !(value instanceof Error);
          settle(value);
        };
      this.transactions.push({ transaction, resolve: done(resolve), reject: done(reject) });
    });
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }

  quit(): Promise<undefined> {
    this.quits++;
    this.end();
    return Promise.resolve(undefined);
  }

  destroy(reason?: Error): void {
    this.destroyed = reason;
    this.closeReason ??= reason;
    for (const { reject } of this.transactions.slice(this.completed))
      reject(reason ?? createEmailError('ERR_CLOSED', 'destroyed'));
    this.end();
  }

  /** Ends as if the server had gone away. */
  end(): void {
    this.usable = false;
    for (const listener of this.#closeListeners.splice(0)) listener();
  }

  onClose(listener: () => void): void {
    this.#closeListeners.push(listener);
  }
}

/** An outcome for every recipient of a transaction. */
export function accepted(transaction: Transaction, more: Partial<TransactionOutcome> = {}): TransactionOutcome {
  return {
    accepted: transaction.envelope.to,
    rejected: [],
    deferred: [],
    reply: { code: 250, lines: ['queued'] },
    bytes: 10,
    ...more,
  };
}

/** Runs everything that is ready. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

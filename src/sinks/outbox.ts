/**
 * What waits to be written to a log.
 *
 * @module
 */

/** Bounds of an outbox. */
export interface OutboxLimits {
  readonly items: number;
  readonly bytes: number;
}

/** The default: some minutes of a busy mailer, and a bounded part of the memory. */
export const outboxLimits: OutboxLimits = { items: 10_000, bytes: 4 << 20 };

/** Bounded: the oldest items are dropped where there are too many, and counted. */
export class Outbox {
  readonly #limits: OutboxLimits;
  #items: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(limits: OutboxLimits = outboxLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Length of the oldest item; 0 where there is none. */
  get nextBytes(): number {
    return this.#items[0]?.length ?? 0;
  }

  /** How many were dropped since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  put(item: Buffer): void {
    this.#items.push(item);
    this.#bytes += item.length;
    this.#drop();
  }

  /** Takes the oldest, up to so many bytes in all, but one at least. */
  take(maxBytes: number): readonly Buffer[] {
    let count = 0;
    for (let bytes = 0; count < this.#items.length; count++) {
      bytes += this.#items[count]?.length ?? 0;
      if (bytes > maxBytes && count > 0) break;
    }
    const taken = this.#items.splice(0, count);
    for (const item of taken) this.#bytes -= item.length;
    return taken;
  }

  /** Puts back what was taken and not written. */
  restore(items: readonly Buffer[]): void {
    this.#items = [...items, ...this.#items];
    for (const item of items) this.#bytes += item.length;
    this.#drop();
  }

  #drop(): void {
    let count = 0;
    let bytes = this.#bytes;
    while (this.#items.length - count > this.#limits.items || bytes > this.#limits.bytes) {
      bytes -= this.#items[count]?.length ?? 0;
      count++;
    }
    if (count === 0) return;
    this.#items.splice(0, count);
    this.#bytes = bytes;
    this.#dropped += count;
  }
}

/**
 * A bounded queue of items that wait to be written to a log.
 * @module
 */

/** Bounds of an outbox. */
export interface OutboxLimits {
  readonly items: number;
  readonly bytes: number;
}

/** The default bounds: enough for the sends that a program starts at once, or some minutes of a busy mailer. */
export const outboxLimits: OutboxLimits = { items: 50_000, bytes: 8 << 20 };

/** Replaces an item that was taken or dropped. */
const gone = Buffer.alloc(0);
/** The most such gaps before the queue is compacted, which moves all items. */
const maxGaps = 1_000;

/** When it is full, the oldest items are dropped and counted. */
export class Outbox {
  readonly #limits: OutboxLimits;
  #items: Buffer[] = [];
  /** Index of the first item. */
  #first = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limits: OutboxLimits = outboxLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#items.length === this.#first;
  }

  /** Length of the oldest item; 0 if there is none. */
  get nextBytes(): number {
    return this.#items[this.#first]?.length ?? 0;
  }

  /** Number of dropped items since the last call. */
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

  /** Takes the oldest items, up to this many bytes in all, but at least one. */
  take(maxBytes: number): readonly Buffer[] {
    let end = this.#first;
    for (let bytes = 0; end < this.#items.length; end++) {
      bytes += this.#items[end]?.length ?? 0;
      if (bytes > maxBytes && end > this.#first) break;
    }
    const taken = this.#items.slice(this.#first, end);
    this.#leave(end);
    return taken;
  }

  /** Puts back items that were not written. */
  restore(items: readonly Buffer[]): void {
    this.#items = [...items, ...this.#items.slice(this.#first)];
    this.#first = 0;
    for (const item of items) this.#bytes += item.length;
    this.#drop();
  }

  #drop(): void {
    let end = this.#first;
    let bytes = this.#bytes;
    while (this.#items.length - end > this.#limits.items || bytes > this.#limits.bytes)
      bytes -= this.#items[end++]?.length ?? 0;
    this.#dropped += end - this.#first;
    if (end > this.#first) this.#leave(end);
  }

  /** Removes the items before `end`. */
  #leave(end: number): void {
    for (let at = this.#first; at < end; at++) {
      this.#bytes -= this.#items[at]?.length ?? 0;
      this.#items[at] = gone;
    }
    this.#first = end;
    if (end < maxGaps || end < this.#items.length / 2) return;
    this.#items.splice(0, end);
    this.#first = 0;
  }
}

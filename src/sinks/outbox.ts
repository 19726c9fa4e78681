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

/** The default: the sends that a program starts at once, or some minutes of a busy mailer, in a bounded part of the memory. */
export const outboxLimits: OutboxLimits = { items: 50_000, bytes: 8 << 20 };

/** Stands in the place of an item that was taken or dropped. */
const gone = Buffer.alloc(0);
/** So many such places, and as many as items wait, may stand before these: to close up moves all that wait. */
const maxGaps = 1_000;

/** Bounded: the oldest items are dropped where there are too many, and counted. */
export class Outbox {
  readonly #limits: OutboxLimits;
  #items: Buffer[] = [];
  /** Those before it are gone. */
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
    let end = this.#first;
    for (let bytes = 0; end < this.#items.length; end++) {
      bytes += this.#items[end]?.length ?? 0;
      if (bytes > maxBytes && end > this.#first) break;
    }
    const taken = this.#items.slice(this.#first, end);
    this.#leave(end);
    return taken;
  }

  /** Puts back what was taken and not written. */
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

  /** Lets go of the items up to `end`. */
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

/**
 * What sources gave, kept for a while in memory, so that a thousand messages do not ask a directory a thousand times.
 */

/** Options of the cache. */
export interface RecipientCacheOptions {
  /** Milliseconds; default 300 000. */
  readonly ttlMs?: number | undefined;
  /** Entries in all; default 10 000. The oldest go first. */
  readonly maxEntries?: number | undefined;
  /** For tests; default the clock that only goes forward. */
  readonly clock?: (() => number) | undefined;
}

interface Entry {
  readonly value: Promise<unknown>;
  /** Of the caller that asked first. */
  readonly signal: AbortSignal;
  readonly expires: number;
}

/** Held by whoever sends; one may serve any number of profiles. */
export class RecipientCache {
  readonly #entries = new Map<object, Map<string, Entry>>();
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  readonly #clock: () => number;
  #size = 0;

  constructor({ ttlMs = 300_000, maxEntries = 10_000, clock = () => performance.now() }: RecipientCacheOptions = {}) {
    this.#ttlMs = ttlMs;
    this.#maxEntries = maxEntries;
    this.#clock = clock;
  }

  /** What `load` gives for this source (by identity) and key. Asked for once at a time; errors, and what `keep` refuses, are not kept. */
  async remember<T>(
    source: object,
    key: string,
    signal: AbortSignal,
    load: () => Promise<T>,
    keep: (value: T) => boolean = () => true,
  ): Promise<T> {
    const known = this.#entries.get(source)?.get(key);
    if (known !== undefined && known.expires > this.#clock()) {
      try {
        return (await known.value) as T;
      } catch (error) {
        // Somebody else gave up waiting, by an abort or a deadline; this caller did not.
        if (known.signal.aborted && !signal.aborted) return this.remember(source, key, signal, load, keep);
        throw error;
      }
    }
    const entry: Entry = { value: load(), signal, expires: this.#clock() + this.#ttlMs };
    this.#set(source, key, entry);
    try {
      const value = (await entry.value) as T;
      if (!keep(value)) this.#drop(source, key, entry);
      return value;
    } catch (error) {
      this.#drop(source, key, entry);
      throw error;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#size = 0;
  }

  #set(source: object, key: string, entry: Entry): void {
    const entries = this.#entries.get(source) ?? new Map<string, Entry>();
    this.#entries.set(source, entries);
    if (!entries.delete(key)) this.#size++;
    entries.set(key, entry);
    while (this.#size > this.#maxEntries) this.#dropOldest();
  }

  #dropOldest(): void {
    const [source, entries] = this.#entries.entries().next().value ?? [];
    const key = entries?.keys().next().value;
    if (source === undefined || entries === undefined || key === undefined) return;
    this.#drop(source, key, entries.get(key));
  }

  #drop(source: object, key: string, entry: Entry | undefined): void {
    const entries = this.#entries.get(source);
    if (entries === undefined || entries.get(key) !== entry) return;
    entries.delete(key);
    this.#size--;
    if (entries.size === 0) this.#entries.delete(source);
  }
}

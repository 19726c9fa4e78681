/**
 * Caches answers of sources in memory, so that a thousand messages do not query a directory a thousand times.
 * @module
 */
import { BoundedMap } from '../../async/bounded-map.js';
import { SharedWork } from '../../async/shared-work.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** Options of the cache. */
export interface RecipientCacheOptions {
  /** Milliseconds; default 300 000. */
  readonly ttlMs?: number | undefined;
  /** The most entries; default 10 000. Beyond that, the least recently used entry is removed. */
  readonly maxEntries?: number | undefined;
  /** Replaced in tests; default: a monotonic clock. */
  readonly clock?: (() => number) | undefined;
}

interface Entry {
  readonly value: unknown;
  readonly expires: number;
}

/** Held by the sender. One cache may serve any number of profiles. */
export class RecipientCache {
  readonly #entries: BoundedMap<string, Entry>;
  readonly #loading = new SharedWork();
  /** Numbers for sources, by identity. */
  readonly #sources = new WeakMap<object, number>();
  #sourceCount = 0;
  readonly #ttlMs: number;
  readonly #clock: () => number;

  constructor(options: RecipientCacheOptions = {}) {
    const { ttlMs = 300_000, maxEntries = 10_000, clock = () => performance.now() } = withoutPrototype(options);
    this.#entries = new BoundedMap(maxEntries);
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  /**
   * The answer of `load` for this source (by identity) and key. Concurrent callers share one `load`, whose signal
   * aborts when all of them have aborted. Errors are not cached, nor are answers that `keep` refuses.
   */
  async remember<T>(
    source: object,
    key: string,
    signal: AbortSignal | undefined,
    load: (signal: AbortSignal) => Promise<T>,
    keep: (value: T) => boolean = () => true,
  ): Promise<T> {
    const place = `${this.#numberOf(source)} ${key}`;
    const known = this.#entries.get(place);
    if (known !== undefined && known.expires > this.#clock()) return known.value as T;
    return await this.#loading.run(place, signal, async (shared) => {
      const expires = this.#clock() + this.#ttlMs;
      const value = await load(shared);
      if (keep(value)) this.#entries.set(place, { value, expires });
      else this.#entries.delete(place);
      return value;
    });
  }

  #numberOf(source: object): number {
    const number = this.#sources.get(source) ?? this.#sourceCount++;
    this.#sources.set(source, number);
    return number;
  }
}

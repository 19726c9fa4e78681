/**
 * The circuit of a server: it rests after a connection could not be set up, and is then probed by one message at a time.
 * @module
 */
import { withDetails } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { ResolvedRetry } from '../../profile/resolve.js';
import { delayAfter } from './delays.js';
import type { Chance } from './delays.js';

/** The permission of one attempt. Give it back exactly once, by `leave`. */
export interface Visit {
  readonly isProbe: boolean;
  /** The state of the circuit when the attempt began. */
  readonly epoch: number;
}

/**
 * The result of an attempt for its server: it works; nothing is known; or the connection failed. `isFault` means that
 * the profile or the server's certificate is wrong, which waiting does not change.
 */
export type Finding = 'works' | 'nothing' | { readonly error: EmailError; readonly isFault: boolean };

export class Circuit {
  readonly #times: ResolvedRetry;
  readonly #chance: Chance;
  readonly #changed: () => void;
  /** Failures in a row; 0 while the server works. */
  #failures = 0;
  #restsUntil = 0;
  #isProbed = false;
  /** Grows with each change, so that attempts that began before it say nothing. */
  #epoch = 0;
  #latest: { readonly error: EmailError; readonly isFault: boolean } | undefined;

  /** `changed` is called when a waiting message should look again. */
  constructor(times: ResolvedRetry, chance: Chance, changed: () => void) {
    this.#times = times;
    this.#chance = chance;
    this.#changed = changed;
  }

  /** Milliseconds until an attempt may begin: 0 now, Infinity while a probe is under way. */
  waitMs(now: number): number {
    if (this.#failures === 0) return 0;
    return this.#isProbed ? Infinity : Math.max(0, this.#restsUntil - now);
  }

  get isProbed(): boolean {
    return this.#isProbed;
  }

  /** Number of all changes. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A copy of the error after which the server rests. */
  get failure(): EmailError | undefined {
    return this.#latest && withDetails(this.#latest.error, {});
  }

  /** The same, if it is a fault. */
  get fault(): EmailError | undefined {
    return this.#latest?.isFault === true ? this.#latest.error : undefined;
  }

  enter(): Visit {
    const isProbe = this.#failures > 0;
    if (isProbe) this.#isProbed = true;
    return { isProbe, epoch: this.#epoch };
  }

  leave({ isProbe, epoch }: Visit, finding: Finding): void {
    if (epoch !== this.#epoch) return;
    if (isProbe) this.#isProbed = false;
    if (finding === 'works') this.reset();
    else if (finding !== 'nothing') this.#fail(finding);
    else if (isProbe) this.#changed();
  }

  /** The server works. */
  reset(): void {
    if (this.#failures === 0) return;
    this.#epoch++;
    this.#failures = 0;
    this.#isProbed = false;
    this.#latest = undefined;
    this.#changed();
  }

  #fail(latest: { readonly error: EmailError; readonly isFault: boolean }): void {
    this.#epoch++;
    this.#failures++;
    this.#latest = latest;
    const restMs = latest.isFault ? this.#times.maxMs : delayAfter(this.#failures, this.#times, this.#chance);
    this.#restsUntil = performance.now() + restMs;
    this.#changed();
  }
}

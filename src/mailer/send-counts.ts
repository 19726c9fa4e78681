/**
 * Counts the sends of a mailer by outcome.
 * @module
 */
import type { EmailError } from '../model/error.js';
import type { FailedSends } from '../model/mailer.js';

/** Counts sends. The cost is a few additions per message. */
export class SendCounts {
  #inFlight = 0;
  #sent = 0;
  readonly #failed = new Map<
    string,
    { readonly code: EmailError['code']; readonly delivery: EmailError['delivery']; count: number }
  >();

  get inFlight(): number {
    return this.#inFlight;
  }

  get sent(): number {
    return this.#sent;
  }

  /** A copy, in the order in which each kind of failure first occurred. */
  get failed(): readonly FailedSends[] {
    return [...this.#failed.values()].map((entry) => ({ ...entry }));
  }

  begin(): void {
    this.#inFlight++;
  }

  succeeded(): void {
    this.#sent++;
  }

  failedWith({ code, delivery }: EmailError): void {
    const key = `${code} ${delivery}`;
    const known = this.#failed.get(key);
    if (known === undefined) this.#failed.set(key, { code, delivery, count: 1 });
    else known.count++;
  }

  end(): void {
    this.#inFlight--;
  }
}

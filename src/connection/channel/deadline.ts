/**
 * A deadline that moves often. Deadlines move with every reply, so the timer is left to run and only looks, when it fires, whether the
 * deadline of that moment has passed.
 *
 * @module
 */

/** One deadline, and its timer. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #firesAt = 0;
  #at = Infinity;
  #name = '';
  readonly #onPassed: (name: string) => void;

  constructor(onPassed: (name: string) => void) {
    this.#onPassed = onPassed;
  }

  /** Starts anew from now; 0 is no limit. `name` is the setting, for the error. */
  set(name: string, milliseconds: number): void {
    this.#name = name;
    if (milliseconds === 0) {
      this.#at = Infinity;
      return;
    }
    this.#at = performance.now() + milliseconds;
    if (this.#timer !== undefined && this.#firesAt <= this.#at) this.#timer.ref();
    else this.#start(milliseconds);
  }

  /** Nothing is awaited; the timer holds no process. */
  clear(): void {
    this.#at = Infinity;
    this.#timer?.unref();
  }

  /** It goes on, and does not hold the process until it is set anew. */
  unref(): void {
    this.#timer?.unref();
  }

  /** For good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = Infinity;
  }

  #start(milliseconds: number): void {
    clearTimeout(this.#timer);
    // A longer delay would fire at once.
    const delay = Math.min(Math.ceil(milliseconds), 0x7fffffff);
    this.#firesAt = performance.now() + delay;
    this.#timer = setTimeout(() => this.#look(), delay);
  }

  #look(): void {
    const held = this.#timer?.hasRef();
    this.#timer = undefined;
    if (this.#at === Infinity) return;
    const left = this.#at - performance.now();
    if (left > 0) {
      this.#start(left);
      if (held === false) this.unref();
      return;
    }
    this.#at = Infinity;
    this.#onPassed(this.#name);
  }
}

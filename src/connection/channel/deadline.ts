/**
 * A deadline that is moved often, with every reply. Its timer is left running; when it fires, it checks whether the
 * current deadline has passed.
 * @module
 */
import { refTimer, timerIsRef, unrefTimer } from '../../util/timer.js';

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

  /** Sets the deadline from now; 0 means no limit. `name` is the setting, for the error. */
  set(name: string, milliseconds: number): void {
    this.#name = name;
    if (milliseconds === 0) {
      this.#at = Infinity;
      return;
    }
    this.#at = performance.now() + milliseconds;
    if (this.#timer !== undefined && this.#firesAt <= this.#at) refTimer(this.#timer);
    else this.#start(milliseconds);
  }

  /** Removes the deadline. The timer does not hold the process. */
  clear(): void {
    this.#at = Infinity;
    this.unref();
  }

  /** Keeps the deadline, but lets the process end until it is set again. */
  unref(): void {
    if (this.#timer !== undefined) unrefTimer(this.#timer);
  }

  /** Stops the timer for good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = Infinity;
  }

  #start(milliseconds: number): void {
    clearTimeout(this.#timer);
    // Node fires at once for a longer delay.
    const delay = Math.min(Math.ceil(milliseconds), 0x7fffffff);
    this.#firesAt = performance.now() + delay;
    this.#timer = setTimeout(() => this.#look(), delay);
  }

  #look(): void {
    const held = this.#timer === undefined || timerIsRef(this.#timer);
    this.#timer = undefined;
    if (this.#at === Infinity) return;
    const left = this.#at - performance.now();
    if (left > 0) {
      this.#start(left);
      if (!held) this.unref();
      return;
    }
    this.#at = Infinity;
    this.#onPassed(this.#name);
  }
}

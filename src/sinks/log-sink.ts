/**
 * The interface of log sinks, and helpers for all of them.
 * @module
 */
import type { LogEvent, LogLevel } from '../model/log.js';
import type { Warning } from '../model/reply.js';

/** Writes events somewhere. */
export interface LogSink {
  /** Takes an event. Never throws and never waits. */
  write(event: LogEvent): void;
  /** Resolves once everything was written, or cannot be written. Never rejects. */
  close(): Promise<void>;
}

/** Reports a log that fails. */
export type Complain = (warning: Warning) => void;

const levels: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];

/** Is an event of this level written with this `limit`? */
export function isWanted(level: LogLevel, limit: LogLevel): boolean {
  return levels.indexOf(level) <= levels.indexOf(limit);
}

/** Reports a failure once, until it works again. */
export class FailureReport {
  readonly #complain: Complain;
  #failing = false;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  failed(message: string): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#complain({ code: 'WARN_LOG', message });
  }

  works(): void {
    this.#failing = false;
  }
}

/**
 * The logs of a profile (`logging`). The code of the sinks is loaded at the first event; events are held until then.
 * @module
 */
import { reasonOf } from '../errors/email-error.js';
import type { LogEvent, LoggingSettings } from '../model/log.js';
import type { Warning } from '../model/reply.js';
import type { LoadClientIdentity } from '../net/tls-identity.js';
import type { LogSink } from '../sinks/log-sink.js';

/** The most events that are held while the code is loaded, which takes milliseconds. */
const maxHeld = 50_000;

export class ProfileLogs {
  readonly #load: () => Promise<readonly LogSink[]>;
  readonly #complain: (warning: Warning) => void;
  #sinks: readonly LogSink[] | undefined;
  #loading: Promise<void> | undefined;
  #held: LogEvent[] = [];
  /** Events for which there was no room. */
  #dropped = 0;
  #closing: Promise<void> | undefined;

  constructor(settings: LoggingSettings, loadClientIdentity: LoadClientIdentity, complain: (warning: Warning) => void) {
    this.#load = async () => {
      const { createLogSinks } = await import('../sinks/log-sinks.js');
      return createLogSinks(settings, loadClientIdentity, complain);
    };
    this.#complain = complain;
  }

  readonly write = (event: LogEvent): void => {
    if (this.#sinks !== undefined) for (const sink of this.#sinks) sink.write(event);
    else {
      if (this.#held.length < maxHeld) this.#held.push(event);
      else this.#dropped++;
      this.#loading ??= this.#begin();
    }
  };

  /** Writes all events so far, then closes the sinks. Never rejects. */
  close(): Promise<void> {
    return (this.#closing ??= (async () => {
      await this.#loading;
      await Promise.all((this.#sinks ?? []).map((sink) => sink.close()));
    })());
  }

  async #begin(): Promise<void> {
    try {
      this.#sinks = await this.#load();
    } catch (cause) {
      this.#sinks = [];
      this.#complain({ code: 'WARN_LOG', message: `The logs of the profile cannot be written: ${reasonOf(cause)}` });
    }
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.write(event);
    if (this.#dropped > 0)
      this.#complain({
        code: 'WARN_LOG',
        message:
          `${this.#dropped} events are missing in the logs of the profile: they occurred before its logs were ` +
          `loaded, while ${maxHeld} others were waiting.`,
      });
  }
}

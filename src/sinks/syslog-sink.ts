/**
 * A syslog server as a log. Neither mail nor the end of the process ever waits for it.
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import { reasonOf } from '../errors/email-error.js';
import type { LogEvent, LogLevel } from '../model/log.js';
import type { LogLink, LogLinkEvents } from '../net/log-link.js';
import { showText } from '../util/show.js';
import { FailureReport, isWanted } from './log-sink.js';
import type { Complain, LogSink } from './log-sink.js';
import { Outbox } from './outbox.js';
import type { OutboxLimits } from './outbox.js';
import type { SyslogFormat } from './syslog-message.js';

/** The parts of a syslog sink; tests replace the clock. */
export interface SyslogSinkParts {
  /** The server's name in warnings, such as `syslog.example.com:514`. */
  readonly place: string;
  readonly level: LogLevel;
  readonly maxMessageBytes: number;
  readonly format: SyslogFormat;
  readonly open: (events: LogLinkEvents, signal: AbortSignal) => Promise<LogLink>;
  readonly limits?: OutboxLimits | undefined;
  readonly now: () => number;
  /** Calls back after a time, without holding the process. */
  readonly later: (act: () => void, ms: number) => NodeJS.Timeout;
}

/** Messages written this shortly before a connection ended may not have been read, and are sent again. */
const doubtMs = 5_000;
/** The most messages that are sent again. */
const maxDoubtful = 1_000;
/** The most repeats: a server that accepts connections but no messages must not get the same ones for ever. */
const maxRepeats = 5;
/** The first pause before another attempt; it doubles each time. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
/** An attempt to connect ends after this time. */
const openMs = 10_000;
/** The longest time that close() waits for pending messages. */
const closeMs = 400;

interface Sent {
  readonly at: number;
  readonly message: Buffer;
}

export class SyslogSink implements LogSink {
  readonly #parts: SyslogSinkParts;
  readonly #outbox: Outbox;
  readonly #report: FailureReport;
  #link: LogLink | undefined;
  #opening: AbortController | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pauseMs = firstPauseMs;
  #linkedAt = 0;
  /** True until the link reports that it has drained. */
  #isFull = false;
  #sent: Sent[] = [];
  readonly #repeats = new WeakMap<Buffer, number>();
  #closed = false;
  #saidGoodbye = false;
  /** Called after each change while close() waits. */
  #changed = (): void => undefined;

  constructor(parts: SyslogSinkParts, complain: Complain) {
    this.#parts = parts;
    this.#outbox = new Outbox(parts.limits);
    this.#report = new FailureReport(complain);
  }

  write(event: LogEvent): void {
    const { level, format, maxMessageBytes } = this.#parts;
    if (this.#closed || !isWanted(event.level, level)) return;
    this.#outbox.put(format.message(event, maxMessageBytes));
    this.#pump();
  }

  /** Waits a moment for a connected server to take pending messages, and not at all otherwise. */
  async close(): Promise<void> {
    this.#closed = true;
    const isAway = (): boolean => this.#link === undefined && this.#opening === undefined;
    if (!isAway()) {
      await new Promise<void>((resolve) => {
        // This timer holds the process, because close() waits for it.
        const timer = setTimeout(resolve, closeMs);
        this.#changed = () => {
          if (isAway()) {
            clearTimeout(timer);
            resolve();
          } else if (!this.#saidGoodbye && this.#outbox.isEmpty && this.#link?.isDrained === true) {
            this.#saidGoodbye = true;
            this.#link.close();
          }
        };
        this.#changed();
      });
    }
    clearTimeout(this.#retry);
    this.#opening?.abort();
    this.#link?.destroy();
  }

  /** Writes pending messages, and connects if there is no connection. */
  #pump(): void {
    if (this.#link === undefined) {
      if (this.#opening === undefined && this.#retry === undefined && !this.#outbox.isEmpty) this.#open();
      return;
    }
    const dropped = this.#isFull ? 0 : this.#outbox.takeDropped();
    if (dropped > 0)
      this.#send(this.#parts.format.notice('warning', `${dropped} events are missing: they could not be sent`));
    while (!this.#isFull && this.#link !== undefined && !this.#outbox.isEmpty)
      for (const message of this.#outbox.take(0)) this.#send(message);
    this.#changed();
  }

  #send(message: Buffer): void {
    const at = this.#parts.now();
    this.#sent.push({ at, message });
    if (this.#sent.length > 2 * maxDoubtful) this.#sent = this.#doubtful();
    this.#isFull = this.#link?.send(message) === false;
  }

  #doubtful(): Sent[] {
    const since = this.#parts.now() - doubtMs;
    return this.#sent.slice(-maxDoubtful).filter(({ at }) => at >= since);
  }

  #open(): void {
    const opening = createAbortController();
    this.#opening = opening;
    const limit = this.#parts.later(() => opening.abort(new Error('it did not answer in time')), openMs);
    let ending: { readonly reason: Error } | undefined;
    const events: LogLinkEvents = {
      drained: () => {
        this.#isFull = false;
        this.#pump();
      },
      ended: (reason = new Error('it closed the connection')) => {
        // A server that answers the close has read everything.
        if (this.#saidGoodbye) this.#sent = [];
        ending = { reason };
        // A link can end before it has been returned.
        if (this.#opening !== opening) this.#ended(reason);
      },
    };
    this.#parts
      .open(events, opening.signal)
      .finally(() => {
        clearTimeout(limit);
        this.#opening = undefined;
      })
      .then(
        (link) => {
          if (ending !== undefined) return this.#ended(ending.reason);
          this.#link = link;
          this.#isFull = false;
          this.#linkedAt = this.#parts.now();
          this.#pump();
        },
        (cause: unknown) => this.#ended(cause),
      );
  }

  #ended(cause: unknown): void {
    // Only a link that lasted proves that the server was there: by UDP every link seems to work at first.
    if (this.#link !== undefined && this.#parts.now() - this.#linkedAt >= doubtMs) {
      this.#pauseMs = firstPauseMs;
      this.#report.works();
    }
    this.#link = undefined;
    this.#repeatDoubtful();
    if (!this.#outbox.isEmpty) {
      // The pause is set first, because the warning comes back here as an event.
      if (!this.#closed) this.#tryAgainLater();
      this.#report.failed(
        `The syslog server ${this.#parts.place} cannot be reached (${showText(reasonOf(cause), 200)}). Sending ` +
          'continues; events wait, and the oldest are dropped if there are too many.',
      );
    }
    this.#changed();
  }

  #tryAgainLater(): void {
    this.#retry = this.#parts.later(() => {
      this.#retry = undefined;
      this.#pump();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  #repeatDoubtful(): void {
    const again: Buffer[] = [];
    for (const { message } of this.#doubtful()) {
      const repeats = this.#repeats.get(message) ?? 0;
      if (repeats >= maxRepeats) continue;
      this.#repeats.set(message, repeats + 1);
      again.push(message);
    }
    this.#sent = [];
    this.#outbox.restore(again);
  }
}

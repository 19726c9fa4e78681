/**
 * The log of the operating system, through the system's program: `logger` on Unix, PowerShell on Windows. One run
 * writes up to 64 KiB of pending events, on Unix those of one level. They are passed by standard input, never as
 * arguments, which other users can read.
 * @module
 */
import { formatLogText } from '../logging/format.js';
import type { LogEvent, LogLevel } from '../model/log.js';
import type { Program, ProgramOutcome } from '../system/run-program.js';
import { showText } from '../util/show.js';
import { FailureReport, isWanted } from './log-sink.js';
import type { Complain, LogSink } from './log-sink.js';
import { Outbox } from './outbox.js';
import { windowsEventArguments, windowsEventInput } from './windows-events.js';
import { jsonText } from '../util/own.js';

/** A pending event. */
interface Entry {
  readonly level: LogLevel;
  readonly text: string;
}

/** The parts of a sink for the system's log. */
export interface SystemLogParts {
  readonly platform: NodeJS.Platform;
  /** Names the program in the log. */
  readonly source: string;
  readonly level: LogLevel;
  readonly run: (program: Program) => Promise<ProgramOutcome>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** The most bytes of entries in one run. */
const batchBytes = 64 * 1024;
/** `logger` of util-linux splits longer ones (RFC 3164: 1024 octets for the whole message). */
const maxTextLength = 900;
const longestRunMs = 30_000;
/** close() waits for its last run this long. */
const lastRunMs = 10_000;
/** The pause after a failed run; it doubles each time. There may be thousands of events, and each run is a process. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
const maxOutputBytes = 64 * 1024;
/** Priorities of syslog(3). */
const priorities: Readonly<Record<LogLevel, string>> = {
  error: 'mail.err',
  warning: 'mail.warning',
  info: 'mail.info',
  debug: 'mail.debug',
};

export class SystemLogSink implements LogSink {
  readonly #parts: SystemLogParts;
  readonly #outbox = new Outbox();
  readonly #report: FailureReport;
  #writing: Promise<void> | undefined;
  #closed = false;
  #pauseMs = firstPauseMs;
  /** The longest time of a run. */
  #runMs = longestRunMs;
  /** No program is run before this time. */
  #notBefore = -Infinity;

  constructor(parts: SystemLogParts, complain: Complain) {
    this.#parts = parts;
    this.#report = new FailureReport(complain);
  }

  write(event: LogEvent): void {
    if (this.#closed || !isWanted(event.level, this.#parts.level)) return;
    const text = formatLogText(event);
    this.#put({ level: event.level, text: text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text });
    this.#start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    // Events that a failure held back are tried once more, without the pause after it: no later event will do so.
    this.#notBefore = -Infinity;
    this.#runMs = lastRunMs;
    this.#start();
    await this.#writing;
  }

  #start(): void {
    if (this.#outbox.isEmpty || this.#parts.now() < this.#notBefore) return;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  #put(entry: Entry): void {
    this.#outbox.put(Buffer.from(jsonText(entry)));
  }

  /** Writes until the outbox is empty or a run fails; the first event after the pause then tries again. */
  async #writeAll(): Promise<void> {
    await undefined;
    while (!this.#outbox.isEmpty) {
      const dropped = this.#outbox.takeDropped();
      if (dropped > 0)
        this.#put({ level: 'warning', text: `- ${dropped} earlier events are missing: they could not be written` });
      const batch = this.#outbox.take(batchBytes);
      const rest = await this.#writeBatch(batch);
      if (rest.length > 0) {
        this.#outbox.restore(rest);
        this.#notBefore = this.#parts.now() + this.#pauseMs;
        this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
        return;
      }
      this.#pauseMs = firstPauseMs;
      this.#report.works();
    }
  }

  /** Writes a batch and returns the part that could not be written. */
  async #writeBatch(batch: readonly Buffer[]): Promise<readonly Buffer[]> {
    const { platform, source } = this.#parts;
    const entries = batch.map((item): Entry => JSON.parse(item.toString('utf8')));
    if (platform === 'win32') {
      const written = await this.#run({
        program: 'powershell.exe',
        args: windowsEventArguments,
        input: windowsEventInput(source, entries),
      });
      return written ? [] : batch;
    }
    for (let at = 0; at < entries.length;) {
      const level = entries[at]?.level ?? 'info';
      let end = at;
      while (entries[end]?.level === level) end++;
      const lines = entries.slice(at, end).map(({ text }) => `${text}\n`);
      // -i would name the process of `logger`. Each line of standard input is a message.
      const written = await this.#run({
        program: 'logger',
        args: ['-t', `${source}[${process.pid}]`, '-p', priorities[level]],
        input: lines.join(''),
      });
      if (!written) return batch.slice(at);
      at = end;
    }
    return [];
  }

  async #run(program: Pick<Program, 'program' | 'args' | 'input'>): Promise<boolean> {
    const timeoutMs = this.#runMs;
    const outcome = await this.#parts.run({ ...program, timeoutMs, maxOutputBytes });
    if (outcome.end === 'exit' && outcome.code === 0) return true;
    this.#report.failed(
      `The system's log cannot be written: ${program.program} ${failureOf(outcome, timeoutMs)}. Sending continues; ` +
        'the newest events are kept and written when the log works again.',
    );
    return false;
  }
}

function failureOf(outcome: ProgramOutcome, timeoutMs: number): string {
  switch (outcome.end) {
    case 'exit':
      return `ended with ${outcome.code}${outcome.stderr === '' ? '' : ` (${showText(outcome.stderr.trim(), 200)})`}`;
    case 'missing':
      return 'is not installed';
    case 'not-started':
      return 'could not be started';
    case 'timeout':
      return `did not end within ${timeoutMs / 1000} s`;
    case 'output':
      return 'wrote too much';
    case 'killed':
      return `was ended by ${outcome.by}`;
  }
}

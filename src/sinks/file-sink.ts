/**
 * A log file: one line per event, in the order of events, even if other programs move or delete the file.
 * @module
 */
import { isEmailError, reasonOf } from '../errors/email-error.js';
import { formatLogEvent } from '../logging/format.js';
import type { LogEvent, LogLevel } from '../model/log.js';
import { AppendFile, PartlyWritten } from '../system/append-file.js';
import { errorCode } from '../util/error-code.js';
import { showText } from '../util/show.js';
import { FailureReport, isWanted } from './log-sink.js';
import type { Complain, LogSink } from './log-sink.js';
import { Outbox } from './outbox.js';
import { Rotation } from './rotation.js';
import type { RotationSettings } from './rotation.js';

/** Settings of a log file. */
export interface FileSinkSettings {
  /** Absolute path. */
  readonly path: string;
  readonly level: LogLevel;
  /** Absent: the file grows without limit. */
  readonly rotation?: RotationSettings | undefined;
}

/** The most bytes of one write. */
const batchBytes = 64 * 1024;

export class FileSink implements LogSink {
  readonly #level: LogLevel;
  readonly #file: AppendFile;
  readonly #rotation: Rotation | undefined;
  readonly #outbox = new Outbox();
  readonly #report: FailureReport;
  readonly #rotationReport: FailureReport;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor({ path, level, rotation }: FileSinkSettings, complain: Complain) {
    this.#level = level;
    this.#file = new AppendFile(path);
    this.#rotation = rotation && new Rotation(this.#file, rotation);
    this.#report = new FailureReport(complain);
    this.#rotationReport = new FailureReport(complain);
  }

  write(event: LogEvent): void {
    if (this.#closed || !isWanted(event.level, this.#level)) return;
    this.#outbox.put(Buffer.from(`${formatLogEvent(event)}\n`));
    void this.#start();
  }

  /** Resolves once everything was written, or an attempt was made. */
  async flush(): Promise<void> {
    await this.#writing;
    // Lines that a full disk held back are tried again.
    if (!this.#outbox.isEmpty) await this.#start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    await this.#file.close();
  }

  #start(): Promise<void> {
    return (this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined)));
  }

  /** Writes until the outbox is empty or a write fails; the next event then tries again. */
  async #writeAll(): Promise<void> {
    // All events of this turn are written together.
    await undefined;
    while (!this.#outbox.isEmpty) {
      let batch: readonly Buffer[] = [];
      try {
        const room = await this.#room();
        const dropped = this.#outbox.takeDropped();
        batch = [...(dropped === 0 ? [] : [droppedLine(dropped)]), ...this.#outbox.take(Math.min(room, batchBytes))];
        await this.#file.append(batch);
        this.#report.works();
      } catch (error) {
        const [rest, cause] = error instanceof PartlyWritten ? [error.rest, error.cause] : [batch, error];
        this.#outbox.restore(rest);
        this.#fail(
          this.#report,
          `cannot be written (${shortReason(cause)}). Sending continues; the newest events are kept until the file can be written`,
        );
        await this.#file.close();
        return;
      }
    }
  }

  /** Opens the file and returns the bytes for which it has room, after rotating a full one. */
  async #room(): Promise<number> {
    const size = await this.#file.open();
    const rotation = this.#rotation;
    if (rotation === undefined) return batchBytes;
    if (size === 0 || size + this.#outbox.nextBytes <= rotation.maxBytes) return rotation.maxBytes - size;
    if (rotation.rests) return batchBytes;
    try {
      await rotation.rotate();
      this.#rotationReport.works();
    } catch (error) {
      // A file over its limit is better than no log.
      this.#fail(this.#rotationReport, `cannot be rotated (${shortReason(error)}) and grows`);
      return batchBytes;
    }
    await this.#file.open();
    return rotation.maxBytes;
  }

  #fail(report: FailureReport, what: string): void {
    report.failed(`The log file ${showText(this.#file.path, 200)} ${what}.`);
  }
}

function droppedLine(count: number): Buffer {
  return Buffer.from(
    `${new Date().toISOString()} warning - ${count} earlier events are missing: they could not be written\n`,
  );
}

function shortReason(error: unknown): string {
  return isEmailError(error) ? error.message : errorCode(error) || reasonOf(error);
}

/**
 * A log file: one line an event, in the order of the events, whatever happens to the file.
 *
 * @module
 */
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

/** Where and what to write. */
export interface FileSinkSettings {
  /** Absolute. */
  readonly path: string;
  readonly level: LogLevel;
  /** Absent: the file grows. */
  readonly rotation?: RotationSettings | undefined;
}

/** The lines of one write. */
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

  /** Resolves when everything that was written is in the file, or was tried. */
  async flush(): Promise<void> {
    await this.#writing;
    // What a full disk has held back gets another chance.
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

  /** Until nothing waits, or a write fails: the next event then tries again. */
  async #writeAll(): Promise<void> {
    // All events of this turn go in one write.
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
          `cannot be written (${reasonOf(cause)}). Mail goes on; the newest events are kept until it can be`,
        );
        await this.#file.close();
        return;
      }
    }
  }

  /** Opens the file and gives the bytes that it has room for, after a rotation where it is full. */
  async #room(): Promise<number> {
    const size = await this.#file.open();
    const rotation = this.#rotation;
    if (rotation === undefined) return batchBytes;
    if (size === 0 || size + this.#outbox.nextBytes <= rotation.maxBytes) return rotation.maxBytes - size;
    try {
      await rotation.rotate();
      this.#rotationReport.works();
    } catch (error) {
      // Too long a file is better than no log.
      this.#fail(this.#rotationReport, `cannot be rotated (${reasonOf(error)}) and grows`);
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

function reasonOf(error: unknown): string {
  return errorCode(error) || 'for an unknown reason';
}

/**
 * Rotation of a log file: `log` becomes `log.1`, `log.1` becomes `log.2`, and the last one is removed.
 * @module
 */
import { rename } from 'node:fs/promises';
import { joinSignals } from '../async/deadline-signal.js';
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { AppendFile } from '../system/append-file.js';
import { ProcessLock } from '../system/lock.js';
import { unless } from '../util/error-code.js';

/** The limits of rotation. */
export interface RotationSettings {
  /** The length of a full file. */
  readonly maxBytes: number;
  /** Number of full files to keep besides the current one. */
  readonly maxFiles: number;
}

/** The longest wait for another process that rotates. It has a few renames to do, unless it is stopped. */
const lockWaitMs = 5_000;
/** After such a wait the file grows for so long: events are not to wait again and again. */
const restMs = 60_000;

/** One process at a time rotates, and only if no other process has already rotated the file. */
export class Rotation {
  readonly maxBytes: number;
  readonly #file: AppendFile;
  readonly #maxFiles: number;
  readonly #lock: ProcessLock;
  #restsUntil = -Infinity;

  constructor(file: AppendFile, { maxBytes, maxFiles }: RotationSettings) {
    this.maxBytes = maxBytes;
    this.#file = file;
    this.#maxFiles = maxFiles;
    this.#lock = new ProcessLock(`${file.path}.lock`);
  }

  /** Is there no attempt to be made for now? */
  get rests(): boolean {
    return performance.now() < this.#restsUntil;
  }

  /**
   * Renames the open file, unless it has been renamed meanwhile. Other processes write to it until their next look at
   * the path.
   */
  async rotate(): Promise<void> {
    const waiting = joinSignals([], { ms: lockWaitMs, passed: () => this.#locked() });
    try {
      await this.#lock.run(async () => {
        waiting.dispose();
        await this.#rename();
      }, waiting.signal);
    } finally {
      waiting.dispose();
    }
  }

  async #rename(): Promise<void> {
    if (!(await this.#file.isInPlace())) return;
    const { path } = this.#file;
    for (let number = this.#maxFiles - 1; number >= 1; number--)
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(unless('ENOENT', undefined));
    await rename(path, `${path}.1`);
  }

  #locked(): EmailError {
    this.#restsUntil = performance.now() + restMs;
    return createEmailError('ERR_TIMEOUT', `another process has held its lock for ${lockWaitMs / 1000} s`);
  }
}

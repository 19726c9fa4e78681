/**
 * Rotation of a log file: `log` becomes `log.1`, `log.1` becomes `log.2`, and the last one goes.
 *
 * @module
 */
import { rename } from 'node:fs/promises';
import type { AppendFile } from '../system/append-file.js';
import { ProcessLock } from '../system/lock.js';
import { unless } from '../util/error-code.js';

/** When to rotate, and how much to keep. */
export interface RotationSettings {
  /** A file of this length is full. */
  readonly maxBytes: number;
  /** Full files that are kept beside the one that is written. */
  readonly maxFiles: number;
}

/** One process at a time rotates, and none rotates a file that another has rotated already. */
export class Rotation {
  readonly maxBytes: number;
  readonly #file: AppendFile;
  readonly #maxFiles: number;
  readonly #lock: ProcessLock;

  constructor(file: AppendFile, { maxBytes, maxFiles }: RotationSettings) {
    this.maxBytes = maxBytes;
    this.#file = file;
    this.#maxFiles = maxFiles;
    this.#lock = new ProcessLock(`${file.path}.lock`);
  }

  /** Moves the open file out of the way, unless it was moved meanwhile. Other processes write to it until their next look at the path. */
  async rotate(): Promise<void> {
    await this.#lock.run(async () => {
      if (!(await this.#file.isInPlace())) return;
      const { path } = this.#file;
      for (let number = this.#maxFiles - 1; number >= 1; number--)
        await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(unless('ENOENT', undefined));
      await rename(path, `${path}.1`);
    });
  }
}

/**
 * Rotation of a log file: `log` becomes `log.1`, `log.1` becomes `log.2`, and the last one is removed.
 * @module
 */
import { rename } from 'node:fs/promises';
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

/** One process at a time rotates, and only if no other process has already rotated the file. */
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

  /**
   * Renames the open file, unless it has been renamed meanwhile. Other processes write to it until their next look at
   * the path.
   */
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

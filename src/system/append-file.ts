/**
 * A file to which several processes append lines, and that other programs may move, truncate or delete at any time.
 * @module
 */
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/**
 * O_APPEND: each write goes to the end of the file, even with other writers. O_NONBLOCK: opening a pipe must not wait
 * for its reader.
 */
const openFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
const lineFeed = Buffer.from('\n');

/** A failed write. `rest` has the lines that are not completely in the file. `cause` is Node's error. */
export class PartlyWritten extends Error {
  readonly rest: readonly Buffer[];

  constructor(rest: readonly Buffer[], cause: unknown) {
    super('some lines could not be written', { cause });
    this.rest = rest;
  }
}

export class AppendFile {
  readonly path: string;
  #handle: FileHandle | undefined;
  /** The file that ends in the middle of a line, because a write failed there. */
  #torn: BigIntStats | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the file at the path, unless it is the one that is open; makes it with mode 0600 if there is none. Returns
   * its length.
   */
  async open(): Promise<number> {
    const known = await this.#stillThere();
    if (known !== undefined) return Number(known.size);
    await this.close();
    this.#handle = await open(this.path, openFlags, 0o600);
    const opened = await this.#handle.stat({ bigint: true });
    if (!opened.isFile()) {
      await this.close();
      throw Object.assign(new Error('it is not a regular file'), { code: 'ENOTSUP' });
    }
    if (this.#torn !== undefined && (!isSame(opened, this.#torn) || opened.size === 0n)) this.#torn = undefined;
    return Number(opened.size);
  }

  /** Is the open file the one at the path? */
  async isInPlace(): Promise<boolean> {
    return (await this.#stillThere()) !== undefined;
  }

  /**
   * Appends lines, each of which ends in a line feed, to the file, which is opened if it is not open. Rejects with
   * PartlyWritten if a write fails; the next line then starts on a new line. Rejects with Node's error if the file
   * cannot be opened.
   */
  async append(lines: readonly Buffer[]): Promise<void> {
    for (;;) {
      const handle = this.#handle ?? (await this.open(), this.#handle);
      if (handle === undefined) return;
      await this.#write(handle, lines);
      // If the file was deleted between the look at the path and the write, readers never see the lines. Windows does
      // not count links to it.
      if (process.platform === 'win32' || (await handle.stat()).nlink > 0) return;
      await this.close();
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    // Even if closing fails, the lines are in the file or were reported as not written.
    await handle?.close().catch(() => undefined);
  }

  async #stillThere(): Promise<BigIntStats | undefined> {
    if (this.#handle === undefined) return undefined;
    const there = await stat(this.path, { bigint: true }).catch(() => undefined);
    return there !== undefined && isSame(there, await this.#handle.stat({ bigint: true })) ? there : undefined;
  }

  async #write(handle: FileHandle, lines: readonly Buffer[]): Promise<void> {
    const start = this.#torn === undefined ? [] : [lineFeed];
    const bytes = Buffer.concat([...start, ...lines]);
    let written = 0;
    try {
      while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
      this.#torn = undefined;
    } catch (cause) {
      if (written > 0)
        this.#torn = bytes[written - 1] === lineFeed[0] ? undefined : await handle.stat({ bigint: true });
      throw new PartlyWritten(unwritten(lines, written - start.length), cause);
    }
  }
}

/** The lines that are incomplete after this many written bytes. */
function unwritten(lines: readonly Buffer[], written: number): readonly Buffer[] {
  let end = 0;
  return lines.filter((line) => (end += line.length) > written);
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

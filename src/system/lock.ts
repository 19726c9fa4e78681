/**
 * A lock between processes of one machine. A killed process cannot leave it behind, and two processes cannot hold it: a
 * holder proves that it lives by a socket that it listens on, which the kernel closes with the process. No lock is
 * taken away after a time, from a holder that is only slow or stopped, and no process id decides, which may be another
 * process's by now.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { untilAborted } from '../async/until-aborted.js';
import { throwIfAborted } from '../errors/abort.js';
import { errorCode, unless } from '../util/error-code.js';
import { listDirectory } from './list-directory.js';
import { isDead, listen, waitForEnd } from './lock-socket.js';
import type { LockSocket } from './lock-socket.js';

/**
 * How the lock is kept. 'directory' is for POSIX: sockets in the lock's directory, so that it also holds between
 * containers that share a volume. 'name' is for Windows: a named pipe of the machine. On Linux 'name' is a socket of
 * the abstract namespace, for tests.
 */
export type LockKind = 'directory' | 'name';

/** Releases a lock. */
type Release = () => Promise<void>;

/** A contender for the lock: its directory, and the socket in it with the same name. */
interface Contender {
  readonly name: string;
  readonly path: string;
  readonly socket: LockSocket;
}

/** One lock. Calls of `run` in one process queue up here; processes compete in the lock's directory. */
export class ProcessLock {
  readonly #directory: string;
  readonly #kind: LockKind;
  #last: Promise<void> = Promise.resolve();
  /** May the directory contain remains of killed processes? */
  #littered = true;

  /**
   * `directory` belongs only to the lock. It is made when the lock is first taken; the directory above it must exist.
   */
  constructor(directory: string, kind: LockKind = process.platform === 'win32' ? 'name' : 'directory') {
    this.#directory = resolve(directory);
    this.#kind = kind;
  }

  /**
   * Runs `work` while this process holds the lock. Waits while another process holds it, or until the signal aborts;
   * work that has begun is not interrupted. Rejects with Node's error if the lock cannot be made, such as on a file
   * system without sockets.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#last;
    const result = turn.then(async () => {
      throwIfAborted(signal);
      const release = await (this.#kind === 'name' ? this.#takeName(signal) : this.#takeDirectory(signal));
      try {
        return await work();
      } finally {
        await release();
      }
    });
    const settled = (): void => undefined;
    this.#last = result.then(settled, settled);
    // A caller that aborts need not wait for earlier callers of this process.
    await untilAborted(turn, signal);
    return await result;
  }

  /**
   * The holder is the contender whose directory is called `held`. Each contender makes a directory with a socket in it,
   * listens on the socket, and renames the directory to `held`: the kernel lets one succeed, and only while `held` is
   * missing or empty. A socket that refuses connections belonged to a process that has ended; removing it empties
   * `held`. Its name is used once, so that its removal does nothing if another process has removed it and taken the
   * lock in the meantime.
   */
  async #takeDirectory(signal: AbortSignal | undefined): Promise<Release> {
    await mkdir(this.#directory, { mode: 0o700 }).catch(unless('EEXIST', undefined));
    const held = join(this.#directory, 'held');
    let own = await this.#contend();
    const release = async (): Promise<void> => {
      await unlink(join(held, own.name)).catch(unless('ENOENT', undefined));
      own.socket.close();
    };
    try {
      for (;;) {
        throwIfAborted(signal);
        const outcome = await rename(own.path, held).then(() => 'holder', renameFailure);
        if (outcome === 'holder') break;
        if (outcome === 'held') await this.#waitForHolder(held, signal);
        else {
          own.socket.close();
          own = await this.#contend();
        }
      }
      if (this.#littered) await this.#sweep();
    } catch (error) {
      await release();
      await rm(own.path, { recursive: true, force: true });
      throw error;
    }
    return release;
  }

  /** Makes a directory with a socket in it, and listens. */
  async #contend(): Promise<Contender> {
    const name = randomBytes(6).toString('hex');
    const path = join(this.#directory, name);
    for (;;) {
      await mkdir(path, { mode: 0o700 }).catch(unless('EEXIST', undefined));
      try {
        const socket = await this.#withShortPath((directory) => listen(join(directory, name, name)));
        return { name, path, socket };
      } catch (error) {
        // The holder removed the empty directory, which libuv reports as EACCES.
        if (!existsSync(path)) continue;
        await rm(path, { recursive: true, force: true });
        throw error;
      }
    }
  }

  /** Returns when the lock may be free: its holder released it, or has ended. */
  async #waitForHolder(held: string, signal: AbortSignal | undefined): Promise<void> {
    for (const name of await listDirectory(held).catch(unless('ENOENT', []))) {
      const outcome = await this.#withShortPath((directory) => waitForEnd(join(directory, 'held', name), signal));
      if (outcome === 'ended') continue;
      await unlink(join(held, name)).catch(unless('ENOENT', undefined));
      this.#littered = true;
    }
  }

  /**
   * Removes the directories of contenders that were killed. Each gets another name first: a contender that is only
   * about to listen can then not rename it to `held` while its socket is being removed, and makes a new one.
   */
  async #sweep(): Promise<void> {
    for (const name of await listDirectory(this.#directory)) {
      if (name === 'held') continue;
      const path = join(this.#directory, name);
      if (name.endsWith(sweptEnd)) await rm(path, { recursive: true, force: true });
      else {
        if (!(await this.#withShortPath((directory) => isDead(join(directory, name, name))))) continue;
        const swept = path + sweptEnd;
        await rename(path, swept).catch(unless('ENOENT', undefined));
        await rm(swept, { recursive: true, force: true });
      }
    }
    this.#littered = false;
  }

  /**
   * Passes `work` a path of the directory that is short enough for a socket in it: a link, if its own path is too long.
   */
  async #withShortPath<T>(work: (directory: string) => Promise<T>): Promise<T> {
    if (Buffer.byteLength(this.#directory) + namesLength <= maxSocketPath) return await work(this.#directory);
    const short = await mkdtemp(join(tmpdir(), 'sealpost-'));
    try {
      const link = join(short, 'd');
      await symlink(this.#directory, link);
      return await work(link);
    } finally {
      await rm(short, { recursive: true, force: true });
    }
  }

  /** Listens on a name that the system gives to one process at a time, and frees when that process ends. */
  async #takeName(signal: AbortSignal | undefined): Promise<Release> {
    const digest = createHash('sha256').update(this.#directory.toLowerCase()).digest('hex');
    const name = process.platform === 'win32' ? `\\\\.\\pipe\\sealpost-${digest}` : `\0sealpost-${digest}`;
    for (;;) {
      throwIfAborted(signal);
      try {
        const socket = await listen(name);
        return async () => socket.close();
      } catch (error) {
        if (errorCode(error) !== 'EADDRINUSE') throw error;
        await waitForEnd(name, signal);
      }
    }
  }
}

const sweptEnd = '.swept';
/** The longest socket path that every system accepts, in bytes; macOS has room for 103. */
const maxSocketPath = 100;
/** The length of `/held/` or `/name/` and a name, in bytes. */
const namesLength = 26;

/** 'held' by another contender, or 'swept' if this contender's directory is gone. */
function renameFailure(error: unknown): 'held' | 'swept' {
  const code = errorCode(error);
  if (code === 'ENOTEMPTY' || code === 'EEXIST') return 'held';
  if (code === 'ENOENT') return 'swept';
  throw error;
}

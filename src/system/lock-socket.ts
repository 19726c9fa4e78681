/**
 * Sockets that prove that a process is alive: the holder of a lock listens, and waiting processes stay connected to it.
 * @module
 */
import { connect, createServer } from 'node:net';
import type { ServerOpts, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { onAbort } from '../async/on-abort.js';
import { throwIfAborted } from '../errors/abort.js';
import { errorCode } from '../util/error-code.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** A socket that this process listens on. */
export interface LockSocket {
  /** Stops listening and wakes the processes that wait. */
  close(): void;
}

/**
 * The pause before a holder with a full connection queue is tried again: it is alive, and there is no event to wait
 * for.
 */
const busyMs = 20;
/** No process listens on this socket, or the file is not a socket. */
const deadCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTSOCK']);
/** The socket was removed, or its process stopped listening before it took this connection. */
const endedCodes: ReadonlySet<string> = new Set(['ENOENT', 'ECONNRESET', 'EPIPE']);
/** The queue of connections, or this process's table of open files, is full. */
const busyCodes: ReadonlySet<string> = new Set(['EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE']);

/** Node reads inherited options too. */
const serverOptions: ServerOpts = withoutPrototype({
  allowHalfOpen: false,
  highWaterMark: undefined,
  keepAlive: undefined,
  keepAliveInitialDelay: undefined,
  noDelay: undefined,
  pauseOnConnect: undefined,
});

/**
 * Listens in this very process. In a worker of `node:cluster` the primary would otherwise listen for it, and outlive
 * it.
 */
export function listen(path: string): Promise<LockSocket> {
  const waiting = new Set<Socket>();
  const server = createServer(serverOptions, (socket) => {
    waiting.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => waiting.delete(socket));
    // A lock does not keep the process alive: it ends with its process.
    socket.unref().resume();
  });
  return new Promise((settle, reject) => {
    server.once('error', reject);
    server.listen(withoutPrototype({ path, exclusive: true }), () => {
      server.off('error', reject);
      server.unref();
      // An accept can fail because of missing file descriptors. The waiting process then tries again.
      server.on('error', () => undefined);
      settle({
        close() {
          server.close();
          for (const socket of waiting) socket.destroy();
        },
      });
    });
  });
}

/**
 * Waits until the process that listens there stops or ends, or the signal aborts. 'ended' also if the socket was just
 * removed; 'dead' if the socket is there but no process listens on it.
 */
export async function waitForEnd(path: string, signal: AbortSignal | undefined): Promise<'ended' | 'dead'> {
  throwIfAborted(signal);
  const socket = connect(path);
  const stop = onAbort(signal, () => socket.destroy());
  try {
    const failure = await new Promise<Error | undefined>((settle) => {
      let connected = false;
      let first: Error | undefined;
      socket.once('connect', () => (connected = true));
      socket.once('error', (error) => (first = error));
      socket.once('close', () => settle(connected ? undefined : first));
      socket.resume();
    });
    throwIfAborted(signal);
    const code = errorCode(failure);
    if (failure === undefined || endedCodes.has(code)) return 'ended';
    if (deadCodes.has(code)) return 'dead';
    if (!busyCodes.has(code)) throw failure;
    await pause(busyMs);
    return 'ended';
  } finally {
    stop();
  }
}

/** Has the process that listened there ended? Also false if that cannot be determined. */
export async function isDead(path: string): Promise<boolean> {
  for (;;) {
    const socket = connect(path);
    const code = await new Promise<string>((settle) => {
      socket.once('connect', () => settle(''));
      socket.once('error', (error) => settle(errorCode(error)));
    });
    socket.destroy();
    if (code === 'ECONNRESET') continue;
    return code === 'ENOENT' || deadCodes.has(code);
  }
}

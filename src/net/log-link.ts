/**
 * A connection to a syslog server: UDP (RFC 5426), TCP with octet counting (RFC 6587) or TLS (RFC 5425). It never holds
 * the process.
 * @module
 */
import { createSocket } from 'node:dgram';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import type { TlsSettings } from '../model/settings/server.js';
import { onAbort } from '../async/on-abort.js';
import { abortError, throwIfAborted } from '../errors/abort.js';
import type { PeerSettings } from './peer-settings.js';
import { resolveHost } from './resolve.js';
import { tcpOptions } from './tcp-options.js';
import { secure } from './tls/tls.js';
import { TlsContexts } from './tls/tls-contexts.js';
import type { LoadClientIdentity } from './tls-identity.js';

/** The address and protocol of a syslog server. */
export interface LogServer {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly tls: TlsSettings;
  readonly loadClientIdentity?: LoadClientIdentity | undefined;
}

/** Callbacks of a link. */
export interface LogLinkEvents {
  /** Everything written has left the process: there is room for more. */
  drained(): void;
  /** Called once, for any cause. The link cannot be used afterwards. */
  ended(reason: Error | undefined): void;
}

/** An open connection. */
export interface LogLink {
  /** Sends one message. False if the next should wait for `drained`. */
  send(message: Buffer): boolean;
  /** Has everything that was sent left this process? */
  readonly isDrained: boolean;
  /**
   * Closes once everything is sent. `ended` is called after the server has closed its side too, and so has read
   * everything.
   */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** Names of the server and its settings in errors. */
const names: PeerSettings = {
  role: 'the syslog server ',
  host: 'logging.eventLog.syslog.host',
  port: 'logging.eventLog.syslog.port',
  tls: 'logging.eventLog.syslog.tls',
  plainTextRemedy: "Set logging.eventLog.syslog.protocol to 'tcp', or use the server's port for TLS.",
  handshakeRemedy: "Check that the syslog server's port expects TLS.",
};

/** Opens links to one server. */
export class LogDialer {
  readonly #server: LogServer;
  readonly #contexts = new TlsContexts();

  constructor(server: LogServer) {
    this.#server = server;
  }

  /** Rejects with the error of the network or of TLS, or when the signal aborts. */
  async open(events: LogLinkEvents, signal: AbortSignal): Promise<LogLink> {
    throwIfAborted(signal);
    const { protocol } = this.#server;
    if (protocol === 'udp') return await openDatagramLink(this.#server, events, signal);
    const plain = await openSocket(this.#server, signal);
    return streamLink(plain, protocol === 'tls' ? await this.#secure(plain, signal) : plain, events);
  }

  async #secure(socket: Socket, signal: AbortSignal): Promise<Socket> {
    const { host, port, tls: settings, loadClientIdentity } = this.#server;
    try {
      const material = await this.#contexts.get(settings, loadClientIdentity, names.tls);
      return (await secure(socket, { host, port, settings, material, names }, signal)).stream;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }
}

/** The number of datagrams that may wait for the kernel at once. */
const maxPending = 1_000;

async function openDatagramLink(
  { host, port }: LogServer,
  events: LogLinkEvents,
  signal: AbortSignal,
): Promise<LogLink> {
  const [target] = await resolveHost(host, signal, names.host);
  return await new Promise((resolve, reject) => {
    const socket = createSocket(target?.family === 6 ? 'udp6' : 'udp4').unref();
    let pending = 0;
    let open = true;
    const end = (reason?: Error): void => {
      if (!open) return;
      open = false;
      socket.close();
      events.ended(reason);
    };
    const fail = (error: Error): void => {
      open = false;
      socket.close();
      reject(error);
    };
    const stop = onAbort(signal, () => fail(abortError(signal)));
    if (!open) return;
    socket.once('error', fail);
    socket.connect(port, target?.address ?? host, () => {
      stop();
      if (!open) return;
      socket.off('error', fail);
      // An error reports that an earlier datagram was refused.
      socket.on('error', end);
      resolve({
        send(message) {
          pending++;
          socket.send(message, (error) => {
            pending--;
            if (error) end(error);
            else if (pending === 0 && open) events.drained();
          });
          return pending < maxPending;
        },
        get isDrained() {
          return pending === 0;
        },
        close: () => end(),
        destroy: () => end(),
      });
    });
  });
}

/** `plain` is the TCP socket; it equals `socket` without TLS. */
function streamLink(plain: Socket, socket: Socket, events: LogLinkEvents): LogLink {
  let open = true;
  const end = (reason?: Error): void => {
    if (!open) return;
    open = false;
    socket.destroy();
    plain.destroy();
    events.ended(reason);
  };
  socket.on('error', end);
  plain.on('error', end);
  // A server that closes its side has read everything. It sends nothing else: any data is dropped.
  socket.on('end', () => end());
  socket.on('close', () => end());
  socket.resume();
  const written = (): void => {
    if (open && socket.writableLength === 0) events.drained();
  };
  return {
    send: (message) => socket.write(Buffer.concat([Buffer.from(`${message.length} `), message]), written),
    get isDrained() {
      return socket.writableLength === 0;
    },
    // Closes gracefully. Closing at once would reset the connection if unread data has arrived, such as a TLS session
    // ticket, and the server would then drop what it has not read yet.
    close: () => socket.end(),
    destroy: () => end(),
  };
}

function openSocket({ host, port }: LogServer, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(tcpOptions({ host, port, noDelay: true })).unref();
    const stop = onAbort(signal, () => socket.destroy(abortError(signal)));
    socket.once('error', (error) => {
      stop();
      reject(error);
    });
    socket.once('connect', () => {
      stop();
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/**
 * A server on a loopback port that sends the test's replies, valid in SMTP or not.
 * @module
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** How a server's bytes are cut into writes: whole, by line, by byte, or at random. */
export type Cut = (bytes: Buffer) => readonly Buffer[];

/** The client's side of a connection, as the script uses it. */
export interface Peer {
  readonly socket: Socket;
  /** The next line without its CRLF. */
  line(): Promise<string>;
  /** The next lines. */
  lines(count: number): Promise<readonly string[]>;
  /** The next octets. */
  bytes(count: number): Promise<Buffer>;
  /** All text up to and including the marker. */
  until(marker: string): Promise<Buffer>;
  /** Reads and drops everything up to and including the marker. */
  skip(marker: string): Promise<void>;
  /** Sends in the server's cut. */
  send(text: string): Promise<void>;
  /** Reads EHLO and answers with these extensions. */
  hello(...extensions: readonly string[]): Promise<string>;
  /** Does the server's side of a TLS handshake, and returns the peer for the stream under TLS. */
  secure(identity: { readonly key: string; readonly cert: string }): Promise<Peer>;
  /** Resolves once the client has closed. */
  readonly closed: Promise<void>;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
}

/** `script` runs once for each connection. Its error fails the test that closes the server. */
export async function startScriptedServer(
  script: (peer: Peer, number: number) => Promise<unknown>,
  cut: Cut = (bytes) => [bytes],
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const failures: unknown[] = [];
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    connections++;
    const peer = createPeer(socket, cut);
    script(peer, connections).catch((error: unknown) => {
      if (!(error instanceof ClientGone)) failures.push(error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** The error of a read after the client closed. */
export class ClientGone extends Error {}

function createPeer(socket: Socket, cut: Cut): Peer {
  let held = Buffer.alloc(0);
  let gone = false;
  let wake = (): void => {};
  const onData = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    wake();
  };
  socket.on('data', onData);
  const end = (): void => {
    gone = true;
    wake();
  };
  socket.on('error', end);
  socket.on('end', end);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  void closed.then(end);

  const take = async (length: () => number): Promise<Buffer> => {
    for (;;) {
      const count = length();
      if (count >= 0 && held.length >= count) {
        const taken = held.subarray(0, count);
        held = held.subarray(count);
        return taken;
      }
      if (gone) throw new ClientGone(`closed before what was awaited; held ${JSON.stringify(held.toString())}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const until = (marker: string): Promise<Buffer> =>
    take(() => {
      const at = held.indexOf(marker);
      return at === -1 ? -1 : at + marker.length;
    });
  const peer: Peer = {
    socket,
    closed,
    until,
    bytes: (count) => take(() => count),
    line: async () => (await until('\r\n')).toString().slice(0, -2),
    skip: async (marker) => {
      for (;;) {
        const at = held.indexOf(marker);
        if (at !== -1) {
          held = held.subarray(at + marker.length);
          return;
        }
        held = held.subarray(Math.max(0, held.length - marker.length + 1));
        if (gone) throw new ClientGone('closed before what was awaited');
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    lines: async (count) => {
      const lines: string[] = [];
      while (lines.length < count) lines.push(await peer.line());
      return lines;
    },
    send: async (text) => {
      for (const part of cut(Buffer.from(text))) {
        socket.write(part);
        // Each part arrives separately.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    secure: async ({ key, cert }) => {
      socket.removeListener('data', onData);
      const secured = new TLSSocket(socket, { isServer: true, key, cert });
      await once(secured, 'secure');
      return createPeer(secured, cut);
    },
    hello: async (...extensions) => {
      const line = await peer.line();
      const lines = ['mail.example.test', ...extensions];
      await peer.send(lines.map((text, index) => `250${index === lines.length - 1 ? ' ' : '-'}${text}\r\n`).join(''));
      return line;
    },
  };
  return peer;
}

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Parses the client's octets, as a proxy does. */
export class ProxySide {
  readonly socket: Socket;
  #input: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end).on('error', end).on('close', end);
  }

  async read(length: number): Promise<Buffer> {
    while (this.#input.length < length) await this.#more();
    return this.#take(length);
  }

  /** Reads up to and including the empty line of an HTTP header. */
  async readHeader(): Promise<string> {
    for (;;) {
      const at = this.#input.indexOf('\r\n\r\n');
      if (at >= 0) return this.#take(at + 4).toString('latin1');
      await this.#more();
    }
  }

  /** Sends in one write, or octet by octet in separate packets. */
  async send(bytes: Uint8Array | string, byByte = false): Promise<void> {
    const whole = Buffer.from(bytes as Uint8Array);
    const step = byByte ? 1 : whole.length;
    for (let at = 0; at < whole.length; at += step) {
      await new Promise((resolve) => this.socket.write(whole.subarray(at, at + step), resolve));
      if (byByte) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error('the client went away');
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #take(length: number): Buffer {
    const taken = this.#input.subarray(0, length);
    this.#input = this.#input.subarray(length);
    return taken;
  }
}

/** Starts a proxy that behaves as `behave` says. Errors thrown by `behave` are collected in `problems`. */
export class FakeProxy implements AsyncDisposable {
  readonly problems: unknown[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(behave: (side: ProxySide, connection: number) => Promise<void>) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      behave(new ProxySide(socket), ++this.connections).catch((error: unknown) => this.problems.push(error));
    });
  }

  static async start(behave: (side: ProxySide, connection: number) => Promise<void>): Promise<FakeProxy> {
    const proxy = new FakeProxy(behave);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

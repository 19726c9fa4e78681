/**
 * An SMTP client without a protocol: it writes any line, and separates replies at their last line.
 * @module
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

export class RawClient {
  socket: Socket | TLSSocket;
  /** The latest session of the TLS connection; a ticket may arrive together with the first octets. */
  session: Promise<Buffer> = new Promise(() => undefined);
  #text = '';
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  static open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    // The server may reset the connection this early; then the first reply is undefined.
    return new Promise((resolve) => socket.once('connect', () => resolve(client)).once('error', () => resolve(client)));
  }

  /** Puts TLS on the same socket. */
  async startTls(options: ConnectionOptions): Promise<void> {
    this.socket.removeAllListeners('data');
    const tls = connectTls({ socket: this.socket, servername: 'localhost', ...options });
    this.session = new Promise((resolve) => tls.once('session', resolve));
    await new Promise((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
    this.socket = tls;
    this.#listen();
  }

  /** The next reply, lines joined by LF; undefined if the connection ended. */
  async reply(): Promise<string | undefined> {
    for (;;) {
      const match = /^(?:\d{3}-[^\r]*\r\n)*\d{3} [^\r]*\r\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd().replaceAll('\r\n', '\n');
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Writes one or more lines and returns the next reply. */
  ask(line: string): Promise<string | undefined> {
    this.socket.write(`${line}\r\n`);
    return this.reply();
  }

  /** Sends lines one after the other and returns the codes of the replies. */
  async codes(...lines: readonly string[]): Promise<string> {
    const codes: string[] = [];
    for (const line of lines) codes.push((await this.ask(line))?.slice(0, 3) ?? 'end');
    return codes.join(' ');
  }

  /** The received bytes that were not read as replies, once the connection is closed. */
  async rest(): Promise<string> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#text;
  }

  #listen(): void {
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.#wake();
    });
    this.socket.on('error', end).on('end', end).on('close', end);
  }
}

/**
 * Servers that only one test needs: on loopback, with their own state, ended together with the test's process.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A running server. */
export class PrivateServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  #output = '';
  #ended = false;

  private constructor(
    child: ChildProcess,
    readonly port: number,
    private readonly directory: string,
  ) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.once('close', () => (this.#ended = true)).once('error', (error) => (this.#output += error.message));
  }

  /**
   * Starts a server. `prepare` writes the configuration into a new directory and returns program and arguments.
   * Resolves when the port answers.
   */
  static async start(
    prepare: (directory: string, port: number) => readonly [string, ...string[]],
  ): Promise<PrivateServer> {
    const directory = mkdtempSync(join(tmpdir(), 'sealpost-'));
    const port = await freePort();
    const [program, ...args] = prepare(directory, port);
    const server = new PrivateServer(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }), port, directory);
    for (let i = 0; i < 200; i++) {
      if (server.#ended) break;
      if (await answers(port)) return server;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await server[Symbol.asyncDispose]();
    throw new Error(`${program} did not start: ${server.#output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) {
      const ended = new Promise((resolve) => this.#child.once('close', resolve));
      if (this.#child.kill('SIGKILL')) await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

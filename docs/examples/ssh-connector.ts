/**
 * A custom connector: mail goes through an SSH server, by `ssh -W`. The keys and settings are those of ssh itself.
 * @module
 */
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Connector } from 'sealpost';

/**
 * `jumpHost` is the destination of ssh: `user@bastion.example`, or a name from ssh_config. `command` is the program
 * with your own arguments, for example `['ssh', '-i', '/etc/app/key']`. ssh must not ask anything: use keys without
 * passphrase or in an agent, and known host keys.
 */
export function createSshConnector(jumpHost: string, command: readonly [string, ...string[]] = ['ssh']): Connector {
  return {
    connect({ host, port }, { signal }) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        const [program, ...own] = command;
        // There is no shell, and `--` ends the options, so no name can be taken for one.
        const ssh = spawn(program, [...own, '-o', 'BatchMode=yes', '-W', target, '--', jumpHost], { stdio: 'pipe' });
        const stream = new SshStream(ssh.stdin, ssh.stdout);

        let complaint = '';
        ssh.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
        ssh.once('error', (error) => stream.destroy(error));
        // The output may end before the exit code is known.
        ssh.once('close', (code) => {
          if (code === 0) stream.push(null);
          else stream.destroy(new Error(`ssh ended with ${code}: ${complaint.trim()}`));
        });
        stream.once('close', () => ssh.kill());
        stream.once('error', reject);

        const abort = (): void => void stream.destroy(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        stream.once('close', () => signal.removeEventListener('abort', abort));
        // ssh does not report when the tunnel is open. Later failures are errors of the stream.
        ssh.once('spawn', () => {
          signal.removeEventListener('abort', abort);
          resolve(stream);
        });
      });
    },
  };
}

/** Both directions of a child process as one stream, with back-pressure. */
class SshStream extends Duplex {
  constructor(
    readonly input: NodeJS.WritableStream,
    readonly output: NodeJS.ReadableStream,
  ) {
    super({ allowHalfOpen: false });
    output.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) output.pause();
    });
    input.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.output.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.input.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.input.end(done);
  }
}

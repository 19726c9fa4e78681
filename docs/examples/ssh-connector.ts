/** A connector of one's own: mail goes through an SSH server, by `ssh -W`. The keys and settings are those of ssh itself. */
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Connector } from 'sealpost';

/**
 * `jumpHost` is what ssh is given: `user@bastion.example`, or a name of ssh_config. `command` is the program with arguments of your
 * own, as `['ssh', '-i', '/etc/app/key']`. ssh must not ask anything: keys without passphrase or in an agent, known host keys.
 */
export function createSshConnector(jumpHost: string, command: readonly [string, ...string[]] = ['ssh']): Connector {
  return {
    connect({ host, port }, { signal }) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        const [program, ...own] = command;
        // No shell; `--` ends the options, so that no name can become one.
        const ssh = spawn(program, [...own, '-o', 'BatchMode=yes', '-W', target, '--', jumpHost], { stdio: 'pipe' });
        const stream = new SshStream(ssh.stdin, ssh.stdout);

        let complaint = '';
        ssh.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
        ssh.once('error', (error) => stream.destroy(error));
        // The end of its output says nothing yet: why it ended comes after.
        ssh.once('close', (code) => {
          if (code === 0) stream.push(null);
          else stream.destroy(new Error(`ssh ended with ${code}: ${complaint.trim()}`));
        });
        stream.once('close', () => ssh.kill());
        stream.once('error', reject);

        const abort = (): void => void stream.destroy(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        stream.once('close', () => signal.removeEventListener('abort', abort));
        // ssh does not say when the way is open. From here on what goes wrong is an error of the stream.
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

/** The command line, in this process, in a process of its own, and on a terminal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../../../src/cli/main.js';
import { bundle } from '../../support/bundle.js';

/** The outcome of a command. On a terminal, `stdout` has both outputs. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runs {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandLine {
  /** Runs it in this process, with other standard streams and another environment. */
  run(args: readonly string[], more?: Runs): Promise<Outcome>;
  /** Runs it in a process of its own, whose standard output is a pipe or the file `stdout`. */
  spawn(args: readonly string[], stdout?: string): Promise<Outcome>;
  /** Runs it on a terminal of `script` (util-linux). `answer` is typed once the terminal shows `question`. */
  onTerminal(args: readonly string[], typed?: readonly [question: string, answer: string]): Promise<Outcome>;
}

export async function commandLine(): Promise<CommandLine> {
  const main = join(await bundle({ cli: 'src/cli/start.ts' }), 'cli.mjs');
  const base = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TERM: 'xterm' };
  return {
    async run(args, { input = '', env = {} } = {}) {
      const [stdout, stderr] = [new Collected(), new Collected()];
      const before = Object.getOwnPropertyDescriptors(process);
      const streams = { stdin: Readable.from([Buffer.from(input)]), stdout, stderr };
      for (const [name, value] of Object.entries({ ...streams, env: { ...base, ...env } }))
        Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
      try {
        const status = await run(args);
        return { status, stdout: stdout.text, stderr: stderr.text };
      } finally {
        for (const name of ['stdin', 'stdout', 'stderr', 'env'] as const)
          Object.defineProperty(process, name, before[name]);
      }
    },
    spawn(args, stdout) {
      const output = stdout === undefined ? 'pipe' : openSync(stdout, 'w');
      const child = spawn(process.execPath, [main, ...args], { env: base, stdio: ['ignore', output, 'pipe'] });
      if (output !== 'pipe') closeSync(output);
      return outcomeOf(child, () => undefined);
    },
    onTerminal(args, typed) {
      const words = [process.execPath, main, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
      const child = spawn('script', ['-qefc', words.join(' '), '/dev/null'], { env: base });
      child.stdin.on('error', () => undefined);
      let left = typed;
      return outcomeOf(child, (shown) => {
        if (left === undefined || !shown.includes(left[0])) return;
        child.stdin.write(left[1]);
        left = undefined;
      });
    },
  };
}

/** Keeps what is written to it. */
class Collected extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

function outcomeOf(child: ChildProcess, look: (stdout: string) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => look((stdout += chunk)));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject).on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

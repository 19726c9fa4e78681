/** The command line in processes of its own, in pipes and on a terminal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../support/bundle.js';

/** The outcome of a process. On a terminal, `stdout` has both outputs. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runs {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** A file in place of the pipe of standard output. */
  readonly stdout?: string;
}

export interface CommandLine {
  run(args: readonly string[], more?: Runs): Promise<Outcome>;
  /** Runs it on a terminal of `script` (util-linux). `answer` is typed once the terminal shows `question`. */
  onTerminal(args: readonly string[], typed?: readonly [question: string, answer: string]): Promise<Outcome>;
}

export async function commandLine(): Promise<CommandLine> {
  const main = join(await bundle({ cli: 'src/cli/main.ts' }), 'cli.mjs');
  const base = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TERM: 'xterm' };
  return {
    run(args, { input, env = {}, stdout } = {}) {
      const output = stdout === undefined ? 'pipe' : openSync(stdout, 'w');
      const child = spawn(process.execPath, [main, ...args], {
        env: { ...base, ...env },
        stdio: ['pipe', output, 'pipe'],
      });
      if (output !== 'pipe') closeSync(output);
      child.stdin?.on('error', () => undefined).end(input ?? '');
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

function outcomeOf(child: ChildProcess, look: (stdout: string) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => look((stdout += chunk)));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject).on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

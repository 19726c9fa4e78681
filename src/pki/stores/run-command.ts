/**
 * Runs a program of the system, without a shell, within limits.
 */
import { throwIfAborted } from '../../errors/abort.js';
import { spawn } from 'node:child_process';
import { certificateError } from '../certificate-error.js';

/** A program to run. Secrets go in `input` or in files, never in `args`, which every user of the machine can read. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What runs programs; tests give one of their own. */
export type CommandRunner = (command: Command) => Promise<CommandResult>;

const timeoutMs = 60_000;
const maxOutput = 32 << 20;

/** Runs it to its end. ERR_CERTIFICATE where the program is absent, takes over a minute or writes over 32 MiB. */
export const runCommand: CommandRunner = ({ program, args, input, signal }) => {
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    });
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[], length: 0 };
    const collect = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
      output.length += chunk.length;
      if (output.length > maxOutput) child.kill('SIGKILL');
      else output[name].push(chunk);
    };
    child.stdout.on('data', collect('stdout'));
    child.stderr.on('data', collect('stderr'));
    // A program that ends before it read its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) => {
      try {
        throwIfAborted(signal);
        reject(startFailure(program, error));
      } catch (aborted) {
        reject(aborted as Error);
      }
    });
    child.on('close', (code, killedBy) => {
      if (code !== null)
        resolve({
          code,
          stdout: Buffer.concat(output.stdout).toString('utf8'),
          stderr: Buffer.concat(output.stderr).toString('utf8'),
        });
      else {
        const why =
          output.length > maxOutput
            ? `wrote more than ${maxOutput} bytes`
            : `was ended by ${killedBy ?? 'a signal'}, at the latest after ${timeoutMs / 1000} seconds`;
        reject(certificateError(`the program ${program} ${why}`, 'Run it by hand to see what it waits for.'));
      }
    });
  });
};

function startFailure(program: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOENT')
    return certificateError(
      `the program ${program} could not be started (${error.code ?? error.message})`,
      'Check that this process may run it.',
      error,
    );
  return certificateError(
    `the program ${program} is not installed`,
    installHints.get(program) ?? 'Install it, or name its folder in PATH.',
    error,
  );
}

const installHints: ReadonlyMap<string, string> = new Map(
  ['certutil', 'pk12util'].map((program) => [
    program,
    'Install the NSS tools: libnss3-tools on Debian and Ubuntu, nss-tools on Fedora and Red Hat, nss with Homebrew.',
  ]),
);

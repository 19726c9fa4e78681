/**
 * The only runner of programs of the system: without a shell, bounded in time and output, and ended with its caller.
 * @module
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams, SpawnOptionsWithoutStdio } from 'node:child_process';
import { onAbort } from '../async/on-abort.js';
import { abortError, throwIfAborted } from '../errors/abort.js';
import { errorCode } from '../util/error-code.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** A program to run. Pass secrets in `input` or in files, never in `args`, which every user of the machine can read. */
export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  /** Written to its standard input, which then ends. */
  readonly input?: string | undefined;
  /** Its whole environment; default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until it is killed. */
  readonly timeoutMs: number;
  /** The most bytes of both outputs together; it is killed beyond that. */
  readonly maxOutputBytes: number;
}

/** The end of a program. */
export type ProgramOutcome =
  | { readonly end: 'exit'; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** There is no such program, or it could not be started. */
  | { readonly end: 'missing' | 'not-started'; readonly cause: unknown }
  | { readonly end: 'timeout' | 'output' }
  /** Killed by a signal that was not sent here. */
  | { readonly end: 'killed'; readonly by: string };

/**
 * Node reads inherited options, such as `shell`, and passes inherited names of `env` to the program, such as
 * LD_PRELOAD. Nothing of Object.prototype is among these.
 */
function spawnOptions(env: NodeJS.ProcessEnv): SpawnOptionsWithoutStdio {
  return withoutPrototype({
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    env: withoutPrototype(env),
    argv0: undefined,
    cwd: undefined,
    detached: undefined,
    gid: undefined,
    killSignal: undefined,
    serialization: undefined,
    shell: undefined,
    signal: undefined,
    timeout: undefined,
    uid: undefined,
    windowsVerbatimArguments: undefined,
  } satisfies { [name in keyof Required<SpawnOptionsWithoutStdio>]: unknown } as SpawnOptionsWithoutStdio);
}

/** Runs a program to its end. Rejects only with `abortError`. */
export async function runProgram(program: Program): Promise<ProgramOutcome> {
  const run = withoutPrototype(program);
  throwIfAborted(run.signal);
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(run.program, run.args, spawnOptions(run.env ?? process.env));
  } catch (cause) {
    return { end: 'not-started', cause };
  }
  return await new Promise((resolve, reject) => watch(child, run, resolve, reject));
}

function watch(
  child: ChildProcessWithoutNullStreams,
  { input, signal, timeoutMs, maxOutputBytes }: Program,
  resolve: (outcome: ProgramOutcome) => void,
  reject: (error: Error) => void,
): void {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let length = 0;
  let stop = (): void => {};
  const end = (): void => {
    clearTimeout(timer);
    stop();
    child.kill('SIGKILL');
    // Programs that it started may keep the pipes open.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  };
  const timer = setTimeout(() => {
    end();
    resolve({ end: 'timeout' });
  }, timeoutMs);
  child.on('error', (cause) => {
    // Without a process it was not started; otherwise it could not be killed, and may still end.
    if (child.pid !== undefined) return;
    clearTimeout(timer);
    stop();
    resolve({ end: errorCode(cause) === 'ENOENT' ? 'missing' : 'not-started', cause });
  });
  // With no file descriptors left there is neither a process nor a stream.
  if (child.pid === undefined) return;
  // Node takes this option of its own streams from Object.prototype too, and a half-open one never closes.
  for (const stream of [child.stdin, child.stdout, child.stderr]) Object.assign(stream, { allowHalfOpen: false });
  const collect = (output: Buffer[]) => (chunk: Buffer) => {
    length += chunk.length;
    output.push(chunk);
    if (length <= maxOutputBytes) return;
    end();
    resolve({ end: 'output' });
  };
  child.stdout.on('data', collect(stdout));
  child.stderr.on('data', collect(stderr));
  // If a program ends before reading its input, its exit code counts.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  child.on('close', (code, by) => {
    end();
    const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
    if (code === null) resolve({ end: 'killed', by: by ?? 'a signal' });
    else resolve({ end: 'exit', code, stdout: text(stdout), stderr: text(stderr) });
  });
  if (signal === undefined) return;
  stop = onAbort(signal, () => {
    end();
    reject(abortError(signal));
  });
}

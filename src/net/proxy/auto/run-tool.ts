import { execFile } from 'node:child_process';

/** A program of the system that knows about proxies. No shell, bounded output, bounded time. */

/** Gives standard output; undefined where the program is missing, fails, or takes too long: then it knows of no proxy. */
export type RunTool = (file: string, args: readonly string[], options: RunOptions) => Promise<string | undefined>;

/** How a program is run. */
export interface RunOptions {
  readonly signal: AbortSignal;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const timeoutMs = 10_000;
const maxOutputBytes = 1 << 20;

/** See RunTool. */
export const runTool: RunTool = (file, args, { signal, env }) =>
  new Promise((resolve) => {
    const options = {
      signal,
      env: { ...env },
      encoding: 'utf8',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: maxOutputBytes,
      windowsHide: true,
    } as const;
    execFile(file, [...args], options, (error, output) => resolve(error === null ? output : undefined)).stdin?.end();
  });

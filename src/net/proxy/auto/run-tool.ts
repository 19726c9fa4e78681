/**
 * Runs programs of the system that report proxies.
 * @module
 */
import { runProgram } from '../../../system/run-program.js';

/**
 * Returns standard output. Undefined if the program is missing, fails or takes too long; it then has no answer. Rejects
 * if the signal aborts.
 */
export type RunTool = (file: string, args: readonly string[], options: RunOptions) => Promise<string | undefined>;

/** Options of running a program. */
export interface RunOptions {
  readonly signal: AbortSignal;
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const timeoutMs = 10_000;
const maxOutputBytes = 1 << 20;

/** Runs a program without a shell, for at most 10 s and 1 MiB of output. */
export const runTool: RunTool = async (program, args, options) => {
  const outcome = await runProgram({ program, args, ...options, timeoutMs, maxOutputBytes });
  return outcome.end === 'exit' && outcome.code === 0 ? outcome.stdout : undefined;
};

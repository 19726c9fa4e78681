/**
 * Runs the programs of the system that read certificate stores.
 * @module
 */
import { reasonOf } from '../../errors/email-error.js';
import { runProgram } from '../../system/run-program.js';
import type { Program } from '../../system/run-program.js';
import { errorCode } from '../../util/error-code.js';
import { certificateError } from '../certificate-error.js';

/** A program to run. */
export type Command = Omit<Program, 'timeoutMs' | 'maxOutputBytes'>;

/** The result of a program. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs programs; replaced in tests. */
export type CommandRunner = (command: Command) => Promise<CommandResult>;

const timeoutMs = 60_000;
const maxOutputBytes = 32 << 20;

/**
 * Runs a program to its end, whatever its exit code. ERR_CERTIFICATE if it is missing, cannot be started, is killed,
 * takes over a minute or writes over 32 MiB.
 */
export const runCommand: CommandRunner = async (command) => {
  const { program } = command;
  const outcome = await runProgram({ ...command, timeoutMs, maxOutputBytes });
  switch (outcome.end) {
    case 'exit':
      return outcome;
    case 'missing':
      throw certificateError(
        `the program ${program} is not installed`,
        installHints.get(program) ?? 'Install it, or add its folder to PATH.',
        outcome.cause,
      );
    case 'not-started':
      throw certificateError(
        `the program ${program} could not be started (${errorCode(outcome.cause) || reasonOf(outcome.cause)})`,
        'Check that this process may run it.',
        outcome.cause,
      );
    case 'timeout':
      throw ended(program, `did not end within ${timeoutMs / 1000} seconds`);
    case 'output':
      throw ended(program, `wrote more than ${maxOutputBytes} bytes`);
    case 'killed':
      throw ended(program, `was ended by ${outcome.by}`);
  }
};

function ended(program: string, how: string): Error {
  return certificateError(`the program ${program} ${how}`, 'Run it manually to see why it does not end.');
}

const installNss =
  'Install the NSS tools: libnss3-tools on Debian and Ubuntu, nss-tools on Fedora and Red Hat, nss with Homebrew.';
const elsewhere = "On other systems use a file, or a store of type 'nss', 'pkcs12', 'jks' or 'directory'.";
const installHints: ReadonlyMap<string, string> = new Map([
  ['certutil', installNss],
  ['pk12util', installNss],
  ['powershell.exe', `This kind of store exists on Windows only. ${elsewhere}`],
  ['security', `This kind of store exists on macOS only. ${elsewhere}`],
]);

/**
 * The commands of the command line, and their exit status.
 * @module
 */
import { createRequire } from 'node:module';
import { isEmailError } from '../index.js';
import { authorize } from './commands/authorize.js';
import { certificate } from './commands/certificate.js';
import { helpOf, usageStatus, type Command } from './command.js';
import { compose } from './commands/compose.js';
import { decrypt } from './commands/decrypt.js';
import { profileCheck } from './commands/profile-check.js';
import { reportError } from './report.js';
import { send } from './commands/send.js';
import { note, print, styled } from './terminal.js';
import { test } from './commands/test.js';
import { readArguments, UsageError } from './usage.js';
import { verify } from './commands/verify.js';

const commands: readonly Command[] = [test, send, compose, verify, decrypt, certificate, authorize, profileCheck];

function helpOfAll(): string {
  return [
    'sealpost sends e-mail, and tests profiles, servers and certificates.',
    '',
    'Usage: sealpost COMMAND [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(15)} ${summary}`),
    '',
    'sealpost COMMAND --help shows the options of a command; sealpost --version shows the version.',
    'Passwords are asked for, or come from --password-env or --password-file; they cannot be options.',
  ].join('\n');
}

/** Runs a command, and gives the exit status. Errors of the user and of the mail are printed. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    note(`${styled('red', 'sealpost:', process.stderr)} ${error.message}`);
    return usageStatus;
  }
}

async function runCommand(args: readonly string[]): Promise<number> {
  const command = commands.find(({ name }) => name.split(' ').every((word, i) => args[i] === word));
  if (command === undefined) {
    if (args.length === 0 || args[0] === '--help' || args[0] === '-h' || args[0] === 'help') {
      (args.length === 0 ? note : print)(helpOfAll());
      return args.length === 0 ? usageStatus : 0;
    }
    if (args[0] === '--version') {
      const { version }: { readonly version: string } = createRequire(import.meta.url)('../package.json');
      print(version);
      return 0;
    }
    throw new UsageError(`there is no command ${args[0] ?? ''}; sealpost --help lists them`);
  }
  const rest = args.slice(command.name.split(' ').length);
  if (rest.includes('--help') || rest.includes('-h')) {
    print(helpOf(command));
    return 0;
  }
  const given = readArguments(rest, command.options);
  try {
    return await command.run(given);
  } catch (error) {
    if (!isEmailError(error)) throw error;
    reportError(error, given.flag('json'));
    return error.code === 'ERR_PROFILE_INVALID' ? usageStatus : 1;
  }
}

/**
 * The shape of a command, and its help.
 * @module
 */
import type { Given, OptionRules } from './usage.js';

/** A command. `run` returns the exit status. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** The arguments after the name, as `FILE`. */
  readonly usage: string;
  readonly options: OptionRules;
  /** The meaning of the exit status, and examples. */
  readonly notes: readonly string[];
  run(given: Given): Promise<number>;
}

/** The status of wrong arguments and of a profile that is not valid. */
export const usageStatus = 64;

/** The help of one command. */
export function helpOf({ name, summary, usage, options, notes }: Command): string {
  const entries = Object.entries(options).map(([option, { value, help }]) => {
    const left = `  --${option}${value === undefined ? '' : ` ${value}`}`;
    return `${left.padEnd(28)} ${help}`;
  });
  return [
    `${summary}`,
    '',
    `Usage: sealpost ${name}${usage === '' ? '' : ` ${usage}`}`,
    '',
    ...entries,
    `${'  --help'.padEnd(28)} show this text`,
    '',
    ...notes,
  ].join('\n');
}

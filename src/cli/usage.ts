/**
 * Reads the arguments of a command.
 * @module
 */
import { parseArgs } from 'node:util';
import { showText } from '../util/show.js';

/** The arguments are wrong: nothing was tried. */
export class UsageError extends Error {}

/** An option of a command. */
export interface OptionRule {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** The word for its value in the help. */
  readonly value?: string;
  readonly help: string;
}

export type OptionRules = Readonly<Record<string, OptionRule>>;

/** The options and the other arguments that were given. */
export class Given {
  readonly #values: ReadonlyMap<string, readonly (string | boolean)[]>;
  readonly rest: readonly string[];

  constructor(values: ReadonlyMap<string, readonly (string | boolean)[]>, rest: readonly string[]) {
    this.#values = values;
    this.rest = rest;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.at(-1);
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === 'string');
  }

  flag(name: string): boolean {
    return this.#values.get(name)?.at(-1) === true;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name}: expected a number, got other text`);
    return Number(text);
  }

  /** No argument but options: an address that was forgotten by its option would be left out. */
  none(): void {
    const [first] = this.rest;
    if (first !== undefined) throw new UsageError(`${showText(first, 100)} does not belong to an option`);
  }

  /** Exactly one argument that is no option. */
  only(what: string): string {
    const [first, second] = this.rest;
    if (first === undefined) throw new UsageError(`expected ${what}`);
    if (second !== undefined) throw new UsageError(`expected one argument, ${what}, got ${this.rest.length}`);
    return first;
  }
}

/** Passwords on a command line can be read by every user of the machine. */
const secretOption = /^--?(?:password|pass|secret|token|passphrase)(?:=|$)/i;

/** UsageError for an unknown option, a missing value, or a password. */
export function readArguments(args: readonly string[], rules: OptionRules): Given {
  if (args.some((argument) => secretOption.test(argument)))
    throw new UsageError(
      'a password cannot be an option, because other users could read it: use --password-env, --password-file, or wait for the question',
    );
  const options = Object.fromEntries(
    Object.entries(rules).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
  );
  const values = new Map<string, (string | boolean)[]>();
  let rest: readonly string[];
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    rest = parsed.positionals;
    for (const [name, value] of Object.entries(parsed.values)) {
      const list = Array.isArray(value) ? value : [value];
      values.set(
        name,
        list.filter((one) => one !== undefined),
      );
    }
  } catch (error) {
    const { message }: { readonly message?: unknown } = Object(error);
    throw new UsageError(String(message).split('. To specify')[0]);
  }
  return new Given(values, rest);
}

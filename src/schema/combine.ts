/**
 * Simple schemas, and schemas made of other schemas.
 * @module
 */
import { isValidDate } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { accepts, alternatives, join, kindOf, problem, unexpected } from './schema.js';
import type { Report, Schema } from './schema.js';
import { nearest, otherWord, plainWord } from './suggest.js';
import type { OtherWords } from './suggest.js';

/** A value that is its own JSON form. */
export function plain<T>(
  expected: string,
  check: (value: unknown, path: string, report: Report) => T | undefined,
): Schema<T> {
  return { expected, check, toJson: (value) => value };
}

/** A value whose type can be checked at once. */
export function kind<T>(expected: string, is: (value: unknown) => value is T): Schema<T> {
  return {
    expected,
    accepts: is,
    check: (value, path, report) => (is(value) ? value : unexpected(report, path, expected, value)),
    toJson: (value) => value,
  };
}

/** One of a few words. */
export function choice<const Words extends readonly (string | boolean)[]>(...words: Words): Schema<Words[number]> {
  return choiceAmong(words);
}

/** One of a few words, with the words that other programs use instead. */
export function choiceAmong<const Words extends readonly (string | boolean)[]>(
  words: Words,
  others: OtherWords = {},
): Schema<Words[number]> {
  const expected = alternatives(words.map((word) => (typeof word === 'string' ? `'${word}'` : String(word))));
  return {
    ...plain(expected, (value, path, report) => {
      const chosen = words.find((word) => word === value);
      if (chosen !== undefined) return chosen;
      if (typeof value !== 'string' || value === '') return unexpected(report, path, expected, value);
      return problem(report, path, wrongWord(value, { words, others, expected }));
    }),
    accepts: (value) => words.some((word) => word === value),
  };
}

interface Choice {
  readonly words: readonly (string | boolean)[];
  readonly others: OtherWords;
  readonly expected: string;
}

/** The message for a wrong word. It names the word that was probably meant. */
function wrongWord(value: string, { words, others, expected }: Choice): string {
  const shown = `'${showText(value, 30)}'`;
  const elsewhere = otherWord(others, value);
  if (elsewhere !== undefined) return `${shown} ${elsewhere}`;
  const written = plainWord(value);
  const same = words.find((word) => plainWord(String(word)) === written);
  if (typeof same === 'string') return `${shown} is written '${same}' here`;
  if (same !== undefined) return `expected ${expected}, got the text ${shown}: write ${same} without quotes`;
  const near = nearest(
    value,
    words.filter((word) => typeof word === 'string'),
  );
  return `expected ${expected}, got ${shown}${near === undefined ? '' : `; did you mean '${near}'?`}`;
}

/** true or false. */
export const flag: Schema<boolean> = choice(true, false);

/** Any text at all. */
export const anyText: Schema<string> = kind('text', (value): value is string => typeof value === 'string');

/** A valid Date. */
export const date: Schema<Date> = kind('a valid Date', isValidDate);

/** A whole number in a range. */
export function wholeNumber(min: number, max: number): Schema<number> {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  const is = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
  return {
    ...kind(expected, is),
    check(value, path, report) {
      if (is(value)) return value;
      if (typeof value === 'string' && /^ *\d{1,16} *$/.test(value))
        return problem(report, path, `expected ${expected}, got a string: write the number without quotes`);
      return unexpected(report, path, expected, value);
    },
  };
}

/** The rules of a list. */
export interface ListRules {
  /** Default 1. */
  readonly min?: number;
  /** Default 1000. */
  readonly max?: number;
  /** A name to follow an entry's number in paths: `headers.0 (X-Mine)`. */
  readonly label?: (entry: unknown) => string | undefined;
}

/**
 * A list. It must not be empty unless `min` allows it: an empty list could mean several things, leaving it out only
 * one.
 */
export function list<T>(item: Schema<T>, rules: ListRules = {}): Schema<readonly T[]> {
  const { min = 1, max = 1000, label } = rules;
  const place = (path: string, index: number, entry: unknown): string => {
    const name = label?.(entry);
    return name === undefined ? join(path, index) : `${join(path, index)} (${showText(name, 60)})`;
  };
  const expected = `an array, each ${item.expected}`;
  return {
    expected,
    accepts: (value) =>
      Array.isArray(value) &&
      value.length >= min &&
      value.length <= max &&
      // `every` would skip holes.
      value.findIndex((entry: unknown) => !accepts(item, entry)) < 0,
    check(value, path, report) {
      if (!Array.isArray(value)) return unexpected(report, path, expected, value);
      if (value.length < min)
        return problem(
          report,
          path,
          `expected at least ${min === 1 ? 'one entry' : `${min} entries`}, got an empty array; leave it out instead`,
        );
      if (value.length > max) return problem(report, path, `expected at most ${max} entries, got ${value.length}`);
      const copy = Array.from(value, (entry: unknown, index) => item.check(entry, place(path, index, entry), report));
      // An entry with a problem leaves a hole. Such a copy only serves to find further problems.
      return Object.freeze(copy as T[]);
    },
    toJson: (value, path, output) =>
      Array.from(Object(value), (entry: unknown, index) => item.toJson(entry, place(path, index, entry), output)),
  };
}

/** One value, or a list of them. */
export function oneOrMany<T>(item: Schema<T>): Schema<T | readonly T[]> {
  const many = list(item);
  return variant<T | readonly T[]>(`${item.expected}, or an array of these`, (value) =>
    Array.isArray(value) ? many : item,
  );
}

/** One of several schemas, chosen by looking at the value. If none is chosen, the value is refused. */
export function variant<T>(
  expected: string,
  pick: (value: unknown, path: string, report?: Report) => Schema<T> | undefined,
): Schema<T> {
  return {
    expected,
    accepts(value) {
      const schema = pick(value, '');
      return schema !== undefined && accepts(schema, value);
    },
    check: (value, path, report) => {
      const before = report.problems.length;
      const schema = pick(value, path, report);
      if (schema !== undefined) return schema.check(value, path, report);
      return report.problems.length > before ? undefined : unexpected(report, path, expected, value);
    },
    toJson: (value, path, output) => pick(value, path)?.toJson(value, path, output),
  };
}

/** A live value of the program: kept as it is, and without a JSON form. */
export function live<T>(expected: string, is: (value: unknown) => value is T): Schema<T> {
  return {
    ...kind(expected, is),
    toJson(value, path, output) {
      output.live?.push({ path, message: `is ${kindOf(value)}, which has no JSON form` });
      return typeof value === 'function' ? '[function]' : '[object]';
    },
  };
}

/** A function. Its parameters and result cannot be checked before it is called. */
export function func<T extends (...args: never) => unknown>(): Schema<T> {
  return live('a function', (value): value is T => typeof value === 'function');
}

/** A live object with these methods, own or inherited. */
export function withMethods<T extends object>(what: string, ...names: readonly (keyof T & string)[]): Schema<T> {
  const is = (value: unknown): value is T =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function');
  return live(`${what}: an object with ${names.join(', ')}`, is);
}

/** An AbortSignal, of Node, jsdom or a polyfill. */
export const abortSignal: Schema<AbortSignal> = live('an AbortSignal', (value): value is AbortSignal => {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false;
  const methods = ['addEventListener', 'removeEventListener'];
  return typeof value.aborted === 'boolean' && methods.every((name) => typeof Reflect.get(value, name) === 'function');
});

/** The same schema with the type that its rules guarantee, but that the compiler cannot derive. */
export function ruledTo<T>(schema: Schema): Schema<T> {
  return schema as Schema<T>;
}

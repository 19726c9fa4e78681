import { showText } from '../util/show.js';
import { alternatives, join, kindOf, problem, unexpected } from './schema.js';
import type { Report, Schema } from './schema.js';

/** Schemas made of schemas, and the simplest ones. */

/** A value that is its own JSON form. */
export function plain(expected: string, check: (value: unknown, path: string, report: Report) => unknown): Schema {
  return { expected, check, toJson: (value) => value };
}

/** One of a few words. */
export function choice(...words: readonly (string | boolean)[]): Schema {
  const expected = alternatives(words.map((word) => (typeof word === 'string' ? `'${word}'` : String(word))));
  return plain(expected, (value, path, report) => {
    if (words.some((word) => word === value)) return value;
    const shown = typeof value === 'string' && value !== '' ? `'${showText(value, 30)}'` : kindOf(value);
    return problem(report, path, `expected ${expected}, got ${shown}`);
  });
}

/** true or false. */
export const flag: Schema = choice(true, false);

/** A whole number in a range. */
export function wholeNumber(min: number, max: number): Schema {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  return plain(expected, (value, path, report) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : unexpected(report, path, expected, value),
  );
}

/** A list; never empty unless `min` says so: what an empty one would mean is a guess, and leaving it out is not. */
export function list(item: Schema, options: { readonly min?: number; readonly max?: number } = {}): Schema {
  const { min = 1, max = 1000 } = options;
  const expected = `an array, each ${item.expected}`;
  return {
    expected,
    check(value, path, report) {
      if (!Array.isArray(value)) return unexpected(report, path, expected, value);
      if (value.length < min)
        return problem(
          report,
          path,
          `expected at least ${min === 1 ? 'one entry' : `${min} entries`}, got an empty array; leave it out instead`,
        );
      if (value.length > max) return problem(report, path, `expected at most ${max} entries, got ${value.length}`);
      return Object.freeze(Array.from(value, (entry: unknown, index) => item.check(entry, join(path, index), report)));
    },
    toJson: (value, path, output) =>
      (value as readonly unknown[]).map((entry, index) => item.toJson(entry, join(path, index), output)),
  };
}

/** One, or a list of such. */
export function oneOrMany(item: Schema): Schema {
  const many = list(item);
  return variant(`${item.expected}, or an array of such`, (value) => (Array.isArray(value) ? many : item));
}

/** One of several schemas, picked by looking at the value; where none is picked, the value is refused. */
export function variant(
  expected: string,
  pick: (value: unknown, path: string, report?: Report) => Schema | undefined,
): Schema {
  return {
    expected,
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
export function live(expected: string, test: (value: unknown) => boolean): Schema {
  return {
    expected,
    check: (value, path, report) => (test(value) ? value : unexpected(report, path, expected, value)),
    toJson(value, path, output) {
      output.live?.push({ path, message: `is ${kindOf(value)}, which has no JSON form` });
      return typeof value === 'function' ? '[function]' : '[object]';
    },
  };
}

/** A function. */
export const func: Schema = live('a function', (value) => typeof value === 'function');

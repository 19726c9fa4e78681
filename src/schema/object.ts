import { inspect } from 'node:util';
import type { InspectOptions } from 'node:util';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { isFull, isPlainObject, join, newSettings, problem, unexpected } from './schema.js';
import type { Output, Report, Schema } from './schema.js';
import { nearest } from './suggest.js';

/** Objects with known keys: everything else is refused, with the nearest known key. */

/** A field that must be there. */
export interface RequiredField {
  readonly required: true;
  readonly schema: Schema;
}

/** A field that may be absent or undefined. */
export interface OptionalField {
  readonly required: false;
  readonly schema: Schema;
}

/** A field for every key of `T`, so that a new key in a type is a compile error here until it is checked. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? OptionalField : RequiredField;
};

/** What holds across fields. */
export interface ObjectRules<T> {
  /**
   * Reports what is wrong between fields. `value` has the fields that are right by themselves; `given` tells whether a field was
   * given at all.
   */
  readonly verify?: (value: Partial<T>, given: (key: keyof T) => boolean, path: string, report: Report) => void;
  /** Keys that are known and not allowed, with what to say of each. */
  readonly refuse?: Readonly<Record<string, string>>;
  /** How it is called in messages. Default 'an object'. */
  readonly expected?: string;
}

export function required(schema: Schema): RequiredField {
  return { required: true, schema };
}

export function optional(schema: Schema): OptionalField {
  return { required: false, schema };
}

const show: Output = { secrets: 'redact' };

/** Names that reach an object's prototype where code is careless. */
export function isPrototypeKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

export function object<T extends object>(fields: Fields<T>, rules: ObjectRules<T> = {}): Schema {
  const known = new Map(Object.entries<RequiredField | OptionalField>(fields));
  const refused = new Map(Object.entries(rules.refuse ?? {}));
  const expected = rules.expected ?? 'an object';

  const unknownKey = (key: string, path: string, report: Report): void => {
    if (isFull(report)) return;
    const why = refused.get(key);
    if (why !== undefined) problem(report, join(path, key), why);
    else if (isPrototypeKey(key))
      problem(report, join(path, key), 'is refused: a key of this name could reach the prototype of an object');
    else {
      const near = nearest(key, known.keys());
      problem(
        report,
        join(path, key),
        `is not a known key${near === undefined ? `; known are ${[...known.keys()].join(', ')}` : `; did you mean ${near}?`}`,
      );
    }
  };

  const schema: Schema = {
    expected,
    check(value, path, report) {
      if (!isPlainObject(value)) return unexpected(report, path, expected, value);
      const copy = newSettings();
      const given = new Set<string>();
      for (const key of Object.keys(value)) {
        const field = known.get(key);
        if (field === undefined) {
          unknownKey(key, path, report);
          continue;
        }
        const entry = value[key];
        if (entry === undefined) continue;
        given.add(key);
        const checked = field.schema.check(entry, join(path, key), report);
        if (checked !== undefined) Object.defineProperty(copy, key, propertyOf(checked, field.schema));
      }
      for (const [key, field] of known) {
        if (field.required && !given.has(key)) unexpected(report, join(path, key), field.schema.expected, undefined);
      }
      rules.verify?.(copy as Partial<T>, (key) => given.has(key as string), path, report);
      return hideSecrets(copy, () => schema.toJson(copy, path, show));
    },
    toJson(value, path, output) {
      const json: Record<string, unknown> = {};
      for (const [key, entry] of Object.entries(value as object)) {
        const field = known.get(key);
        if (field !== undefined) json[key] = field.schema.toJson(entry, join(path, key), output);
      }
      return json;
    },
  };
  return schema;
}

/** A secret by value is behind a getter: `console.dir` asks no object how it wants to be shown. */
function propertyOf(value: unknown, schema: Schema): PropertyDescriptor {
  if (typeof value === 'string' || isBytes(value)) {
    const shown = schema.toJson(value, '', show);
    if (typeof shown === 'string' && shown !== value) return { get: () => value, enumerable: true };
  }
  return { value, enumerable: true };
}

/** Freezes, and makes JSON.stringify and console.log of this object and of any part of it show no secret. */
function hideSecrets(copy: object, redact: () => unknown): object {
  Object.defineProperty(copy, 'toJSON', { value: redact });
  Object.defineProperty(copy, inspect.custom, {
    value: (_depth: number, options: InspectOptions) => inspect(redact(), options),
  });
  return Object.freeze(copy);
}

/** An object whose keys the user chooses. */
export function record(
  item: Schema,
  rules: {
    readonly max: number;
    readonly key: (key: string, path: string, report: Report) => void;
    readonly expected: string;
  },
): Schema {
  return {
    expected: rules.expected,
    check(value, path, report) {
      if (!isPlainObject(value)) return unexpected(report, path, rules.expected, value);
      const keys = Object.keys(value);
      if (keys.length > rules.max)
        return problem(report, path, `expected at most ${rules.max} entries, got ${keys.length}`);
      const copy: Record<string, unknown> = {};
      for (const key of keys) {
        if (isPrototypeKey(key)) {
          problem(
            report,
            join(path, showText(key)),
            'is refused: a key of this name could reach the prototype of an object',
          );
          continue;
        }
        rules.key(key, join(path, key), report);
        copy[key] = item.check(value[key], join(path, key), report);
      }
      return Object.freeze(copy);
    },
    toJson: (value) => ({ ...(value as object) }),
  };
}

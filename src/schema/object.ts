/**
 * Objects with known keys. Any other key is refused, with the nearest known key as a hint.
 * @module
 */
import { inspect } from 'node:util';
import type { InspectOptions } from 'node:util';
import { isBytes } from '../util/bytes.js';
import { accepts, isFull, isPlainObject, join, newSettings, problem, unexpected } from './schema.js';
import type { Output, Report, Schema } from './schema.js';
import { nearest, otherWord } from './suggest.js';
import type { OtherWords } from './suggest.js';

/** A required field. */
export interface RequiredField<out T = unknown> {
  readonly required: true;
  readonly schema: Schema<T>;
}

/** A field that may be absent or undefined. */
export interface OptionalField<out T = unknown> {
  readonly required: false;
  readonly schema: Schema<T>;
}

/** A field for every key of `T`, so that a new key in a type is a compile error here until it is checked. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? OptionalField<Exclude<T[K], undefined>>
    : RequiredField<T[K]>;
};

/** Rules that involve several fields. */
export interface ObjectRules<T> {
  /** Reports problems between fields. `value` has the valid fields; `given` says whether a field was given at all. */
  readonly verify?: (value: Partial<T>, given: (key: keyof T) => boolean, path: string, report: Report) => void;
  /** Keys of other programs, each with a sentence that names the key to use. */
  readonly others?: OtherWords;
  /** Also accepts instances of classes, by their own fields. Default false. */
  readonly instances?: boolean;
  /** The name of the object in messages. Default 'an object'. */
  readonly expected?: string;
}

export function required<T>(schema: Schema<T>): RequiredField<T> {
  return { required: true, schema };
}

export function optional<T>(schema: Schema<T>): OptionalField<T> {
  return { required: false, schema };
}

const show: Output = { secrets: 'redact' };

/** Keys that can reach an object's prototype in careless code. */
export function isPrototypeKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

/** An object with these fields, and no other. */
export function object<T extends object>(fields: Fields<T>, rules: ObjectRules<T> = {}): Schema<T> {
  const known = new Map(Object.entries<RequiredField | OptionalField>(fields));
  const needed = [...known].filter(([, field]) => field.required);
  const expected = rules.expected ?? 'an object';
  const isObject = rules.instances === true ? isRecord : isPlainObject;

  const schema: Schema<T> = {
    expected,
    accepts(value) {
      if (!isObject(value)) return false;
      for (const key of Object.keys(value)) {
        const field = known.get(key);
        if (field === undefined || (value[key] !== undefined && !accepts(field.schema, value[key]))) return false;
      }
      for (const [key] of needed) if (!Object.hasOwn(value, key) || value[key] === undefined) return false;
      if (rules.verify === undefined) return true;
      const given = (key: PropertyKey): boolean => Object.hasOwn(value, key) && value[String(key)] !== undefined;
      const report: Report = { problems: [], allowReferences: true };
      rules.verify(value as Partial<T>, given, '', report);
      return report.problems.length === 0;
    },
    check(value, path, report) {
      if (!isObject(value)) return unexpected(report, path, expected, value);
      const copy = newSettings();
      const given = new Set<PropertyKey>();
      let hints = '';
      for (const key of Object.keys(value)) {
        const field = known.get(key);
        if (field === undefined) {
          hints += ` ${otherWord(rules.others ?? {}, key) ?? ''} `;
          if (!isFull(report)) unknownKey(key, path, report, { known: [...known.keys()], others: rules.others });
          continue;
        }
        const entry = value[key];
        if (entry === undefined) continue;
        given.add(key);
        const checked = field.schema.check(entry, join(path, key), report);
        if (checked !== undefined) Object.defineProperty(copy, key, propertyOf(checked, field.schema));
      }
      // A missing field is not reported if it was given under another name, because that has been reported.
      const isHinted = (key: string): boolean => hints.includes(` ${key} `) || hints.includes(` ${key}:`);
      for (const [key, field] of needed)
        if (!given.has(key) && !isHinted(key)) unexpected(report, join(path, key), field.schema.expected, undefined);
      // The copy is now a T: every key was checked by the field of that name.
      rules.verify?.(copy as Partial<T>, (key) => given.has(key), path, report);
      hideSecrets(copy, () => schema.toJson(copy, path, show));
      return copy as T;
    },
    toJson(value, path, output) {
      const json: Record<string, unknown> = {};
      for (const [key, entry] of Object.entries(Object(value))) {
        const field = known.get(key);
        if (field !== undefined) json[key] = field.schema.toJson(entry, join(path, key), output);
      }
      return json;
    },
  };
  return schema;
}

/** Any object but an array. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The allowed keys, and their names in other programs. */
export interface KnownKeys {
  readonly known: readonly string[];
  readonly others?: OtherWords | undefined;
}

/** Reports an unknown key. The list of known keys is given only once. */
export function unknownKey(key: string, path: string, report: Report, { known, others = {} }: KnownKeys): undefined {
  const at = join(path, key);
  if (isPrototypeKey(key))
    return problem(report, at, 'is refused: a key of this name could reach the prototype of an object');
  const elsewhere = otherWord(others, key);
  if (elsewhere !== undefined) return problem(report, at, elsewhere);
  const near = nearest(key, known);
  if (near !== undefined) return problem(report, at, `is not a known key; did you mean ${near}?`);
  const list = `; known are ${known.join(', ')}`;
  const told = report.problems.some(({ message }) => message.endsWith(list));
  return problem(report, at, `is not a known key${told ? '' : list}`);
}

/** A literal secret is put behind a getter, because `console.dir` ignores custom inspection. */
function propertyOf(value: unknown, schema: Schema): PropertyDescriptor {
  if (typeof value === 'string' || isBytes(value)) {
    const shown = schema.toJson(value, '', show);
    if (typeof shown === 'string' && shown !== value) return { get: () => value, enumerable: true };
  }
  return { value, enumerable: true };
}

/** Freezes the object, and keeps secrets out of JSON.stringify and console.log of it and its parts. */
function hideSecrets(copy: object, redact: () => unknown): void {
  Object.defineProperty(copy, 'toJSON', { value: redact });
  Object.defineProperty(copy, inspect.custom, {
    value: (_depth: number, options: InspectOptions) => inspect(redact(), options),
  });
  Object.freeze(copy);
}

/** The rules of the keys of a `record`. */
export interface RecordRules {
  readonly expected: string;
  readonly max: number;
  /** Reports problems of a key. */
  readonly key: (key: string, path: string, report: Report) => void;
}

/** An object whose keys the user chooses. */
export function record<T>(
  item: Schema<T>,
  { expected, max, key: checkKey }: RecordRules,
): Schema<Readonly<Record<string, T>>> {
  return {
    expected,
    accepts(value) {
      if (!isPlainObject(value)) return false;
      const keys = Object.keys(value);
      const report: Report = { problems: [], allowReferences: true };
      for (const key of keys) checkKey(key, '', report);
      const isRight = (key: string): boolean => !isPrototypeKey(key) && accepts(item, value[key]);
      return keys.length <= max && report.problems.length === 0 && keys.every(isRight);
    },
    check(value, path, report) {
      if (!isPlainObject(value)) return unexpected(report, path, expected, value);
      const keys = Object.keys(value);
      if (keys.length > max) return problem(report, path, `expected at most ${max} entries, got ${keys.length}`);
      const copy: Record<string, T> = {};
      for (const key of keys) {
        const at = join(path, key);
        if (isPrototypeKey(key)) {
          problem(report, at, 'is refused: a key of this name could reach the prototype of an object');
          continue;
        }
        checkKey(key, at, report);
        const checked = item.check(value[key], at, report);
        if (checked !== undefined) copy[key] = checked;
      }
      return Object.freeze(copy);
    },
    toJson: (value) => ({ ...Object(value) }),
  };
}

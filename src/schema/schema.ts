/**
 * The schema of a value, the report of its problems, and the helpers of all schemas.
 * @module
 */
import { types } from 'node:util';
import type { Problem } from '../model/error.js';
import { isBytes, isValidDate } from '../util/bytes.js';
import { showText } from '../util/show.js';

/**
 * Checks a value of any origin and copies it, and writes a checked value as JSON. Problems are collected, never thrown, so that one run
 * finds them all.
 */
export interface Schema<out T = unknown> {
  /** What is allowed, to stand after the word "expected". */
  readonly expected: string;
  /** The frozen copy; undefined if a problem was reported. */
  check(value: unknown, path: string, report: Report): T | undefined;
  /**
   * True only if `check` would report nothing: a short look, without a copy and without the text of paths, for values that are plainly
   * right. Absent: only `check` can tell.
   */
  accepts?(value: unknown): boolean;
  /** The JSON form of a value that `check` gave. */
  toJson(value: unknown, path: string, output: Output): unknown;
}

/** The type of the values that a schema gives. */
export type Checked<S> = S extends Schema<infer T> ? T : never;

/** Is the value right? By the short look if the schema has one. */
export function accepts(schema: Schema, value: unknown): boolean {
  if (schema.accepts !== undefined) return schema.accepts(value);
  const report: Report = { problems: [], allowReferences: true };
  schema.check(value, '', report);
  return report.problems.length === 0;
}

/** Where problems go, and what is allowed in this run. */
export interface Report {
  readonly problems: Problem[];
  /** May the value name environment variables, files and stores of this machine? */
  readonly allowReferences: boolean;
}

/** How JSON is written. */
export interface Output {
  /** Secrets are written for the word 'include' alone; whatever else a caller without types gives redacts. */
  readonly secrets: 'redact' | 'include';
  /** Where live values are reported; absent: they are written as a word, for people. */
  readonly live?: Problem[] | undefined;
}

/** What stands for a secret in all output; refused as a secret in all input. */
export const redacted = '[redacted]';

/** Past this many problems nobody reads on. */
const maxProblems = 100;

/** Are there so many that no further one is kept? */
export function isFull(report: Report): boolean {
  return report.problems.length >= maxProblems;
}

/** Reports a problem. */
export function problem(report: Report, path: string, message: string): undefined {
  if (!isFull(report)) report.problems.push({ path, message });
  return undefined;
}

/** Reports that a value is not of the kind wanted; says the value's kind, not the value. */
export function unexpected(report: Report, path: string, expected: string, value: unknown): undefined {
  return problem(report, path, `expected ${expected}, got ${kindOf(value)}`);
}

/** Reports that a reference is not allowed in this run; true where it is. */
export function mayRefer(report: Report, path: string, what: string): boolean {
  if (report.allowReferences) return true;
  problem(
    report,
    path,
    `${what}, which is not allowed here: this profile is read with allowReferences: false, so that it cannot reach what this machine holds`,
  );
  return false;
}

/** The path of a field in an object. */
export function join(path: string, key: string | number): string {
  const shown = typeof key === 'number' ? String(key) : showText(key, 60);
  return path === '' ? shown : `${path}.${shown}`;
}

/** The kind of a value, in words that name no content. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isFinite(value) ? `the number ${value}` : String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (isBytes(value)) return 'bytes';
  if (types.isDate(value)) return isValidDate(value) ? 'a Date' : 'an invalid Date';
  if (typeof value === 'object') return isPlainObject(value) ? 'an object' : 'an object of a class';
  return typeof value === 'undefined' ? 'nothing' : `a ${typeof value}`;
}

/** An object as a literal or JSON makes it, of any realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An own property that is there and not undefined. Inherited ones do not count, whatever was done to Object.prototype. */
export function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** What settings inherit: words for `String(…)`, and nothing of what may have been done to Object.prototype. */
const settingsPrototype: object = Object.freeze(
  Object.assign(Object.create(null), { toString: () => '[object Object]' }),
);

/** Settings to be filled in: one that is absent is absent. */
export function newSettings(): Record<string, unknown> {
  return Object.create(settingsPrototype) as Record<string, unknown>;
}

/** 'a', 'b' or 'c'. */
export function alternatives(values: readonly string[]): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}`;
}

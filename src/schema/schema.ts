/**
 * The type of a schema, the report of problems, and helpers for all schemas.
 * @module
 */
import { types } from 'node:util';
import type { Problem } from '../model/error.js';
import { isBytes, isValidDate } from '../util/bytes.js';
import { showText } from '../util/show.js';

/**
 * Checks and copies a value of any origin, and writes a checked value as JSON. Problems are collected, not thrown, so
 * that one run finds them all.
 */
export interface Schema<out T = unknown> {
  /** The allowed values, as a phrase to follow "expected". */
  readonly expected: string;
  /** The frozen copy; undefined if a problem was reported. */
  check(value: unknown, path: string, report: Report): T | undefined;
  /**
   * A fast check without a copy and without paths. True only if `check` would report nothing. Absent: `check` must be
   * run.
   */
  accepts?(value: unknown): boolean;
  /** The JSON form of a value that `check` returned. */
  toJson(value: unknown, path: string, output: Output): unknown;
}

/** The type of the values that a schema returns. */
export type Checked<S> = S extends Schema<infer T> ? T : never;

/** Is the value valid? Uses the fast check if the schema has one. */
export function accepts(schema: Schema, value: unknown): boolean {
  if (schema.accepts !== undefined) return schema.accepts(value);
  const report: Report = { problems: [], allowReferences: true };
  schema.check(value, '', report);
  return report.problems.length === 0;
}

/** Collects problems, and has the options of one run. */
export interface Report {
  readonly problems: Problem[];
  /** May the value name environment variables, files and stores of this machine? */
  readonly allowReferences: boolean;
}

/** Options of writing JSON. */
export interface Output {
  /** Secrets are written only for the exact word 'include'; any other value redacts them. */
  readonly secrets: 'redact' | 'include';
  /** Collects live values. Absent: each is written as a word, for people. */
  readonly live?: Problem[] | undefined;
}

/** Replaces a secret in all output; refused as a secret in all input. */
export const redacted = '[redacted]';

/** Further problems are dropped. */
const maxProblems = 100;

/** Has the report reached its most problems? */
export function isFull(report: Report): boolean {
  return report.problems.length >= maxProblems;
}

/** Reports a problem. */
export function problem(report: Report, path: string, message: string): undefined {
  if (!isFull(report)) report.problems.push({ path, message });
  return undefined;
}

/** Reports a value of the wrong type. Names the type of the value, not the value. */
export function unexpected(report: Report, path: string, expected: string, value: unknown): undefined {
  return problem(report, path, `expected ${expected}, got ${kindOf(value)}`);
}

/** Reports a reference that is not allowed in this run. True if it is allowed. */
export function mayRefer(report: Report, path: string, what: string): boolean {
  if (report.allowReferences) return true;
  problem(
    report,
    path,
    `${what}, which is not allowed here: this profile is read with allowReferences: false, so that it cannot ` +
      'reach secrets and files of this machine',
  );
  return false;
}

/** The path of a field in an object. */
export function join(path: string, key: string | number): string {
  const shown = typeof key === 'number' ? String(key) : showText(key, 60);
  return path === '' ? shown : `${path}.${shown}`;
}

/** The type of a value, in words that do not reveal it. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isFinite(value) ? `the number ${value}` : String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (isBytes(value)) return 'bytes';
  if (types.isDate(value)) return isValidDate(value) ? 'a Date' : 'an invalid Date';
  if (typeof value === 'object') return isPlainObject(value) ? 'an object' : 'an instance of a class';
  return typeof value === 'undefined' ? 'nothing' : `a ${typeof value}`;
}

/** Is it a plain object, as a literal or JSON makes it, of any realm? */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An own property that is not undefined. Inherited ones are ignored, so a polluted Object.prototype has no effect. */
export function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/**
 * The prototype of settings: it has `toString` for `String(…)` and inherits nothing from a possibly polluted
 * Object.prototype.
 */
const settingsPrototype: object = Object.freeze(
  Object.assign(Object.create(null), { toString: () => '[object Object]' }),
);

/** An empty object for settings, in which an absent field reads as undefined. */
export function newSettings(): Record<string, unknown> {
  return Object.create(settingsPrototype) as Record<string, unknown>;
}

/** A list in words: 'a', 'b' or 'c'. */
export function alternatives(values: readonly string[]): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}`;
}

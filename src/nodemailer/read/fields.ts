/**
 * Reads an object field by field. A field that no code has read is refused by name, so that none is ignored.
 * @module
 */
import { invalid } from '../../schema/check.js';
import type { Subject } from '../../schema/check.js';
import { unknownKey } from '../../schema/object.js';
import { join, own, problem, unexpected } from '../../schema/schema.js';
import type { Report } from '../../schema/schema.js';
import type { OtherWords } from '../../schema/suggest.js';

/** Problems found, and nodemailer's code for them if it is not the usual one. */
export interface Findings extends Report {
  code?: string;
}

export function newFindings(): Findings {
  return { problems: [], allowReferences: true };
}

/** Throws one error of all problems, if there are any. */
export function throwIfAny(findings: Findings, subject: Subject): void {
  if (findings.problems.length > 0) throw invalid(subject, findings.problems);
}

/** The fields of one object. null is read as absent, as nodemailer does. */
export class Fields {
  readonly path: string;
  readonly findings: Findings;
  readonly #value: object;
  readonly #read = new Set<string>();

  constructor(value: object, path: string, findings: Findings) {
    this.#value = value;
    this.path = path;
    this.findings = findings;
  }

  /** The value of a field, whatever it is. */
  any(key: string): unknown {
    this.#read.add(key);
    return own(this.#value, key) ?? undefined;
  }

  /** Text; '' is read as absent. */
  text(key: string): string | undefined {
    const value = this.any(key);
    if (value === undefined || value === '') return undefined;
    return typeof value === 'string' ? value : this.#wrong(key, 'text', value);
  }

  flag(key: string): boolean | undefined {
    const value = this.any(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.#wrong(key, 'true or false', value);
  }

  /** A number, or digits as text; 0 is read as absent, as nodemailer does. */
  number(key: string): number | undefined {
    const value = this.any(key);
    if (value === undefined || value === '') return undefined;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number') return number === 0 ? undefined : number;
    return this.#wrong(key, 'a number', value);
  }

  /** An object; false is read as absent. */
  fields(key: string): Fields | undefined {
    const value = this.any(key);
    if (value === undefined || value === false) return undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return new Fields(value, join(this.path, key), this.findings);
    return this.#wrong(key, 'an object', value);
  }

  /** The elements of an array, each with its path. */
  list(key: string): readonly (readonly [value: unknown, path: string])[] {
    const value = this.any(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) return this.#wrong(key, 'an array', value) ?? [];
    return value.map((item: unknown, i) => [item, join(join(this.path, key), i)] as const);
  }

  has(key: string): boolean {
    return (own(this.#value, key) ?? undefined) !== undefined;
  }

  refuse(key: string, message: string): undefined {
    return problem(this.findings, join(this.path, key), message);
  }

  /** Refuses every field that was not read. A flag that is off, or an absent value, asks for nothing. */
  end(others: OtherWords): void {
    for (const key of Object.keys(this.#value)) {
      const value = own(this.#value, key);
      if (this.#read.has(key) || value === undefined || value === null || value === false) continue;
      unknownKey(key, this.path, this.findings, { known: [...this.#read], others });
    }
  }

  #wrong(key: string, expected: string, value: unknown): undefined {
    return unexpected(this.findings, join(this.path, key), expected, value);
  }
}

/** The same object without fields that are undefined, which `raw` would count as given. */
export function present<T extends object>(value: T): T {
  const copy = { ...value };
  for (const key of Object.keys(copy)) if (own(copy, key) === undefined) Reflect.deleteProperty(copy, key);
  return copy;
}

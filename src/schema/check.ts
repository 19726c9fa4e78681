/**
 * Runs a schema and makes one error of all its problems.
 * @module
 */
import { correctFields, createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError, EmailErrorCode, Problem } from '../model/error.js';
import type { Report, Schema } from './schema.js';

/** The most problems that the error's message quotes. */
const shownProblems = 5;

/** The subject of a check: the beginning of its error, and the name of its root in paths. */
export interface Subject {
  /** Default ERR_PROFILE_INVALID. */
  readonly code?: EmailErrorCode;
  readonly sentence: string;
  readonly root: string;
}

export const profileSubject: Subject = { sentence: 'The profile is not valid', root: 'profile' };
export const optionsSubject: Subject = { sentence: 'The mailer options are not valid', root: 'options' };

/** The subject of the functions of `sealpost/smime`. */
export const argumentsSubject: Subject = { sentence: 'The arguments are not valid', root: 'arguments' };
export const callSubject: Subject = { sentence: 'The options of this call are not valid', root: 'options' };

/** The checked and frozen copy, or an error with every problem. */
export function checked<T>(schema: Schema<T>, value: unknown, subject: Subject, allowReferences = true): T {
  const report: Report = { problems: [], allowReferences };
  let copy: T | undefined;
  try {
    copy = schema.check(value, '', report);
  } catch (cause) {
    if (isEmailError(cause)) throw cause;
    throw invalid(
      subject,
      [{ path: '', message: 'could not be read: a getter or a proxy in it threw an error' }],
      cause,
    );
  }
  if (report.problems.length > 0 || copy === undefined) throw invalid(subject, report.problems);
  return copy;
}

/** The problems of a value that is not copied. `path` is its place in a larger value. */
export function problemsOf(schema: Schema, value: unknown, path: string): readonly Problem[] {
  const report: Report = { problems: [], allowReferences: true };
  schema.check(value, path, report);
  return report.problems;
}

/** Makes one error of several problems. The message quotes the first five; `problems` contains all. */
export function invalid(subject: Subject, found: readonly Problem[], cause?: unknown): EmailError {
  const problems = found.map(({ path, message }) =>
    Object.freeze({ path: path === '' ? subject.root : path, message }),
  );
  const shown = problems.slice(0, shownProblems).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length - shown.length;
  return createEmailError(
    subject.code ?? 'ERR_PROFILE_INVALID',
    `${subject.sentence}: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    {
      problems: Object.freeze(problems),
      cause,
      remedy: correctFields,
    },
  );
}

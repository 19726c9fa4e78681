import { expect } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import type { Problem } from '../../../src/model/error.js';
import { parseProfile } from '../../../src/profile/define.js';
import type { ParseProfileOptions } from '../../../src/profile/define.js';

/** The problems that `run` throws; the error must be ERR_PROFILE_INVALID. */
export function problemsOf(run: () => unknown): readonly Problem[] {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) return [];
  if (!isEmailError(thrown)) throw thrown;
  expect(thrown.code).toBe('ERR_PROFILE_INVALID');
  expect(thrown.retryable).toBe(false);
  const problems = thrown.problems ?? [];
  expect(problems.length).toBeGreaterThan(0);
  expect(thrown.message).toContain(`${problems[0]?.path}: ${problems[0]?.message}`);
  return problems;
}

/** `path: message` of each problem that parseProfile finds. */
export function parseProblems(value: unknown, options?: ParseProfileOptions): readonly string[] {
  return problemsOf(() => parseProfile(value, options)).map(({ path, message }) => `${path}: ${message}`);
}

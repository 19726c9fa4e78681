/**
 * `verify()` by a test of the connection.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { Mailer } from '../model/mailer.js';

/** Resolves with true, or rejects with the error of the step that failed. */
export async function verified(mailer: Mailer): Promise<true> {
  const { ok, steps } = await mailer.testConnection();
  if (ok) return true;
  throw steps.findLast(({ error }) => error !== undefined)?.error ?? createEmailError('ERR_CONNECT', 'The test failed');
}

import { readFileSync } from 'node:fs';
import { isEmailError } from '../../../src/errors/email-error.js';
import type { EmailError } from '../../../src/model/error.js';

/** The bytes of a recorded file in test/fixtures/pki. */
export function fixture(name: string): Buffer {
  return Buffer.from(readFileSync(new URL(`../../fixtures/pki/${name}.txt`, import.meta.url), 'latin1'), 'base64');
}

/** The error that `work` throws. Fails if it does not throw. */
export async function errorOf(work: () => unknown): Promise<EmailError> {
  try {
    await work();
  } catch (error) {
    if (!isEmailError(error)) throw error;
    return error;
  }
  throw new Error('there was no error');
}

/**
 * The errors of Kerberos.
 * @module
 */
import type { EmailError } from '../model/error.js';
import { createEmailError } from '../errors/email-error.js';
import type { EmailErrorDetails } from '../errors/email-error.js';

/** ERR_KERBEROS, in the phase 'authenticate'. `retryable` if the same attempt may succeed later. */
export function kerberosError(message: string, details: EmailErrorDetails = {}): EmailError {
  return createEmailError('ERR_KERBEROS', message, { phase: 'authenticate', ...details });
}

/**
 * Malformed input bytes, or a wrong checksum. Internal: `readingFrom` turns it into ERR_KERBEROS with the source of the
 * bytes.
 */
export class MalformedError extends Error {}

/** Runs a reader over input bytes. A MalformedError becomes ERR_KERBEROS with the source of the bytes. */
export function readingFrom<T>(source: string, read: () => T, remedy?: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw kerberosError(`${source} is malformed: ${error.message}`, { remedy });
  }
}

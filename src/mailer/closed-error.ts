/**
 * The error of calls after close().
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';

/** The error of any call after close(). */
export function closedError(): EmailError {
  return createEmailError('ERR_CLOSED', 'The mailer is closed', {
    remedy: 'Send before close(), or make a new mailer.',
  });
}

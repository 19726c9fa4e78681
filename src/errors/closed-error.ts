/**
 * The error of a closed mailer.
 * @module
 */
import type { EmailError } from '../model/error.js';
import { createEmailError } from './email-error.js';

/** The error of a call after close(), or of a message that close() ended. */
export function closedError(message = 'The mailer is closed'): EmailError {
  return createEmailError('ERR_CLOSED', message, { remedy: 'Call send() before close(), or create a new mailer.' });
}

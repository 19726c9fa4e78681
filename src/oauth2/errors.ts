/**
 * The errors of OAuth 2.0.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { EmailErrorDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';

/** ERR_OAUTH2. */
export function oauth2Error(message: string, details: EmailErrorDetails = {}): EmailError {
  return createEmailError('ERR_OAUTH2', message, details);
}

/** The remedy if only a person can obtain a token. */
export const signInRemedy =
  'A person has to sign in: call mailer.authorize(), which keeps the tokens, or authorize() and put the ' +
  'refresh token into oauth2.refreshToken.';

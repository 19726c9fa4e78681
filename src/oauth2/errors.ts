/**
 * How OAuth 2.0 fails.
 *
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { EmailErrorDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';

/** ERR_OAUTH2. */
export function oauth2Error(message: string, details: EmailErrorDetails = {}): EmailError {
  return createEmailError('ERR_OAUTH2', message, details);
}

/** What a person has to do where no token can be had without one. */
export const signInRemedy =
  'A person has to sign in: call mailer.authorize(), which keeps the tokens, or authorize() and put the refresh token into oauth2.refreshToken.';

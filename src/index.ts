/**
 * sealpost sends e-mail by a typed profile.
 *
 * @packageDocumentation
 */
export { createEmailError, isEmailError } from './errors/email-error.js';

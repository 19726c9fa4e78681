/**
 * Shared by the mechanisms: their errors, and the rules for user names and passwords.
 * @module
 */
import { createEmailError, profileInvalid } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { SaslMechanism } from '../model/sasl.js';

/** A mechanism whose server may give a reason for a refusal. */
export interface ExplainsFailure {
  /** The server's reason, once it gave one: one line, with the secret hidden if the server repeats it. */
  readonly failure: string | undefined;
}

/** The server's reason for a refusal, if the mechanism got one. */
export function failureOf(mechanism: SaslMechanism): string | undefined {
  const failure = 'failure' in mechanism ? mechanism.failure : undefined;
  return typeof failure === 'string' ? failure : undefined;
}

/** ERR_SMTP_PROTOCOL for a challenge that breaks the mechanism's rules. `what` continues "The server". */
export function challengeInvalid(mechanism: string, what: string, remedy?: string): EmailError {
  return createEmailError('ERR_SMTP_PROTOCOL', `Authentication by ${mechanism} was abandoned: the server ${what}.`, {
    phase: 'authenticate',
    remedy:
      remedy ??
      'No proof of the password was sent. If the server always answers so, choose another authentication.method that it offers.',
  });
}

/** The error of a challenge after the exchange was over. */
export function unexpectedChallenge(mechanism: string): EmailError {
  return challengeInvalid(mechanism, 'sent an unexpected challenge');
}

/**
 * Refuses identities that no mechanism can carry: empty, too long, with a NUL (RFC 4616, RFC 5802), with half a
 * surrogate pair.
 */
export function checkIdentity(field: 'username' | 'authorizationId' | 'domain' | 'workstation', value: string): void {
  const problem = problemOf(value, maxIdentityLength);
  if (problem !== undefined) throw profileInvalid(`authentication.${field}`, problem);
}

/** Applies the same rules to a secret. The error names the broken rule and nothing else about the secret. */
export function checkSecret(field: 'password' | 'token', value: string): void {
  const problem = problemOf(value, maxSecretLength);
  if (problem !== undefined) throw secretInvalid(field, problem);
}

/** ERR_SECRET for a secret whose value cannot be used. `problem` names the rule that it breaks. */
export function secretInvalid(field: 'password' | 'token', problem: string): EmailError {
  const path = `authentication.${field}`;
  return createEmailError('ERR_SECRET', `The secret of ${path} cannot be used: it ${problem}.`, {
    phase: 'authenticate',
    problems: [{ path, message: problem }],
    remedy: 'Check where the secret comes from: the variable, the file or the function.',
  });
}

/** Limits in UTF-16 units. Signed tokens that list a user's groups take some thousands. */
const maxIdentityLength = 1024;
const maxSecretLength = 32_768;

function problemOf(value: string, maxLength: number): string | undefined {
  if (value === '') return 'is empty';
  if (value.length > maxLength) return `is longer than ${maxLength} characters`;
  if (value.includes('\0')) return 'contains a NUL character, which no mechanism allows';
  if (/\p{Surrogate}/u.test(value)) return 'contains half of a surrogate pair, which UTF-8 cannot represent';
  return undefined;
}

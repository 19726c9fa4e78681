/**
 * What the mechanisms share: how they fail, and what every user name and password must be.
 * @module
 */
import { createEmailError, profileInvalid } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { SaslMechanism } from '../model/sasl.js';

/** A mechanism whose server may say why it refuses. */
export interface ExplainsFailure {
  /** The server's reason in words, once it gave one: one line, and without the secret even where the server repeats it. */
  readonly failure: string | undefined;
}

/** The server's reason for a refusal, where the mechanism got one. */
export function failureOf(mechanism: SaslMechanism): string | undefined {
  const failure = 'failure' in mechanism ? mechanism.failure : undefined;
  return typeof failure === 'string' ? failure : undefined;
}

/** A challenge that breaks the mechanism's rules: ERR_SMTP_PROTOCOL. `what` continues "The server". */
export function challengeInvalid(mechanism: string, what: string, remedy?: string): EmailError {
  return createEmailError('ERR_SMTP_PROTOCOL', `Authentication by ${mechanism} was given up: the server ${what}.`, {
    phase: 'authenticate',
    remedy:
      remedy ??
      'Nothing was proven to this server. If it always answers so, choose another authentication.method that it offers.',
  });
}

/** A challenge where the exchange was over. */
export function unexpectedChallenge(mechanism: string): EmailError {
  return challengeInvalid(mechanism, 'sent a challenge where none can follow');
}

/** Refuses what no mechanism can carry: nothing, too much, NUL (RFC 4616, RFC 5802), half a surrogate pair. */
export function checkIdentity(field: 'username' | 'authorizationId' | 'domain' | 'workstation', value: string): void {
  const problem = problemOf(value, maxIdentityLength);
  if (problem !== undefined) throw profileInvalid(`authentication.${field}`, problem);
}

/** The same for a secret; the error says nothing of its characters but the rule that they break. */
export function checkSecret(field: 'password' | 'token', value: string): void {
  const problem = problemOf(value, maxSecretLength);
  if (problem !== undefined) throw secretInvalid(field, problem);
}

/** A secret that resolved to something unusable: ERR_SECRET. `problem` says which rule it breaks. */
export function secretInvalid(field: 'password' | 'token', problem: string): EmailError {
  const path = `authentication.${field}`;
  return createEmailError('ERR_SECRET', `The secret of ${path} cannot be used: it ${problem}.`, {
    phase: 'authenticate',
    problems: [{ path, message: problem }],
    remedy: 'Check where the secret comes from: the variable, the file or the function.',
  });
}

/** UTF-16 units. Signed tokens that carry a user's groups reach some thousands. */
const maxIdentityLength = 1024;
const maxSecretLength = 32_768;

function problemOf(value: string, maxLength: number): string | undefined {
  if (value === '') return 'is empty';
  if (value.length > maxLength) return `is longer than ${maxLength} characters`;
  if (value.includes('\0')) return 'holds a NUL character, which no mechanism can carry';
  if (/\p{Surrogate}/u.test(value)) return 'holds half a surrogate pair, which UTF-8 cannot carry';
  return undefined;
}

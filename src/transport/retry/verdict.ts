/**
 * Decides what may follow a failed attempt. docs/design/retry.md has the table.
 * @module
 */
import type { EmailError, EmailErrorCode, EmailErrorPhase } from '../../model/error.js';
import { isConcurrencyRefusal } from '../../smtp/reply-error.js';

/**
 * 'final': no further attempt anywhere. 'moment': this server later, another one at once. 'server': another one only.
 * 'profile': another one only, and never in silence, because the profile or the certificate of the server is wrong.
 */
export type Verdict = 'final' | 'moment' | 'server' | 'profile';

const setUp: ReadonlySet<EmailErrorPhase | undefined> = new Set<EmailErrorPhase>([
  'resolve',
  'connect',
  'proxy',
  'tls',
  'greeting',
  'ehlo',
  'starttls',
  'authenticate',
]);

/** Did the connection fail before it could take a message? */
export function isSetUpFailure({ phase }: EmailError): boolean {
  return setUp.has(phase);
}

/** Errors that mean the same in every phase. */
const verdicts: Partial<Readonly<Record<EmailErrorCode, Exclude<Verdict, 'moment'>>>> = {
  ERR_DNS: 'server',
  ERR_CONNECT: 'server',
  ERR_PROXY: 'profile',
  ERR_TIMEOUT: 'server',
  ERR_TLS: 'profile',
  ERR_TLS_REQUIRED: 'profile',
  ERR_AUTH_REQUIRED: 'profile',
  ERR_AUTH_REJECTED: 'profile',
  ERR_AUTH_UNAVAILABLE: 'profile',
  ERR_AUTH_PLAINTEXT: 'profile',
};

/** `error` is that of a whole attempt. */
export function verdictOf(error: EmailError): Verdict {
  if (error.delivery !== 'not-delivered') return 'final';
  const verdict = verdicts[error.code];
  if (verdict !== undefined) return error.retryable ? 'moment' : verdict;
  switch (error.code) {
    case 'ERR_SMTP_PROTOCOL':
      return isSetUpFailure(error) ? 'server' : 'final';
    case 'ERR_SMTP_REPLY':
      return ofReply(error);
    case 'ERR_RECIPIENTS_REJECTED':
      return error.retryable && error.phase !== 'acceptance' ? 'moment' : 'final';
    default:
      return 'final';
  }
}

function ofReply(error: EmailError): Verdict {
  const { reply, phase, retryable } = error;
  if (isSetUpFailure(error)) return retryable ? 'moment' : 'server';
  if (!retryable || reply === undefined) return 'final';
  // Some servers keep a message to whose end they answer 4yz. 421 and too many connections are about the connection.
  if (phase === 'acceptance' && reply.code !== 421 && !isConcurrencyRefusal(error)) return 'final';
  return 'moment';
}

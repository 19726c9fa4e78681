/**
 * The state of a job after an attempt.
 * @module
 */
import { isEmailError } from 'sealpost';

/** Failures of one message. All other failures (a wrong password, an expired certificate) would affect every message. */
const ofMessage = new Set([
  'ERR_MESSAGE_INVALID',
  'ERR_CONTENT',
  'ERR_EXTENSION_MISSING',
  'ERR_RECIPIENTS_REJECTED',
  'ERR_MESSAGE_TOO_LARGE',
  'ERR_CERTIFICATE_MISSING',
  'ERR_SMIME',
]);
const ofTransaction = new Set(['transaction', 'content', 'acceptance']);
const isForNow = ({ reply }) => reply !== undefined && reply.code < 500;
const namesOf = (recipients) => recipients.map(({ recipient }) => recipient);

/**
 * - sent: all recipients have it, or were refused for good (`refused`).
 * - retry: the recipients in `to` (without `to`: all of them) do not have it, but the server may accept it later.
 * - fail: the server will not accept it without a change.
 * - hold: the server may have it. A person has to decide, because a second attempt may make a duplicate.
 *
 * @param {import('sealpost').SendResult | unknown} given the result of `send`, or its error
 * @returns {{ next: 'sent' | 'retry' | 'fail' | 'hold', reason?: string, to?: string[], refused?: string[] }}
 */
export function outcomeOf(given) {
  if (!(given instanceof Error)) {
    const to = namesOf(given.rejected.filter(isForNow));
    if (to.length > 0) return { next: 'retry', reason: `refused for now: ${to.join(', ')}`, to };
    return { next: 'sent', refused: namesOf(given.rejected) };
  }
  const reason = given.message;
  if (!isEmailError(given)) return { next: 'fail', reason };
  if (given.delivery === 'unknown') return { next: 'hold', reason };
  if (given.delivery === 'partly-delivered') {
    const to = namesOf(given.recipients.filter((failure) => failure.reply === undefined || isForNow(failure)));
    return to.length > 0 ? { next: 'retry', reason, to } : { next: 'fail', reason };
  }
  const isOwn = ofMessage.has(given.code) || (given.code === 'ERR_SMTP_REPLY' && ofTransaction.has(given.phase));
  return { next: isOwn && !given.retryable ? 'fail' : 'retry', reason };
}

/**
 * The replies to RCPT: the accepted recipients, and the error for refused ones.
 * @module
 */
import { createEmailError, withDetails } from '../../errors/email-error.js';
import type { EmailError, RecipientFailure } from '../../model/error.js';
import type { SmtpReply } from '../../model/reply.js';
import type { RejectedRecipient } from '../../model/report.js';
import { type Reply, showReply } from '../reply.js';
import { blockListRemedy, remedyOfTemporary, wantedFirst, wordsOf } from '../reply-error.js';
import { showText } from '../../util/show.js';

/** The replies to RCPT. */
export class RecipientReplies {
  readonly accepted: string[] = [];
  readonly #refused: { readonly recipient: string; readonly reply: Reply }[] = [];
  readonly #overflow: { readonly recipient: string; readonly reply: Reply }[] = [];

  add(recipient: string, reply: Reply): void {
    if (reply.positive) this.accepted.push(recipient);
    else if (this.accepted.length > 0 && saysTooMany(reply)) this.#overflow.push({ recipient, reply });
    else this.#refused.push({ recipient, reply });
  }

  /** Recipients beyond the number that the server accepts at once. They need another transaction. */
  get deferred(): readonly string[] {
    return this.#overflow.map(({ recipient }) => recipient);
  }

  get rejected(): readonly RejectedRecipient[] {
    return this.#refused.map(({ recipient, reply }) => ({ recipient, reply: reply.read() }));
  }

  /** Number of replies so far. */
  get count(): number {
    return this.accepted.length + this.#refused.length + this.#overflow.length;
  }

  /** Were all so far accepted? */
  get complete(): boolean {
    return this.#refused.length === 0 && this.#overflow.length === 0;
  }

  /**
   * The error for all recipients that were not accepted; nothing was delivered. `total` includes those without a reply.
   */
  failure(total: number): EmailError {
    const failures = [...this.#refused, ...this.#overflow].map(({ recipient, reply }) => ({
      recipient,
      reply: reply.read(),
    }));
    const error = recipientsRejected(failures, { taken: this.accepted.length, total });
    if (this.#overflow.length === 0) return error;
    // The server's limit for one transaction will be the same the next time.
    return withDetails(error, {
      retryable: false,
      remedy: 'The server accepts fewer recipients at once: send to fewer, or without requireAllRecipients.',
    });
  }
}

/**
 * Is the reply about the number of recipients, not about this one? 452, or 552 from old servers (RFC 5321 section
 * 4.5.3.1.10).
 */
function saysTooMany(reply: Reply): boolean {
  if (reply.code !== 452 && reply.code !== 552) return false;
  const { enhancedCode, lines } = reply.read();
  if (enhancedCode !== undefined && /^[45]\.5\.3$/.test(enhancedCode)) return true;
  return /too many recipients/i.test(lines.join(' '));
}

/** Context of a refusal: the other recipients and the phase. */
interface RejectionContext {
  /** Number of accepted recipients, which are dropped. Default 0. */
  readonly taken?: number | undefined;
  /** Number of all recipients. Default: the refused and the accepted ones. */
  readonly total?: number | undefined;
  /** Default 'transaction'. */
  readonly phase?: 'transaction' | 'acceptance' | undefined;
}

/**
 * ERR_RECIPIENTS_REJECTED, or ERR_AUTH_REQUIRED if that is the reason. Without accepted recipients it is retryable if
 * one refusal is temporary. With accepted ones all refusals must be temporary, because a permanent one would fail the
 * whole message again.
 */
export function recipientsRejected(
  failures: readonly (RecipientFailure & { readonly reply: SmtpReply })[],
  { taken = 0, total = failures.length + taken, phase = 'transaction' }: RejectionContext = {},
): EmailError {
  const [first] = failures;
  const isTemporary = ({ reply }: { readonly reply: SmtpReply }): boolean => reply.code < 500;
  const retryable = taken > 0 ? failures.every(isTemporary) : failures.some(isTemporary);
  const remedy =
    first !== undefined && failures.every(isTemporary)
      ? remedyOfTemporary(first.reply)
      : remedyOfPermanent(failures.find(({ reply }) => !isTemporary({ reply })));
  const details = { phase, retryable, recipients: failures, reply: first?.reply, remedy } as const;
  const words = first === undefined ? '' : `: ${showReply(first.reply)}`;
  if (first !== undefined && failures.every(({ reply }) => reply.code === 530)) {
    const { code, what, remedy: first530 } = wantedFirst(first.reply);
    return createEmailError(code, `The server ${what}${words}`, { ...details, remedy: first530 });
  }
  const count = total > failures.length ? `${failures.length} of ${total}` : `all ${failures.length}`;
  const name = first === undefined ? 'the recipients' : showText(first.recipient, 320);
  const what = total === 1 ? name : `${count} recipients, the first of them ${name}`;
  return createEmailError('ERR_RECIPIENTS_REJECTED', `The server refused ${what}${words}`, details);
}

/** The remedy of a recipient's permanent refusal. 5.1.x is about the address, even where the text names a relay. */
function remedyOfPermanent(failure: { readonly recipient: string; readonly reply: SmtpReply } | undefined): string {
  const check = "Check the addresses: the server's reply gives the reason.";
  if (failure === undefined) return check;
  const { recipient, reply } = failure;
  const words = wordsOf(reply);
  if (/\bclient host\b.*\bblocked using\b/i.test(words)) return blockListRemedy;
  if (!/\brelay(?:ing)?\b(?![.-]\w)/i.test(words) || reply.enhancedCode?.startsWith('5.1.') === true) return check;
  const domain = showText(recipient.slice(recipient.lastIndexOf('@') + 1), 255);
  return (
    `The server does not relay mail to ${domain} for this sender. If the profile has no authentication, set it (with ` +
    'the port for submission, usually 587), or ask the operator to allow this machine to relay.'
  );
}

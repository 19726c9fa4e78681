/**
 * Turns replies into errors.
 * @module
 */
import { createEmailError, type EmailErrorDetails, isEmailError } from '../errors/email-error.js';
import type { EmailError, EmailErrorCode, EmailErrorPhase } from '../model/error.js';
import type { SmtpReply } from '../model/reply.js';
import { Broken } from './dialogue.js';
import { type Reply, showReply } from './reply.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** The error of a reply. `what` continues "The server" and says what the server did. */
export function replyError(
  what: string,
  reply: Reply,
  details: EmailErrorDetails & { readonly code?: EmailErrorCode } = {},
): EmailError {
  const { code = 'ERR_SMTP_REPLY', ...rest } = withoutPrototype(details);
  const read = reply.read();
  const temporary = reply.code < 500;
  return createEmailError(code, `The server ${what}: ${showReply(read)}`, {
    reply: read,
    retryable: temporary,
    remedy: temporary ? remedyOfTemporary(read) : undefined,
    ...rest,
  });
}

/**
 * The remedy of a 4yz reply (RFC 5321 section 4.2.1). Greylisting (RFC 6647) and too many connections have their own.
 */
export function remedyOfTemporary(reply: SmtpReply): string {
  const words = wordsOf(reply);
  if (greylisted.test(words))
    return (
      'The server uses greylisting: for some minutes it refuses senders that are new to it. Try the same message again ' +
      'from this machine in about fifteen minutes.'
    );
  if (tooManyConnections.test(words))
    return (
      'Try again in some minutes. If it happens again, lower pool.maxConnections, or check which other programs on this machine ' +
      'connect to that server.'
    );
  return 'The server reports a temporary failure: try again later.';
}

/** The text of a reply, for patterns; the beginning of a long one. */
export function wordsOf({ lines }: SmtpReply): string {
  return lines.join(' ').slice(0, 1000);
}

/** The remedy if a block list contains this machine. */
export const blockListRemedy =
  'The address of this machine is on the block list that the reply names: ask that list for removal, or send ' +
  'through the submission service of your provider (port 587 or 465, with authentication).';

const greylisted = /\bgr[ae]y[- ]?list|\bpostgrey\b/i;

/**
 * A refusal in the form that a dialogue throws. The connection stays usable, unless the server closes it (421, RFC 5321
 * section 3.8).
 */
export function thrown(refusal: EmailError): EmailError | Broken {
  return refusal.reply?.code === 421 ? new Broken(refusal) : refusal;
}

/** Makes and throws such a refusal from a reply. */
export function refused(
  what: string,
  reply: Reply,
  details: Parameters<typeof replyError>[2] = {},
): EmailError | Broken {
  return thrown(replyError(what, reply, details));
}

/**
 * A reply that is not allowed at this point: the state of the server is unknown afterwards. `more` ends the sentence.
 */
export function misplaced(expected: string, reply: Reply, details: EmailErrorDetails = {}, more = ''): Broken {
  const read = reply.read();
  const message = `The server answered ${showReply(read)} instead of ${expected}${more}.`;
  return new Broken(createEmailError('ERR_SMTP_PROTOCOL', message, { reply: read, ...details }));
}

const wantsAuthentication = {
  code: 'ERR_AUTH_REQUIRED',
  what: 'requires authentication',
  remedy: 'Set authentication in the profile: in most cases method, username and password.',
} as const;
const wantsTls = {
  code: 'ERR_TLS_REQUIRED',
  what: 'wants TLS',
  remedy: "Set server.security to 'explicit', or to 'automatic'.",
} as const;

/** The first requirement of a 530: authentication (RFC 4954 section 6) or TLS (RFC 3207 section 4). */
export function wantedFirst({ lines }: SmtpReply): typeof wantsAuthentication | typeof wantsTls {
  return /\bSTARTTLS\b/i.test(lines.join(' ')) ? wantsTls : wantsAuthentication;
}

/**
 * 552 without an enhanced code, or with one that is about size. Gmail refuses certain kinds of attachments with 552
 * 5.7.0.
 */
export function saysTooLarge({ code, enhancedCode }: SmtpReply): boolean {
  return enhancedCode === undefined ? code === 552 : /^5\.(?:2\.3|3\.4)$/.test(enhancedCode);
}

/**
 * Does the server refuse a message because too many connections are open? Then it may be sent on one of the others. 432
 * always means this (Microsoft 365, at MAIL or at the end of data); 421, 451 and 454 do if their text says so. Only if
 * the message was not delivered.
 */
export function isConcurrencyRefusal(error: unknown): error is EmailError {
  if (!isEmailError(error) || error.reply === undefined || error.delivery !== 'not-delivered') return false;
  const { code, enhancedCode } = error.reply;
  if (code === 432) return true;
  if (code !== 421 && code !== 451 && code !== 454) return false;
  return enhancedCode === '4.7.66' || tooManyConnections.test(wordsOf(error.reply));
}

const tooManyConnections = /concurren|too many (?:\w+ )?(?:connections|sessions)|connections? limit/i;

/** The error of a refusal. Some reasons have a code of their own. `octets` is the length of the message, if known. */
export function refusalError(what: string, reply: Reply, phase: EmailErrorPhase, octets?: number): EmailError {
  if (reply.code === 530) {
    const { what: wanted, ...details } = wantedFirst(reply.read());
    return replyError(wanted, reply, { ...details, phase });
  }
  if (reply.code >= 500 && saysTooLarge(reply.read())) {
    const length = octets === undefined ? '' : ` of ${octets} octets`;
    return replyError(`refused the message${length} as too large`, reply, {
      code: 'ERR_MESSAGE_TOO_LARGE',
      phase,
      remedy: 'Send a smaller message, or ask the operator of the server for its limit.',
    });
  }
  if (reply.code < 500) return replyError(what, reply, { phase });
  if (phase === 'transaction') return replyError(what, reply, { phase, remedy: senderRemedy });
  return replyError(what, reply, { phase, remedy: isSpam.test(wordsOf(reply.read())) ? spamRemedy : contentRemedy });
}

const senderRemedy = 'Check sender.email (and sender.envelopeFrom, if set), and that the account may send from it.';
const isSpam = /\bspam\b|\bunsolicited\b/i;
const spamRemedy =
  "The server considers the message spam: check SPF, DKIM and DMARC of the sender's domain, and the links and " +
  'attachments. The operator of the server can say which rule it was.';
const contentRemedy =
  "The server's reply gives the reason: the content, the size or the sender of the message. The operator of " +
  'the server can say more.';

/**
 * The only error class, and the functions that make and recognize its errors.
 * @module
 */
import type {
  EmailError,
  EmailErrorCode,
  EmailErrorPhase,
  Problem,
  RecipientFailure,
  SendAttempt,
} from '../model/error.js';
import type { SmtpReply } from '../model/reply.js';
import { showText } from '../util/show.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** The same symbol in every copy of the library, so that `isEmailError` works across ESM and CJS. */
const brand = Symbol.for('sealpost.EmailError');

/**
 * The fields of an error besides its code and message. `retryable` and `delivery` default to false and 'not-delivered'.
 */
export type EmailErrorDetails = Partial<Omit<EmailError, 'name' | 'message' | 'code' | 'stack' | 'toJSON'>>;

const doubt =
  'The server may have the message, and sending it again may make a duplicate: check whether it arrived ' +
  'before you send it again.';

/** The remedy of an error after which the message may have arrived. It begins with the check for that. */
function withDoubt(remedy: string | undefined): string {
  if (remedy === undefined) return doubt;
  return remedy.includes(doubt) ? remedy : `${doubt} ${remedy}`;
}

/** The only error class. Everything that the library throws is an instance of it, distinguished by `code`. */
class SealpostError extends Error implements EmailError {
  // Fields without a value are declared but not set, because people read errors in the console.
  declare readonly [brand]: true;
  readonly code: EmailErrorCode;
  readonly retryable: boolean;
  readonly delivery: EmailError['delivery'];
  declare readonly phase?: EmailErrorPhase | undefined;
  declare readonly reply?: SmtpReply | undefined;
  declare readonly problems?: readonly Problem[] | undefined;
  declare readonly recipients?: readonly RecipientFailure[] | undefined;
  declare readonly remedy?: string | undefined;
  declare readonly server?: string | undefined;
  declare readonly profile?: string | undefined;
  declare readonly messageId?: string | undefined;
  declare readonly attempts?: readonly SendAttempt[] | undefined;

  constructor(code: EmailErrorCode, message: string, details: EmailErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.delivery = details.delivery ?? 'not-delivered';
    this.retryable = (details.retryable ?? false) && this.delivery === 'not-delivered';
    if (details.phase !== undefined) this.phase = details.phase;
    if (details.reply !== undefined) this.reply = details.reply;
    if (details.problems !== undefined) this.problems = details.problems;
    if (details.recipients !== undefined) this.recipients = details.recipients;
    const remedy = this.delivery === 'unknown' ? withDoubt(details.remedy) : details.remedy;
    if (remedy !== undefined) this.remedy = remedy;
    if (details.server !== undefined) this.server = details.server;
    if (details.profile !== undefined) this.profile = details.profile;
    if (details.messageId !== undefined) this.messageId = details.messageId;
    if (details.attempts !== undefined) this.attempts = details.attempts;
  }

  toJSON(): object {
    const { name, code, message } = this;
    return { name, code, message, ...factsOf(this) };
  }
}

/** The fields of an error besides those of every Error and its code. */
function factsOf(error: EmailError): EmailErrorDetails {
  const { retryable, delivery, phase, reply, problems, recipients, remedy } = error;
  const { server, profile, messageId, attempts } = error;
  return {
    retryable,
    delivery,
    phase,
    reply,
    problems,
    recipients,
    remedy,
    server,
    profile,
    messageId,
    attempts,
  };
}

Object.defineProperty(SealpostError.prototype, 'name', { value: 'EmailError', configurable: true, writable: true });
Object.defineProperty(SealpostError.prototype, brand, { value: true });
// Fields without a value must read as undefined, whatever is on Object.prototype.
for (const field of [
  'phase',
  'reply',
  'problems',
  'recipients',
  'remedy',
  'server',
  'profile',
  'messageId',
  'attempts',
] as const)
  Object.defineProperty(SealpostError.prototype, field, { value: undefined, configurable: true, writable: true });
// The console shows the name of the class.
Object.defineProperty(SealpostError, 'name', { value: 'EmailError' });

/**
 * Makes an EmailError, for authors of transports and connectors. Other errors that they throw become the `cause` of
 * one. `retryable` only takes effect if `delivery` is 'not-delivered'.
 */
export function createEmailError(code: EmailErrorCode, message: string, details: EmailErrorDetails = {}): EmailError {
  const error = new SealpostError(code, message, withoutPrototype(details));
  Error.captureStackTrace(error, createEmailError);
  return error;
}

/**
 * Whether a value is an error of this library, from any copy of it (ESM or CommonJS).
 *
 * @example
 * ```ts
 * try {
 *   await mailer.send(message);
 * } catch (error) {
 *   if (!isEmailError(error)) throw error;
 *   console.error(error.code, error.message, error.delivery, error.remedy);
 * }
 * ```
 */
export function isEmailError(error: unknown): error is EmailError {
  return fieldOf(error, brand) === true;
}

/**
 * The same error with other details, and another message if one is given: facts that a higher layer has and a lower one
 * had not.
 */
export function withDetails(error: EmailError, details: EmailErrorDetails, message = error.message): EmailError {
  const copy = createEmailError(error.code, message, { ...factsOf(error), cause: error.cause, ...details });
  if (error.stack !== undefined) copy.stack = error.stack.replace(error.message, () => message);
  return copy;
}

/** Errors that a program or its settings made, whichever server was asked. */
const notOfServer: ReadonlySet<EmailErrorCode> = new Set([
  'ERR_PROFILE_INVALID',
  'ERR_SECRET',
  'ERR_ABORTED',
  'ERR_CLOSED',
  'ERR_STORE',
]);

/** Names the server (host:port) that an error came from, unless it names one, or came from none. */
export function atServer(error: unknown, server: string | undefined): unknown {
  if (server === undefined || !isEmailError(error) || error.server !== undefined || notOfServer.has(error.code))
    return error;
  return withDetails(error, { server });
}

/** The remedy of every error with `problems`. */
export const correctFields = 'Correct the fields named in this error.';

/** A problem in a message: ERR_MESSAGE_INVALID with one entry. */
export function messageInvalid(path: string, message: string): EmailError {
  return createEmailError('ERR_MESSAGE_INVALID', `The message cannot be sent: ${path}: ${message}`, {
    problems: [{ path, message }],
    remedy: correctFields,
  });
}

/** A problem in a profile: ERR_PROFILE_INVALID with one entry. */
export function profileInvalid(path: string, message: string): EmailError {
  return createEmailError('ERR_PROFILE_INVALID', `The profile is not valid: ${path}: ${message}`, {
    problems: [{ path, message }],
    remedy: correctFields,
  });
}

/** Is it an Error, whichever realm or library made it? `instanceof` knows this realm's classes only. */
export function isError(value: unknown): value is Error {
  return typeof fieldOf(value, 'name') === 'string' && typeof fieldOf(value, 'message') === 'string';
}

/** Anything that was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(reasonOf(thrown));
}

/** The text of anything that was thrown. */
export function reasonOf(error: unknown): string {
  if (isError(error)) return error.message;
  try {
    return String(error);
  } catch {
    return 'a value that cannot be shown';
  }
}

/** A field of anything that was thrown; undefined if it has none, or a getter or a Proxy throws. */
function fieldOf(thrown: unknown, name: string | symbol): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  try {
    return (thrown as Readonly<Record<string | symbol, unknown>>)[name];
  } catch {
    return undefined;
  }
}

/** The name of a value that foreign code threw, whose message may contain secrets. */
export function kindOfError(error: unknown): string {
  return isError(error) ? showText(error.name, 60) : 'a value that is not an Error';
}

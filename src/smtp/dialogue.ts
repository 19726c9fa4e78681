/**
 * The protocol as a value. A dialogue is a generator that yields the next step and is resumed with its result. The
 * connection performs the steps, with deadlines. If the stream fails, the error is thrown into the dialogue at its
 * current step.
 *
 * Several dialogues share a connection. Each may write once the one before it has released the connection, and replies
 * go to them in the order in which they wrote. Pipelining across messages therefore needs no other protocol, only an
 * earlier `release`.
 *
 * A dialogue requests each block of content, adds dots or counts it, and writes it. Dot-stuffing, BDAT and sizes thus
 * stay in the protocol, where they can be tested without a socket. Composing happens before the dialogue, because MAIL
 * depends on it.
 * @module
 */
import { isEmailError, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Command } from './command.js';
import type { Reply } from './reply.js';

/** A step for the connection to perform. */
export type Step =
  /**
   * Writes commands, then bytes unchanged, in one write with other output that is ready. Resumed when there is room for
   * more.
   */
  | {
      readonly do: 'write';
      readonly commands: readonly Command[];
      readonly content: readonly Uint8Array[] | undefined;
      /** Number of replies that the write requires. */
      readonly replies: number;
      /** Called when it has been passed to the stream: from then on the server may have it. */
      readonly onSent: (() => void) | undefined;
    }
  /** Reads the next reply. */
  | { readonly do: 'read'; readonly within: ReplyDeadline }
  /** Takes a reply that has already arrived, or undefined. */
  | { readonly do: 'poll' }
  /** Reads the next block of content, or undefined at its end. */
  | { readonly do: 'block' }
  /** Gets the mechanism's answer to a challenge; without a challenge, its initial response. */
  | { readonly do: 'sasl'; readonly challenge: Buffer | undefined }
  /** Releases the connection: everything is written, and the next dialogue may begin. */
  | { readonly do: 'release' };

/** The deadline that applies to a reply. */
export type ReplyDeadline = 'greetingMs' | 'replyMs' | 'acceptanceMs';

/** The result of a step: a reply, bytes, or nothing. */
export type StepResult = Reply | Uint8Array | undefined;

/** A generator that yields steps, is resumed with their results, and returns its value. */
export type Dialogue<T> = Generator<Step, T, StepResult>;

/** Thrown by a dialogue after which the connection cannot be used. */
export class Broken {
  constructor(readonly error: Error) {}
}

/** Everything is written: the next dialogue may begin. */
export const release: Step = { do: 'release' };

/** The steps for the next reply. */
export const nextReply = {
  greetingMs: { do: 'read', within: 'greetingMs' },
  replyMs: { do: 'read', within: 'replyMs' },
  acceptanceMs: { do: 'read', within: 'acceptanceMs' },
} as const satisfies Record<ReplyDeadline, Step>;
const poll: Step = { do: 'poll' };
const block: Step = { do: 'block' };

// The type of a generator cannot express which result belongs to which step. The casts below, which do, are the only
// ones.

/**
 * The result of a step for the next reply. `replyOf(yield nextReply.replyMs)` does without the generator of
 * `readReply`.
 */
export function replyOf(result: StepResult): Reply {
  return result as Reply;
}

/** The next reply. */
export function* readReply(within: ReplyDeadline = 'replyMs'): Dialogue<Reply> {
  return replyOf(yield nextReply[within]);
}

/** A reply that has already arrived. */
export function* pollReply(): Dialogue<Reply | undefined> {
  return (yield poll) as Reply | undefined;
}

/** The next block of content; undefined at its end. */
export function* nextBlock(): Dialogue<Uint8Array | undefined> {
  return (yield block) as Uint8Array | undefined;
}

/** The mechanism's answer to a challenge; without a challenge, its initial response, if it has one. */
export function* askMechanism(challenge?: Buffer): Dialogue<Uint8Array | undefined> {
  return (yield { do: 'sasl', challenge }) as Uint8Array | undefined;
}

/** Writes commands without content, each of which requires one reply. */
export function write(commands: readonly Command[]): Step {
  return { do: 'write', commands, content: undefined, replies: commands.length, onSent: undefined };
}

/**
 * Writes one command and reads its reply. `reason` is the error that made the command necessary: if the connection is
 * lost before the reply, it is the error of the dialogue, with the loss as its cause.
 */
export function* ask(command: Command, reason?: EmailError): Dialogue<Reply> {
  try {
    yield write([command]);
    return yield* readReply();
  } catch (error) {
    throw reason !== undefined && error instanceof Broken ? new Broken(outlasting(reason, error.error)) : error;
  }
}

/**
 * An error that persists after its connection was lost; the loss becomes its cause. If the caller ended the connection,
 * that is the error instead.
 */
export function outlasting(reason: EmailError, loss: Error): Error {
  if (reason === loss || (isEmailError(loss) && (loss.code === 'ERR_ABORTED' || loss.code === 'ERR_CLOSED')))
    return loss;
  return withDetails(reason, { cause: loss });
}

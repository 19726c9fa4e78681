/**
 * The protocol as a value. A dialogue is a generator that yields the next step and is resumed with its result. The connection performs the
 * steps, with deadlines. A failure of the stream is thrown into the dialogue at the step where it stands.
 *
 * Several dialogues share a connection: each may write once the one before it has released the connection, and replies go to them in the
 * order in which they wrote. So pipelining across messages needs no other protocol, only an earlier `release`.
 *
 * A dialogue asks for each block of content, adds dots or counts it, and writes it. That keeps dot-stuffing, BDAT and sizes in the protocol,
 * where they can be tested without a socket. Composing comes before the dialogue, since MAIL depends on it.
 *
 * @module
 */
import { isEmailError, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Command } from './command.js';
import type { Reply } from './reply.js';

/** What a dialogue asks of the connection. */
export type Step =
  /** Commands, then bytes as they are, in one write with other output that is ready. Resumed when there is room for more. */
  | {
      readonly do: 'write';
      readonly commands: readonly Command[];
      readonly content: readonly Uint8Array[] | undefined;
      /** How many replies this calls for. */
      readonly replies: number;
      /** Called when it was handed to the stream: from then on the server may have it. */
      readonly onSent: (() => void) | undefined;
    }
  /** The next reply. */
  | { readonly do: 'read'; readonly within: ReplyDeadline }
  /** A reply that is already here, or undefined. */
  | { readonly do: 'poll' }
  /** The next block of content, or undefined at its end. */
  | { readonly do: 'block' }
  /** The mechanism's answer to a challenge; without one, its initial response. */
  | { readonly do: 'sasl'; readonly challenge: Buffer | undefined }
  /** All is written: the next dialogue may begin. */
  | { readonly do: 'release' };

/** Which of the deadlines holds for a reply. */
export type ReplyDeadline = 'greetingMs' | 'replyMs' | 'acceptanceMs';

/** What a dialogue is resumed with: a reply, or bytes, or nothing. */
export type StepResult = Reply | Uint8Array | undefined;

/** A generator that yields steps, is resumed with their results, and returns its value. */
export type Dialogue<T> = Generator<Step, T, StepResult>;

/** Thrown by a dialogue after which nothing more can be said on this connection. */
export class Broken {
  constructor(readonly error: Error) {}
}

/** All is written: the next dialogue may begin. */
export const release: Step = { do: 'release' };

const read = {
  greetingMs: { do: 'read', within: 'greetingMs' },
  replyMs: { do: 'read', within: 'replyMs' },
  acceptanceMs: { do: 'read', within: 'acceptanceMs' },
} as const satisfies Record<ReplyDeadline, Step>;
const poll: Step = { do: 'poll' };
const block: Step = { do: 'block' };

// The types of a generator cannot tell which result belongs to which step: that is said here, and nowhere else.

/** The next reply. */
export function* readReply(within: ReplyDeadline = 'replyMs'): Dialogue<Reply> {
  return (yield read[within]) as Reply;
}

/** A reply that is already here. */
export function* pollReply(): Dialogue<Reply | undefined> {
  return (yield poll) as Reply | undefined;
}

/** The next block of content; undefined at its end. */
export function* nextBlock(): Dialogue<Uint8Array | undefined> {
  return (yield block) as Uint8Array | undefined;
}

/** The mechanism's answer to a challenge; without one its initial response, if it has any. */
export function* askMechanism(challenge?: Buffer): Dialogue<Uint8Array | undefined> {
  return (yield { do: 'sasl', challenge }) as Uint8Array | undefined;
}

/** Commands without content, each of which calls for one reply. */
export function write(commands: readonly Command[]): Step {
  return { do: 'write', commands, content: undefined, replies: commands.length, onSent: undefined };
}

/**
 * One command and its reply. `reason` is why the command is needed, an error: if the connection is lost before the reply, that is the error
 * of the dialogue, with the loss as its cause.
 */
export function* ask(command: Command, reason?: EmailError): Dialogue<Reply> {
  try {
    yield write([command]);
    return yield* readReply();
  } catch (error) {
    throw reason !== undefined && error instanceof Broken ? new Broken(outlasting(reason, error.error)) : error;
  }
}

/** An error that outlasts the loss of its connection, which becomes its cause. If the caller ended the connection, that is the error. */
export function outlasting(reason: EmailError, loss: Error): Error {
  if (reason === loss || (isEmailError(loss) && (loss.code === 'ERR_ABORTED' || loss.code === 'ERR_CLOSED')))
    return loss;
  return withDetails(reason, { cause: loss });
}

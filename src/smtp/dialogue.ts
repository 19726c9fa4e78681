import { isEmailError, withDetails } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { Command } from './command.js';
import type { Reply } from './reply.js';

/**
 * The protocol as a value. A dialogue is a generator that yields what is to be done and is resumed with what came of it; the
 * connection does it, with deadlines. A failure of the stream is thrown into it where it stands.
 *
 * Several dialogues share a connection: each may write once the one before it has released the connection, and replies go to them
 * in the order in which they wrote. So pipelining across messages is no other protocol, only an earlier `release`.
 *
 * Content is not a step: a dialogue asks for a block, dots or counts it, and writes it. That keeps dot-stuffing, BDAT and the sizes
 * in the protocol, where they can be tested without a socket. Composing comes before the dialogue, since MAIL depends on it.
 */
export type Step =
  /** Commands, then bytes as they are; to leave in one write with whatever else is ready. Resumed when there is room for more. */
  | {
      readonly do: 'write';
      readonly commands: readonly Command[];
      readonly content?: readonly Uint8Array[] | undefined;
      /** How many replies this calls for. */
      readonly replies: number;
      /** Called when it was handed to the stream: from then on the server may have it. */
      readonly onSent?: (() => void) | undefined;
    }
  /** The next reply. */
  | { readonly do: 'read'; readonly within: ReplyDeadline }
  /** A reply that is already here, or undefined. */
  | { readonly do: 'poll' }
  /** The next block of content, or undefined at its end. */
  | { readonly do: 'block' }
  /** The mechanism's answer to a challenge; without one, its initial response. */
  | { readonly do: 'sasl'; readonly challenge?: Buffer | undefined }
  /** All is written: the next dialogue may begin. */
  | { readonly do: 'release' };

/** Which of the deadlines holds for a reply. */
export type ReplyDeadline = 'greetingMs' | 'replyMs' | 'acceptanceMs';

/** What a dialogue is resumed with: a reply, or bytes, or nothing. */
export type StepResult = Reply | Uint8Array | undefined;

/** See above. */
export type Dialogue<T> = Generator<Step, T, StepResult>;

/** Thrown by a dialogue after which nothing more can be said on this connection. */
export class Broken {
  constructor(readonly error: Error) {}
}

/** Steps that have nothing of their own to say. */
export const readReply: Step = { do: 'read', within: 'replyMs' };
export const readGreeting: Step = { do: 'read', within: 'greetingMs' };
export const readAcceptance: Step = { do: 'read', within: 'acceptanceMs' };
export const pollReply: Step = { do: 'poll' };
export const nextBlock: Step = { do: 'block' };
export const release: Step = { do: 'release' };

/**
 * One command and its reply. `reason` is why the command is needed, an error: if the connection is lost before the reply, that is the error
 * of the dialogue, with the loss as its cause.
 */
export function* ask(command: Command, reason?: EmailError): Dialogue<Reply> {
  try {
    yield { do: 'write', commands: [command], replies: 1 };
    return (yield readReply) as Reply;
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

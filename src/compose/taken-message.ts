/**
 * Takes a message over from the program: a copy of its fields, and its streams.
 * @module
 */
import type { MailMessage } from '../model/message.js';
import { Sources } from './content/sources.js';
import { ownMessage, readable } from './message/own-message.js';

/** A message that was copied, and whose streams belong to the library now. */
export interface TakenMessage {
  /** The object that the program passed. */
  readonly given: MailMessage;
  readonly message: MailMessage;
  readonly sources: Sources;
  /** Present if a stream cannot be taken. The other sources are still to be closed. */
  readonly fault: { readonly error: unknown } | undefined;
}

/** ERR_MESSAGE_INVALID if a field cannot be read. `streams` contains the streams of all earlier messages. */
export function takeMessage(given: MailMessage, signal: AbortSignal, streams: WeakSet<object>): TakenMessage {
  const message = ownMessage(given);
  const sources = new Sources(signal);
  try {
    readable(() => sources.take(message, streams));
    return { given, message, sources, fault: undefined };
  } catch (error) {
    return { given, message, sources, fault: { error } };
  }
}

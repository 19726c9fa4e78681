/**
 * A message that passed all checks, as the composer passes it on.
 * @module
 */
import type { Envelope } from '../model/envelope.js';
import type { Warning } from '../model/reply.js';
import type { ContentCapabilities, OutgoingContent } from '../model/transport.js';
import type { MessageIdentity } from './message/message-ids.js';

/** A copy of a message: the content of one transaction. */
export interface MessageCopy {
  readonly envelope: Envelope;
  compose(accepts?: ContentCapabilities): Promise<OutgoingContent>;
}

/** A message that passed all checks. */
export interface PreparedMessage {
  /** The Message-ID without brackets. */
  readonly messageId: string;
  /** The envelope of the message: the recipients of all copies together. */
  readonly envelope: Envelope;
  /** At least one copy; several if Bcc copies are encrypted separately. */
  readonly copies: readonly MessageCopy[];
  readonly warnings: readonly Warning[];
  /** The recipients that the message names, if the envelope was redirected. */
  readonly originalRecipients: readonly string[] | undefined;
  /** Did only the profile request notifications? Then a server without DSN causes a warning, not an error. */
  readonly dsnIfOffered: boolean;
  /** Removes temporary files of the message; undefined if there are none. */
  readonly dispose: (() => Promise<void>) | undefined;
  /** The identity of a message without a Message-ID of its own. */
  readonly identity: MessageIdentity | undefined;
}

/** The fields of an envelope that asks the server for nothing besides delivery. */
export const noRequests: Partial<Envelope> = Object.freeze(Object.create(null));

/** An envelope that names every field, so that none is inherited, and so that all envelopes have one shape. */
export function envelopeOf(
  from: string,
  to: readonly string[],
  { requireTls, deliverBy, holdUntil, mtPriority }: Partial<Envelope>,
  dsn?: Envelope['dsn'],
): Envelope {
  return { from, to, dsn, requireTls, deliverBy, holdUntil, mtPriority };
}

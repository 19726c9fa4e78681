/**
 * What passes between the composer and the protection of a message.
 *
 * @module
 */
import type { RenderedEntity } from './entity.js';
import type { MailMessage } from './message.js';
import type { Warning } from './reply.js';

/** A header field that is written, with its name for header protection and DKIM. */
export interface WrittenField {
  readonly name: string;
  /** The whole field, folded, with its CRLF. */
  readonly text: string;
}

/** A message's fields outside, and the entity that holds the rest. */
export interface SealedMessage {
  readonly fields: readonly WrittenField[];
  readonly entity: RenderedEntity;
}

/** Addresses of a message that certificates are found for or compared with. */
export interface MessageAddresses {
  /** Of From and Sender. */
  readonly senders: readonly string[];
  /** Of the envelope. */
  readonly recipients: readonly string[];
  /** Those of To and Cc. */
  readonly visible: ReadonlySet<string>;
}

/** Signing and encryption of one message. */
export interface MessageProtection {
  /** Recipients by copy: those that the message shows together, every other one alone. */
  readonly groups: readonly (readonly string[])[];
  readonly warnings: readonly Warning[];
  seal(
    entity: RenderedEntity,
    fields: readonly WrittenField[],
    recipients: readonly string[],
    signal: AbortSignal,
  ): Promise<SealedMessage>;
}

/** Signs and encrypts the messages of a profile. */
export interface MessageProtector {
  /** What is done to this message: the profile's choice, unless the message switches it off. */
  wanted(message: MailMessage): { readonly sign: boolean; readonly encrypt: boolean };
  /** undefined if nothing is wanted. All certificates are found before anything is sent. */
  protect(
    message: MailMessage,
    addresses: MessageAddresses,
    signal: AbortSignal,
  ): Promise<MessageProtection | undefined>;
}

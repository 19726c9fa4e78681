/**
 * The interface between the composer and the protection of a message.
 * @module
 */
import type { RenderedEntity } from './entity.js';
import type { MailMessage } from './message.js';
import type { Warning } from './reply.js';

/** A header field in its written form, with its name for header protection and DKIM. */
export interface WrittenField {
  readonly name: string;
  /** The whole field, folded, with its CRLF. */
  readonly text: string;
}

/** A message's outer fields, and the entity that contains the rest. */
export interface SealedMessage {
  readonly fields: readonly WrittenField[];
  readonly entity: RenderedEntity;
}

/** Addresses of a message for which certificates are found, or with which they are compared. */
export interface MessageAddresses {
  /** Addresses of From and Sender. */
  readonly senders: readonly string[];
  /** Addresses of the envelope. */
  readonly recipients: readonly string[];
  /** Addresses of To and Cc. */
  readonly visible: ReadonlySet<string>;
}

/** Signing and encryption of one message. */
export interface MessageProtection {
  /** The recipients of each copy: those that the message shows share one copy, every other recipient gets a separate one. */
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
  /** Should this message be signed and encrypted? The profile decides, unless the message switches it off. */
  wanted(message: MailMessage): { readonly sign: boolean; readonly encrypt: boolean };
  /** Finds all certificates before anything is sent. undefined if the message is neither signed nor encrypted. */
  protect(
    message: MailMessage,
    addresses: MessageAddresses,
    signal: AbortSignal,
  ): Promise<MessageProtection | undefined>;
}

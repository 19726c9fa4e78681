/**
 * The Message-ID of a message object. A retry is the same message: an object whose last send failed keeps its id while
 * its recipients are the same. After a success, during a send, and for other recipients, the next send makes another
 * id. Receivers drop a second message with the same id.
 * @module
 */
import type { ParsedMailbox } from '../../address/mailbox.js';
import { createMessageId } from '../../mime/identifier.js';
import type { MailMessage } from '../../model/message.js';

/** The mailboxes of a message. Other recipients make another message of the same object. */
export interface NamedMailboxes {
  readonly from: ParsedMailbox;
  readonly to: readonly ParsedMailbox[];
  readonly cc: readonly ParsedMailbox[];
  readonly bcc: readonly ParsedMailbox[];
}

/** The id of a message object, and its recipients. It records whether the next send may use it. */
export class MessageIdentity {
  /** The id with its brackets. */
  readonly id: string;
  readonly #mailboxes: NamedMailboxes;
  readonly #envelope: readonly string[] | undefined;
  /** False from the start of a send with this id until that send fails. */
  #free = true;

  constructor(id: string, mailboxes: NamedMailboxes, envelope: readonly string[] | undefined) {
    this.id = id;
    this.#mailboxes = mailboxes;
    this.#envelope = envelope;
  }

  /** Called when a send with this id begins. */
  begin(): void {
    this.#free = false;
  }

  /** Called when the send failed: the next one is the same message. */
  release(): void {
    this.#free = true;
  }

  mayServe({ to, cc, bcc }: NamedMailboxes, envelope: readonly string[] | undefined): boolean {
    const known = this.#mailboxes;
    return (
      this.#free &&
      sameMailboxes(known.to, to) &&
      sameMailboxes(known.cc, cc) &&
      sameMailboxes(known.bcc, bcc) &&
      sameTexts(this.#envelope ?? [], envelope ?? [])
    );
  }
}

function sameMailboxes(some: readonly ParsedMailbox[], others: readonly ParsedMailbox[]): boolean {
  return some.length === others.length && some.every(({ email }, at) => email === others[at]?.email);
}

function sameTexts(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, at) => text === others[at]);
}

/** The identity of a message object: the existing one if it may be used, else a new one with the author's domain. */
export function identityOf(
  message: MailMessage,
  mailboxes: NamedMailboxes,
  envelope: readonly string[] | undefined,
): MessageIdentity {
  const known = Identified.of(message) ?? inextensible.get(message);
  if (known?.mayServe(mailboxes, envelope) === true) return known;
  const identity = new MessageIdentity(createMessageId(mailboxes.from.domain), mailboxes, envelope);
  if (Object.isExtensible(message) || Identified.of(message) !== undefined) Identified.set(message, identity);
  else inextensible.set(message, identity);
  return identity;
}

/** Identities of frozen and sealed objects, to which no field can be added. */
const inextensible = new WeakMap<object, MessageIdentity>();

/**
 * A base class whose constructor returns an existing object: private fields of a subclass are then added to that
 * object.
 */
class Bearer {
  constructor(message: object) {
    return message;
  }
}

/**
 * Stores the identity in a private field added to the caller's message object. A WeakMap would do the same but costs
 * several microseconds of garbage collection per message.
 */
class Identified extends Bearer {
  #identity: MessageIdentity;

  private constructor(message: object, identity: MessageIdentity) {
    super(message);
    this.#identity = identity;
  }

  static of(message: object): MessageIdentity | undefined {
    return #identity in message ? message.#identity : undefined;
  }

  static set(message: object, identity: MessageIdentity): void {
    if (#identity in message) message.#identity = identity;
    else new Identified(message, identity);
  }
}

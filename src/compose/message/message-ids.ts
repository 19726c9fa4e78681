/** A message object keeps its Message-ID, so that a retry is the same message. */
import { createMessageId } from '../../mime/identifier.js';
import type { MailMessage } from '../../model/message.js';

/** The Message-ID of a message object, with its brackets: made once, with the domain of who sends it first. */
export function messageIdOf(message: MailMessage, domain: string): string {
  let id = Borne.on(message) ?? inextensible.get(message);
  if (id === undefined) {
    id = createMessageId(domain);
    if (Object.isExtensible(message)) new Borne(message, id);
    else inextensible.set(message, id);
  }
  return id;
}

/** What may not bear a field. */
const inextensible = new WeakMap<object, string>();

/** Its class's fields go to an object that is there already. */
class Bearer {
  constructor(message: object) {
    return message;
  }
}

/** A private field of the message itself, which nobody else can see: to the garbage collector a WeakMap of all messages is far dearer. */
class Borne extends Bearer {
  readonly #id: string;

  constructor(message: object, id: string) {
    super(message);
    this.#id = id;
  }

  static on(message: object): string | undefined {
    return #id in message ? message.#id : undefined;
  }
}

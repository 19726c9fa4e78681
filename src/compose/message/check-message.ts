/**
 * Checks the shape of a message before anything is opened or sent.
 * @module
 */
import type { MailMessage } from '../../model/message.js';
import { accepts, problem } from '../../schema/schema.js';
import { messageKeys, messageSchema } from './message-schema.js';
import type { MessageProblems } from './problems.js';

/**
 * Adds the problems of the message's shape to `problems`. Returns the message if its shape is right; otherwise only its
 * valid fields, so that their values can be checked too. Throws if the message is not an object. `message` has the own
 * fields of `given`.
 */
export function checkMessage(message: MailMessage, given: MailMessage, problems: MessageProblems): MailMessage {
  const prototype: unknown = typeof given === 'object' && given !== null ? Object.getPrototypeOf(given) : null;
  if (prototype !== Object.prototype && prototype !== null)
    for (const key of messageKeys)
      if (isInherited(key, given))
        problem(problems, key, 'is inherited from another object; the fields of a message must be its own properties');
  if (accepts(messageSchema, message)) return message;
  const before = problems.problems.length;
  const right = messageSchema.check(message, '', problems);
  if (right === undefined) problems.throwIfAny();
  return problems.problems.length === before ? message : (right ?? {});
}

/**
 * Is the field inherited from a class or another object? Such a field was meant for the message, so it is refused. A
 * field of Object.prototype was not, and is ignored.
 */
function isInherited(key: string, given: object): boolean {
  return key in given && !Object.hasOwn(given, key) && !(key in Object.prototype);
}

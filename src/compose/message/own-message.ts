/**
 * Copies a message at the moment of the call. The program may change the object afterwards, while this send still waits
 * for a key or a connection; a loop often reuses it for the next recipient.
 * @module
 */
import { types } from 'node:util';
import { correctFields, createEmailError, isEmailError, messageInvalid } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { MailMessage } from '../../model/message.js';
import { showText } from '../../util/show.js';
import { emptyWithoutPrototype } from '../../util/without-prototype.js';

/** More than the depth of any valid message. */
const maxDepth = 6;
/** The most fields and entries in a whole message. The holes of a sparse array count as entries. */
const maxEntries = 1_000_000;

/**
 * Copies the message's own fields, down to its content: bytes, streams and functions are not copied.
 * ERR_MESSAGE_INVALID if a field cannot be read, or if there are too many.
 */
export function ownMessage(message: MailMessage): MailMessage {
  if (!isRecord(message)) return message;
  const copier = new Copier();
  try {
    return copier.fields(message, 0) as MailMessage;
  } catch (cause) {
    if (cause instanceof TooManyEntries)
      throw messageInvalid(copier.path, `a message may have at most ${maxEntries} fields and array entries`);
    throw unreadable(copier.path, cause);
  }
}

/** The error of a value that throws when it is read. The thrown value becomes the cause and is not quoted. */
export function unreadable(path: string, cause: unknown): EmailError {
  const message = 'could not be read: a getter or a proxy in it threw an error';
  return createEmailError('ERR_MESSAGE_INVALID', `The message cannot be sent: ${path}: ${message}`, {
    problems: [{ path, message }],
    cause,
    remedy: correctFields,
  });
}

/**
 * Returns the result of `read`. It may throw, because objects of classes are not copied; that is ERR_MESSAGE_INVALID.
 */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw isEmailError(cause) ? cause : unreadable('message', cause);
  }
}

class TooManyEntries extends Error {}

/** Copies values. After a failure it knows the path of the value that could not be read. */
class Copier {
  readonly #path: (string | number)[] = [];
  #left = maxEntries;

  get path(): string {
    return this.#path.length === 0 ? 'message' : this.#path.map((key) => showText(String(key), 60)).join('.');
  }

  fields(value: object, depth: number): object {
    const copy = emptyWithoutPrototype();
    const keys = Object.keys(value);
    this.#take(keys.length);
    let at = '';
    try {
      for (const key of keys) {
        at = key;
        copy[key] = this.#copyOf((value as Record<string, unknown>)[key], depth + 1);
      }
      return copy;
    } catch (error) {
      this.#path.unshift(at);
      throw error;
    }
  }

  #entries(value: readonly unknown[], depth: number): unknown[] {
    const { length } = value;
    this.#take(length);
    const copy: unknown[] = [];
    let at = 0;
    try {
      for (; at < length; at++) copy.push(this.#copyOf(value[at], depth + 1));
      return copy;
    } catch (error) {
      this.#path.unshift(at);
      throw error;
    }
  }

  #copyOf(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null || depth > maxDepth) return value;
    if (Array.isArray(value)) return this.#entries(value, depth);
    if (types.isDate(value)) return new Date(value.getTime());
    return isPlain(value) ? this.fields(value, depth) : value;
  }

  #take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new TooManyEntries();
  }
}

function isPlain(value: object): boolean {
  if (Symbol.asyncIterator in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of any realm: the prototype of a class has a prototype itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A message as it is at the moment of the call. What its program does to it afterwards concerns nobody: it may be the same object
 * with the next recipient in it while this one still waits for a key or a connection.
 */
import { types } from 'node:util';
import type { MailMessage } from '../../model/message.js';
import { emptyWithoutPrototype } from '../../util/without-prototype.js';

/** Deeper than anything in a message that is looked at. */
const maxDepth = 6;

/** A copy of the message's own fields, down to where its content begins: bytes, streams and functions are the same. */
export function ownMessage(message: MailMessage): MailMessage {
  return isRecord(message) ? (copyFields(message, 0) as MailMessage) : message;
}

function copyFields(value: object, depth: number): object {
  const copy = emptyWithoutPrototype();
  for (const key of Object.keys(value)) copy[key] = copyOf((value as Record<string, unknown>)[key], depth + 1);
  return copy;
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > maxDepth) return value;
  if (Array.isArray(value)) return value.map((entry: unknown) => copyOf(entry, depth + 1));
  if (types.isDate(value)) return new Date(value.getTime());
  return isPlain(value) ? copyFields(value, depth) : value;
}

function isPlain(value: object): boolean {
  if (Symbol.asyncIterator in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of any realm: the prototype of a class has a prototype itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

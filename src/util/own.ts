/**
 * Own properties of objects. `'key' in value` is also true for a property that another package added to
 * Object.prototype; `hasOwn` is not.
 * @module
 */
import { isValidDate } from './bytes.js';

/** The members of a union that declare `K`. */
type Having<T, K extends PropertyKey> = T extends unknown ? (K extends keyof T ? T : never) : never;

/** Does the object itself have the property? Narrows a union as `in` does. */
export function hasOwn<T extends object, K extends PropertyKey>(value: T, key: K): value is Having<T, K> {
  return Object.hasOwn(value, key);
}

/**
 * The JSON text of a value, in which no `toJSON` is heeded but a Date's: another package may have put one on
 * Object.prototype, and then JSON.stringify gives the same text for every object and array.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, ownValue, indent);
}

/** JSON.stringify calls `toJSON` first, and passes the object that contains the value as `this`. */
function ownValue(this: Readonly<Record<string, unknown>>, key: string): unknown {
  const value = this[key];
  return isValidDate(value) ? value.toISOString() : value;
}

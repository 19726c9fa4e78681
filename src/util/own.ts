/**
 * Own properties. `'key' in value` is also true for what another package has put on Object.prototype; these are not.
 *
 * @module
 */

/** The members of a union that declare `K`. */
type Having<T, K extends PropertyKey> = T extends unknown ? (K extends keyof T ? T : never) : never;

/** Has the object the property itself? Narrows a union as `in` does. */
export function hasOwn<T extends object, K extends PropertyKey>(value: T, key: K): value is Having<T, K> {
  return Object.hasOwn(value, key);
}

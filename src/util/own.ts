/**
 * Own properties of objects. `'key' in value` is also true for a property that another package added to
 * Object.prototype; `hasOwn` is not.
 * @module
 */

/** The members of a union that declare `K`. */
type Having<T, K extends PropertyKey> = T extends unknown ? (K extends keyof T ? T : never) : never;

/** Does the object itself have the property? Narrows a union as `in` does. */
export function hasOwn<T extends object, K extends PropertyKey>(value: T, key: K): value is Having<T, K> {
  return Object.hasOwn(value, key);
}

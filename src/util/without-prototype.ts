/**
 * Objects that inherit nothing.
 *
 * @module
 */

/**
 * A copy of an object's own fields without a prototype. A polluted Object.prototype then adds no field to it: not to options that a caller
 * gave, and not to those that Node's crypto reads, which takes inherited ones too.
 */
export function withoutPrototype<T extends object>(value: T): T {
  return Object.assign(Object.create(null) as T, value);
}

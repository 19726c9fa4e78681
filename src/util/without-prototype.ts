/**
 * Objects that inherit nothing.
 *
 * @module
 */

/** An instance of a class rather than of `Object.create(null)`, which is slower. */
class OwnFields {
  readonly [field: string]: unknown;
}
Object.setPrototypeOf(OwnFields.prototype, null);
Reflect.deleteProperty(OwnFields.prototype, 'constructor');

/** An object without fields and without a prototype. */
export function emptyWithoutPrototype(): Record<string, unknown> {
  return new OwnFields() as Record<string, unknown>;
}

/**
 * A copy of an object's own fields without a prototype. A polluted Object.prototype then adds no field to it: not to options that a caller
 * gave, and not to those that Node reads, which takes inherited ones too.
 */
export function withoutPrototype<T extends object>(value: T): T {
  return Object.assign(emptyWithoutPrototype(), value) as T;
}

/**
 * Marks the errors of transactions that another connection may run, because the server cannot have started them.
 * @module
 */
import type { EmailError } from '../model/error.js';

const mark = Symbol('stale');

/** Marks an error: the same transaction may be tried once on another connection. A copy of the error loses the mark. */
export function markStale(error: EmailError): EmailError {
  return Object.defineProperty(error, mark, { value: true });
}

/** Did the connection end before the server can have started the transaction? */
export function isStale(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { [mark]?: unknown })[mark] === true;
}

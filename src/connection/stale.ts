import type { EmailError } from '../model/error.js';

/** Marks errors of connections that had ended before a transaction began. */
const mark = Symbol('stale');

/** Marks an error as one after which the same transaction may be tried once on another connection. */
export function markStale(error: EmailError): EmailError {
  return Object.defineProperty(error, mark, { value: true });
}

/** Did the connection end before the server can have begun with the transaction? */
export function isStale(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { [mark]?: unknown })[mark] === true;
}

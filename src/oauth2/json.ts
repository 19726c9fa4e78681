/**
 * JSON from a provider.
 * @module
 */
import { TextDecoder } from 'node:util';

/** The fields of a JSON object as a map, because the names are foreign; undefined if the bytes are not one. */
export function jsonFields(body: Uint8Array): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return new Map(Object.entries(value));
  } catch {
    return undefined;
  }
}

/** A field that is a string and not empty. */
export function textField(fields: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A field that is a number, or decimal digits, of at least 0. */
export function numberField(fields: ReadonlyMap<string, unknown>, name: string): number | undefined {
  const value = fields.get(name);
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

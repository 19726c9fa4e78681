/**
 * Reads `headers` and `list` into header fields.
 * @module
 */
import type { HeaderField } from '../../model/header.js';
import { join, problem, unexpected } from '../../schema/schema.js';
import { Fields } from './fields.js';
import type { Findings } from './fields.js';

/** Header fields that have a field of the message, which nodemailer lets `headers` name. */
export const messageFieldOf: ReadonlyMap<string, string> = new Map([
  ['from', 'from'],
  ['sender', 'sender'],
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['reply-to', 'replyTo'],
  ['subject', 'subject'],
  ['date', 'date'],
  ['message-id', 'messageId'],
  ['in-reply-to', 'inReplyTo'],
  ['references', 'references'],
]);

/** A custom field as it was given. */
interface Given {
  readonly name: string;
  readonly value: unknown;
  readonly path: string;
}

/** Names and values of `headers`, in either form. */
export function givenHeaders(value: unknown, path: string, findings: Findings): readonly Given[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return unexpected(findings, path, 'an object of names and values', value) ?? [];
  if (!Array.isArray(value))
    return Object.entries(value).map(([name, one]: [string, unknown]) => ({
      name,
      value: one,
      path: join(path, name),
    }));
  return value.flatMap((item: unknown, i) => {
    const fields = new Fields(Object(item), join(path, i), findings);
    const name = fields.text('key');
    const one = fields.any('value');
    fields.end({});
    return name === undefined ? (fields.refuse('key', 'is missing') ?? []) : [{ name, value: one, path: fields.path }];
  });
}

/** One field for each value; a value that is empty writes none, as in nodemailer. */
export function headerFields({ name, value, path }: Given, findings: Findings): readonly HeaderField[] {
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value))
    return value.flatMap((one, i) => headerFields({ name, value: one, path: join(path, i) }, findings));
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return [{ name, value: String(value) }];
  return (
    problem(
      findings,
      path,
      'expected text; a prepared value is not supported: give its text, which is encoded and folded',
    ) ?? []
  );
}

/** The List-* fields of `list`. */
export function listFields(value: unknown, findings: Findings): readonly HeaderField[] {
  if (value === undefined || value === null || value === false) return [];
  if (typeof value !== 'object' || Array.isArray(value)) return unexpected(findings, 'list', 'an object', value) ?? [];
  return Object.entries(value).flatMap(([key, given]: [string, unknown]) => {
    const end = key.trim().toLowerCase();
    const name = `List-${end.charAt(0).toUpperCase()}${end.slice(1)}`;
    const path = join('list', key);
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    return values.flatMap((one, i) => {
      const joined: readonly unknown[] = Array.isArray(one) ? one : [one];
      const texts = joined.flatMap((entry) =>
        listValue(entry, end, values.length > 1 ? join(path, i) : path, findings),
      );
      return texts.length === 0 ? [] : [{ name, value: texts.join(', ') }];
    });
  });
}

function listValue(entry: unknown, key: string, path: string, findings: Findings): readonly string[] {
  if (entry === undefined || entry === null || entry === '') return [];
  const fields = new Fields(typeof entry === 'string' ? { url: entry } : Object(entry), path, findings);
  const url = fields.text('url');
  const comment = fields.text('comment');
  fields.end({});
  if (url === undefined) return fields.refuse('url', 'is missing') ?? [];
  if (/[\s<>]/.test(url)) return fields.refuse('url', 'has a space or an angle bracket') ?? [];
  if (key === 'id') {
    const id = url.replace(/^[a-z]+:\/{0,2}/i, '');
    return [comment === undefined ? `<${id}>` : `"${comment.replace(/["\\]/g, '\\$&')}" <${id}>`];
  }
  const shown = comment === undefined ? '' : ` (${comment.replace(/[()\\]/g, '\\$&')})`;
  return [`<${withScheme(url)}>${shown}`];
}

function withScheme(url: string): string {
  if (/^(?:https?|mailto|ftp):/.test(url)) return url;
  return /^[^@]+@[^@]+$/.test(url) ? `mailto:${url}` : `http://${url}`;
}

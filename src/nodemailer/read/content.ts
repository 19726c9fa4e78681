/**
 * Reads content: text, bytes, streams, `{ content, encoding }` and `{ path }`.
 * @module
 */
import type { ContentInput } from '../../model/message.js';
import { join } from '../../schema/schema.js';
import { isBytes } from '../../util/bytes.js';
import { Fields } from './fields.js';
import type { Findings } from './fields.js';
import { refusedParts } from './refused.js';

/** Settings and findings of the reading of one message. */
export interface ReadContext {
  readonly findings: Findings;
  readonly allowsFiles: boolean;
  /** Collects the streams of the message. */
  readonly streams: object[];
}

/** Content, with the type that a `data:` URL names. */
export interface ReadContent {
  readonly content: ContentInput;
  readonly contentType?: string | undefined;
}

/** The content of a field that may be an object; undefined if the field is absent or was refused. */
export function readContent(value: unknown, path: string, context: ReadContext): ReadContent | undefined {
  if (value === undefined || value === null) return undefined;
  if (isPlainContent(value)) {
    if (isStream(value)) context.streams.push(value);
    return { content: value };
  }
  const fields = new Fields(Object(value), path, context.findings);
  const read = contentOf(fields, context);
  fields.any('contentType');
  fields.any('filename');
  fields.end(refusedParts);
  return read;
}

/** The content that an object names in `content`, `path` and `encoding`. The caller ends the fields. */
export function contentOf(fields: Fields, context: ReadContext): ReadContent | undefined {
  const encoding = fields.text('encoding');
  const path = fields.any('path');
  const content = fields.any('content');
  const own = path === undefined || path === false ? undefined : ofPath(fields, path, context);
  if (own !== undefined || (path !== undefined && path !== false)) return own;
  if (fields.has('href')) return refuseUrl(fields, 'href');
  if (typeof content === 'string') return { content: decoded(fields, content, encoding) };
  if (content === undefined) return { content: '' };
  return readContent(content, join(fields.path, 'content'), context);
}

/** Is it content itself, and not an object that names some? */
export function isPlainContent(value: unknown): value is string | Uint8Array | AsyncIterable<Uint8Array> {
  return typeof value === 'string' || isBytes(value) || isStream(value);
}

/**
 * Closes streams that are not going to be read. Errors while closing are ignored: the message is refused for another
 * reason.
 */
export async function closeStreams(streams: readonly object[]): Promise<void> {
  for (const stream of streams) {
    const { destroy, cancel, return: end }: Record<string, unknown> = Object(stream);
    const close = [destroy, cancel, end].find((method) => typeof method === 'function');
    if (typeof close === 'function') await Promise.allSettled([Reflect.apply(close, stream, [])]);
  }
}

function isStream(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function decoded(fields: Fields, content: string, encoding = 'utf8'): string | Uint8Array {
  const name = encoding.toLowerCase().replace(/[-_\s]/g, '');
  if (name === 'utf8' || name === 'ascii' || name === 'usascii') return content;
  if (Buffer.isEncoding(name)) return Buffer.from(content, name);
  return fields.refuse('encoding', "expected an encoding of Node's Buffer, such as 'base64'") ?? content;
}

function ofPath(fields: Fields, path: unknown, context: ReadContext): ReadContent | undefined {
  if (typeof path !== 'string') return fields.refuse('path', 'expected the path of a file, as text');
  if (/^data:/i.test(path)) return ofDataUrl(fields, path);
  if (/^https?:/i.test(path)) return refuseUrl(fields, 'path');
  if (context.allowsFiles) return { content: { file: path } };
  context.findings.code ??= 'EFILEACCESS';
  return fields.refuse(
    'path',
    'names a file, but files are not allowed: set allowFiles of the transport to true or to { root }, or give the content',
  );
}

/** Reports the URL; `end` refuses fields next to it. */
function refuseUrl(fields: Fields, key: string): undefined {
  fields.findings.code ??= 'EURLACCESS';
  fields.any(key);
  return fields.refuse(key, refusedParts['href'] ?? '');
}

function ofDataUrl(fields: Fields, url: string): ReadContent | undefined {
  const comma = url.indexOf(',');
  if (comma < 0) return fields.refuse('path', 'is a data: URL without a comma');
  const meta = url.slice(5, comma).split(';');
  const data = url.slice(comma + 1);
  const base64 = meta.at(-1)?.toLowerCase() === 'base64';
  const contentType = (base64 ? meta.slice(0, -1) : meta).join(';') || 'text/plain';
  if (base64) return { content: Buffer.from(data, 'base64'), contentType };
  try {
    return { content: Buffer.from(decodeURIComponent(data)), contentType };
  } catch {
    return fields.refuse('path', 'is a data: URL that is not percent-encoded UTF-8');
  }
}

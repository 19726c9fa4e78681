/**
 * Turns the forms of `ContentInput` into bytes, or into a stream that can be opened.
 * @module
 */
import { types } from 'node:util';
import { createEmailError, messageInvalid } from '../../errors/email-error.js';
import type { ContentInput } from '../../model/message.js';
import { isBytes } from '../../util/bytes.js';
import { admitFile, readBlocks } from './file-access.js';
import type { FileAccess } from './file-access.js';
import { isStream } from './source-reader.js';
import type { Stream } from './source-reader.js';
import type { Sources } from './sources.js';
import { spool } from './spool.js';
import { hasOwn } from '../../util/own.js';

/** Content that can be written: in memory, or to be opened. */
export type OpenedContent =
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly size: number | undefined; open(): AsyncIterable<Uint8Array> };

/** Context that opening content needs. */
export interface ContentContext {
  readonly fileAccess: FileAccess;
  /** Will the content be read more than once? Then streams that can be read only once are kept. */
  readonly replay: boolean;
  readonly sources: Sources;
}

/** Is it a valid form of ContentInput? */
export function isContent(value: unknown): value is ContentInput {
  if (typeof value === 'string' || typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  if (isBytes(value) || types.isAnyArrayBuffer(value) || isBlob(value) || isStream(value)) return true;
  const file: unknown = Object.hasOwn(value, 'file') ? (value as { file: unknown }).file : undefined;
  return typeof file === 'string' || isUrl(file);
}

/** Is it a Blob or a File, of Node, jsdom or a polyfill? */
export function isBlob(value: unknown): value is Blob {
  if (typeof value !== 'object' || value === null) return false;
  const { size, arrayBuffer }: { readonly size?: unknown; readonly arrayBuffer?: unknown } = Object(value);
  return typeof size === 'number' && typeof arrayBuffer === 'function';
}

/** Other libraries' Blobs may have no stream(), or one that cannot be iterated. */
async function* blobStream(blob: Blob): AsyncGenerator<unknown> {
  const stream: unknown = typeof blob.stream === 'function' ? blob.stream() : undefined;
  if (isStream(stream)) yield* stream;
  else yield new Uint8Array(await blob.arrayBuffer());
}

/** Is it a URL, of Node, jsdom or a polyfill? */
function isUrl(value: unknown): boolean {
  const { href, protocol }: { readonly href?: unknown; readonly protocol?: unknown } = Object(value);
  return typeof href === 'string' && typeof protocol === 'string';
}

/** Content that is in memory; undefined if it must be opened. */
export function immediateContent(input: ContentInput): OpenedContent | undefined {
  if (typeof input === 'string') return { text: input };
  if (isBytes(input)) return { bytes: input };
  if (types.isAnyArrayBuffer(input)) return { bytes: new Uint8Array(input) };
  return undefined;
}

/** Opens content. `field` is its path in the message. */
export async function openContent(input: ContentInput, field: string, context: ContentContext): Promise<OpenedContent> {
  const immediate = immediateContent(input);
  if (immediate) return immediate;
  const { sources, fileAccess } = context;
  if (isBlob(input)) return { size: input.size, open: sources.opener(field, () => blobStream(input)) };
  if (typeof input === 'function')
    return { size: undefined, open: sources.opener(field, () => sources.fresh(field, callSource(input, field))) };
  if (typeof input !== 'object') throw messageInvalid(field, `expected content, got a ${typeof input}`);
  if (isStream(input)) return openStream(input, field, context);
  const file = await admitFile((input as { file: string | URL }).file, field, fileAccess);
  return { size: file.size, open: sources.opener(field, () => readBlocks(file)) };
}

async function openStream(stream: Stream, field: string, { replay, sources }: ContentContext): Promise<OpenedContent> {
  let used = false;
  const open = sources.opener(field, () => {
    if (used) {
      throw createEmailError('ERR_CONTENT', `${field}: the stream was already read and cannot be read again`, {
        phase: 'content',
        remedy: 'Give a function that opens the stream, so that a second attempt can read it anew.',
      });
    }
    used = true;
    return stream;
  });
  if (!replay) return { size: undefined, open };
  const kept = await spool(open());
  sources.atEnd(() => kept.dispose());
  return kept;
}

function callSource(source: () => AsyncIterable<Uint8Array>, field: string): Stream {
  const stream: unknown = source();
  if (isStream(stream)) return stream;
  if (types.isPromise(stream)) {
    // It is not used, so its failure is dropped.
    stream.catch(() => undefined);
    throw messageInvalid(
      field,
      'the function gave a promise: await it and give its result as content, or give an async generator function',
    );
  }
  throw messageInvalid(field, 'the function did not give an async iterable of bytes');
}

/** Reads opened content to its end, up to `maxBytes`. */
export async function readWhole(content: OpenedContent, maxBytes: number): Promise<Uint8Array | undefined> {
  if (hasOwn(content, 'bytes')) return content.bytes;
  if (hasOwn(content, 'text')) return Buffer.from(content.text, 'utf8');
  if (content.size === undefined || content.size > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of content.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

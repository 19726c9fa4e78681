/** `ContentInput` in its many forms to bytes or to a stream that can be opened. */
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../errors/email-error.js';
import type { ContentInput } from '../model/message.js';
import { admitFile, readBlocks } from './file-access.js';
import type { FileAccess } from './file-access.js';
import { spool } from './spool.js';

/** Content ready to be written: in memory, or to be opened. */
export type OpenedContent =
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly size: number | undefined; open(): AsyncIterable<Uint8Array> };

/** What opening needs to know, and where it leaves what must be cleaned up. */
export interface ContentContext {
  readonly fileAccess: FileAccess;
  /** Will the content be read more than once? Streams that can be read once are then spooled. */
  readonly replay: boolean;
  readonly signal: AbortSignal | undefined;
  readonly cleanups: (() => Promise<void>)[];
}

/** Content that is at hand; undefined where opening takes time. */
export function immediateContent(input: ContentInput): OpenedContent | undefined {
  if (typeof input === 'string') return { text: input };
  if (input instanceof Uint8Array) return { bytes: input };
  if (input instanceof ArrayBuffer) return { bytes: new Uint8Array(input) };
  return undefined;
}

/** Opens content; `field` is its place in the message. */
export async function openContent(input: ContentInput, field: string, context: ContentContext): Promise<OpenedContent> {
  const immediate = immediateContent(input);
  if (immediate) return immediate;
  if (input instanceof Blob) return { size: input.size, open: () => checked(input.stream(), field) };
  if (typeof input === 'function') return { size: undefined, open: () => checked(callSource(input, field), field) };
  if (typeof input !== 'object') throw messageInvalid(field, `expected content, got a ${typeof input}`);
  if (Symbol.asyncIterator in input) return openStream(input, field, context);
  const file = await admitFile((input as { file: string | URL }).file, field, context.fileAccess);
  return { size: file.size, open: () => checked(readBlocks(file), field) };
}

async function openStream(stream: AsyncIterable<Uint8Array>, field: string, context: ContentContext): Promise<OpenedContent> {
  if (context.replay) {
    const kept = await spool(checked(stream, field), context.signal);
    context.cleanups.push(() => kept.dispose());
    return kept;
  }
  let used = false;
  return {
    size: undefined,
    open: () => {
      if (used) {
        throw createEmailError('ERR_CONTENT', `${field}: the stream was already read and cannot be read again`, {
          phase: 'content',
          remedy: 'Give a function that opens the stream, so that a second attempt can read it anew.',
        });
      }
      used = true;
      return checked(stream, field);
    },
  };
}

function callSource(source: () => AsyncIterable<Uint8Array>, field: string): AsyncIterable<Uint8Array> {
  try {
    const stream: unknown = source();
    if (typeof stream === 'object' && stream !== null && Symbol.asyncIterator in stream) return stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw contentError(cause, field);
  }
  throw messageInvalid(field, 'the function did not give an async iterable of bytes');
}

/** Passes chunks on; names the field where the source fails or gives something else than bytes. */
async function* checked(source: AsyncIterable<unknown>, field: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError(`the stream gave a ${typeof chunk} in place of bytes`);
      if (chunk.length > 0) yield chunk;
    }
  } catch (cause) {
    throw contentError(cause, field);
  }
}

function contentError(cause: unknown, field: string): Error {
  if (isEmailError(cause)) return cause;
  return createEmailError('ERR_CONTENT', `${field}: the content's source failed: ${reasonOf(cause)}`, { phase: 'content', cause });
}

/** Reads opened content whole; only for what is known to be small. */
export async function readWhole(content: OpenedContent, maxBytes: number): Promise<Uint8Array | undefined> {
  if ('bytes' in content) return content.bytes;
  if ('text' in content) return Buffer.from(content.text, 'utf8');
  if (content.size === undefined || content.size > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of content.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * Opens content that is not in memory: files, streams, blobs and functions. It is loaded with the first such content.
 * @module
 */
import { types } from 'node:util';
import { createEmailError, messageInvalid } from '../../errors/email-error.js';
import type { ContentInput } from '../../model/message.js';
import { hasOwn } from '../../util/own.js';
import { isBlob } from './content.js';
import type { ContentContext, OpenedContent } from './content.js';
import { admitFile, readBlocks } from './file-access.js';
import { isStream } from './source-reader.js';
import type { Stream } from './source-reader.js';
import { spool } from './spool.js';

/** Opens content that is not in memory. `field` is its path in the message. */
export async function openSource(input: ContentInput, field: string, context: ContentContext): Promise<OpenedContent> {
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
        remedy: 'Give a function that opens the stream, so that a second attempt can read it again.',
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
      'the function returned a promise: await it and give its result as content, or give an async generator function',
    );
  }
  throw messageInvalid(field, 'the function did not return an async iterable of bytes');
}

/** Other libraries' Blobs may have no stream(), or one that cannot be iterated. */
async function* blobStream(blob: Blob): AsyncGenerator<unknown> {
  const stream: unknown = typeof blob.stream === 'function' ? blob.stream() : undefined;
  if (isStream(stream)) yield* stream;
  else yield new Uint8Array(await blob.arrayBuffer());
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

/**
 * Returns the octets of an entity for signing and encryption: as pieces in memory, or as the chunks of a stream.
 * @module
 */
import { abortError } from '../../errors/abort.js';
import { createEmailError } from '../../errors/email-error.js';
import type { ByteSource, RenderedEntity } from '../../model/entity.js';
import { asBuffer, isAscii, isBytes, noBytes, utf8 } from '../../util/bytes.js';

/** An entity in memory, as pieces that follow one another, so that they need not be copied into one. */
export interface MemoryEntity {
  /** Fields, the empty line, the body. */
  readonly parts: readonly Uint8Array[];
  /** As in `RenderedEntity`. */
  readonly encoding: RenderedEntity['encoding'];
  readonly hasAsciiFields: boolean;
}

/** An entity whose body is in memory. */
export function memoryEntity(entity: RenderedEntity, body: Uint8Array): MemoryEntity {
  return { parts: [headOf(entity), body], encoding: entity.encoding, hasAsciiFields: isAscii(entity.fields) };
}

/** Octets of all pieces. */
export function sizeOfParts(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Returns octets to put before the body of a finished entity, in the same Buffer. Called once its fields are known. */
export type Lead = (fields: string) => Uint8Array;

/** Puts no octets before the body. */
export const noLead: Lead = () => noBytes;

/** The octets before the body: the entity's fields and the empty line. */
export function headOf(entity: RenderedEntity): Buffer {
  return utf8(`${entity.fields}\r\n`);
}

/** Length of the whole entity, undefined if it is not known. */
export function sizeOf(entity: RenderedEntity): number | undefined {
  const body = isBytes(entity.body) ? entity.body.length : entity.size;
  return body === undefined ? undefined : Buffer.byteLength(entity.fields) + 2 + body;
}

/**
 * The body chunk by chunk, as Buffers. Rejects with the abort, and with ERR_CONTENT if its length differs from the
 * announced one.
 */
export async function* chunksOf(
  body: ByteSource,
  size: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer, undefined> {
  if (signal.aborted) throw abortError(signal);
  if (isBytes(body)) {
    for (let at = 0; at < body.length; at += blockBytes) yield asBuffer(body).subarray(at, at + blockBytes);
    return undefined;
  }
  let read = 0;
  for await (const chunk of body) {
    if (signal.aborted) throw abortError(signal);
    read += chunk.length;
    if (size !== undefined && read > size) throw contentError(`has more than the announced ${size} bytes`);
    yield asBuffer(chunk);
  }
  if (size !== undefined && read !== size) throw contentError(`has ${read} bytes instead of the announced ${size}`);
  return undefined;
}

const blockBytes = 1 << 16;

/** ERR_CONTENT about the content of the message that is signed or encrypted. */
export function contentError(what: string): Error {
  return createEmailError('ERR_CONTENT', `The content of the message ${what}.`, {
    remedy: 'A file or stream may not change until the message is sent.',
  });
}

/** An iterable that starts again each time; empty chunks are left out. */
export function streamOf(pass: () => AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const chunk of pass()) if (chunk.length > 0) yield chunk;
    },
  };
}

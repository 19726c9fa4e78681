/**
 * A body as a sequence of pieces, joined into one Buffer, or into a stream that reuses two blocks.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { ByteSource } from '../model/entity.js';
import { isBytes } from '../util/bytes.js';
import { Base64Encoder, base64Size } from './base64.js';
import { encoderRoom, IdentityEncoder } from './encoder.js';
import type { ContentEncoder } from './encoder.js';
import { QuotedPrintableEncoder } from './quoted-printable.js';
import { hasOwn } from '../util/own.js';

/** A piece of a body. */
export type Piece =
  /** ASCII text. */
  | string
  /** Octets to be written unchanged. */
  | Uint8Array
  /** Octets to be written as base64. */
  | { readonly base64: Uint8Array }
  | StreamPiece;

/** Content that is read while it is sent. */
export interface StreamPiece {
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Number of octets from `open`, if known. */
  readonly inputSize: number | undefined;
  readonly encoding: 'base64' | 'quoted-printable-text' | 'identity';
  /** Add a line end to text that has none at its end. */
  readonly endsLine: boolean | undefined;
  /** Names the piece in errors. */
  readonly path: string;
}

/** Larger bodies become streams. */
export const maxInMemory = 4 << 20;
const blockSize = 64 * 1024;

/** The octets that a piece will take, if that is known before it is read. */
function sizeOf(piece: Piece): number | undefined {
  if (typeof piece === 'string' || isBytes(piece)) return piece.length;
  if (hasOwn(piece, 'base64')) return base64Size(piece.base64.length);
  if (piece.inputSize === undefined || piece.encoding === 'quoted-printable-text') return undefined;
  return piece.encoding === 'base64' ? base64Size(piece.inputSize) : piece.inputSize;
}

/** The octets of all pieces, if known. */
export function totalSize(pieces: readonly Piece[]): number | undefined {
  let total = 0;
  for (const piece of pieces) {
    const size = sizeOf(piece);
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}

/**
 * Joins the pieces: in memory if all are there and together at most `maxInMemory`, else as a stream that starts again at
 * each iteration.
 */
export function join(pieces: readonly Piece[], size: number | undefined): ByteSource {
  if (size === undefined || size > maxInMemory || pieces.some(isStream))
    return { [Symbol.asyncIterator]: () => blocksOf(pieces) };
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'string') return Buffer.from(only, 'latin1');
  const out = Buffer.allocUnsafe(size + encoderRoom);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') at += out.write(piece, at, 'latin1');
    else if (isBytes(piece)) {
      out.set(piece, at);
      at += piece.length;
    } else if (hasOwn(piece, 'base64')) {
      const encoder = new Base64Encoder();
      encoder.encode(piece.base64, 0, out, at);
      at += encoder.written;
      at += encoder.finish(out, at);
    }
  }
  return out.subarray(0, at);
}

function isStream(piece: Piece): piece is StreamPiece {
  return typeof piece === 'object' && hasOwn(piece, 'open');
}

function encoderFor(piece: Exclude<Piece, string>): ContentEncoder {
  if (isBytes(piece)) return new IdentityEncoder();
  if (hasOwn(piece, 'base64') || piece.encoding === 'base64') return new Base64Encoder();
  return piece.encoding === 'identity' ? new IdentityEncoder() : new QuotedPrintableEncoder(true, piece.endsLine);
}

/**
 * The chunks of a stream. A stream whose length differs from `inputSize` is an error, because that number may have been
 * announced to the server.
 */
async function* checkedChunks({ open, inputSize, path }: StreamPiece): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of open()) {
    if (!isBytes(chunk))
      throw createEmailError('ERR_CONTENT', `${path}: the stream returned a value that is not bytes`);
    seen += chunk.length;
    if (inputSize !== undefined && seen > inputSize) break;
    yield chunk;
  }
  if (inputSize !== undefined && seen !== inputSize) {
    const found = seen > inputSize ? 'more' : `only ${seen}`;
    throw createEmailError(
      'ERR_CONTENT',
      `${path}: the content was announced with ${inputSize} octets and has ${found}`,
      {
        remedy: 'Send again when no program writes to the content any more.',
      },
    );
  }
}

/**
 * The pieces as a stream of blocks. Two blocks are filled in turn: a block is valid until the next one is requested,
 * and is overwritten afterwards. A consumer that keeps it longer must copy it.
 */
async function* blocksOf(pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  let block = Buffer.allocUnsafeSlow(blockSize);
  let spare = Buffer.allocUnsafeSlow(blockSize);
  let at = 0;
  const take = (): Uint8Array => {
    const full = block.subarray(0, at);
    [block, spare] = [spare, block];
    at = 0;
    return full;
  };
  for (const piece of pieces) {
    const content = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    const encoder = encoderFor(content);
    const chunks = isStream(content) ? checkedChunks(content) : [isBytes(content) ? content : content.base64];
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += encoder.read) {
        if (block.length - at < encoderRoom) yield take();
        encoder.encode(chunk, from, block, at);
        at += encoder.written;
      }
    }
    if (block.length - at < encoderRoom) yield take();
    at += encoder.finish(block, at);
  }
  if (at > 0) yield take();
}

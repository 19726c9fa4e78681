/**
 * Keeps a stream that is needed twice: in memory up to 1 MiB, above that in a temporary file that only this user can
 * read.
 * @module
 */
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBlocks } from './file-access.js';

const memoryBytes = 1024 * 1024;

/** Bytes that can be read any number of times until they are disposed of. */
export interface Spool {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
  dispose(): Promise<void>;
}

/** Reads `source` to its end. After a failure no temporary file is left. */
export async function spool(source: AsyncIterable<Uint8Array>): Promise<Spool> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let folder: string | undefined;
  let handle: FileHandle | undefined;
  const dispose = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (handle === undefined && size > memoryBytes) {
        folder = await mkdtemp(join(tmpdir(), 'sealpost-'));
        handle = await open(join(folder, 'content'), 'wx', 0o600);
        for (const kept of chunks.splice(0)) await writeAll(handle, kept);
      }
      if (handle) await writeAll(handle, chunk);
      else chunks.push(Uint8Array.prototype.slice.call(chunk));
    }
    await handle?.close();
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await dispose();
    throw error;
  }
  const path = folder && join(folder, 'content');
  return { size, open: path === undefined ? () => iterate(chunks) : () => readBlocks({ path, size }), dispose };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
}

async function* iterate(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

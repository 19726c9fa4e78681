/**
 * Reads the content of a message to its end, for transports that keep it.
 * @module
 */
import { abortError } from '../errors/abort.js';
import type { OutgoingContent } from '../model/transport.js';
import { isBytes } from '../util/bytes.js';

/** Copies all octets, because the sender may reuse its buffers. `progress` gets the octets so far. */
export async function collectContent(
  { bytes }: OutgoingContent,
  signal: AbortSignal,
  progress: (bytesSent: number) => void,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of isBytes(bytes) ? [bytes] : bytes) {
    if (signal.aborted) throw abortError(signal, { phase: 'content' });
    chunks.push(Buffer.from(chunk));
    total += chunk.length;
    progress(total);
  }
  if (signal.aborted) throw abortError(signal, { phase: 'content' });
  return Buffer.concat(chunks);
}

/**
 * A dialogue with a proxy is a generator without I/O. It yields the bytes to send and the length of the answer to read,
 * and is resumed with exactly that. Octets after the proxy's last answer stay in the stream: they belong to the mail
 * server.
 * @module
 */
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';
import type { Duplex } from 'node:stream';
import type { EmailErrorDetails } from '../../errors/email-error.js';
import { reasonOf } from '../../errors/email-error.js';
import { showText } from '../../util/show.js';

/** One turn. `read` is a number of octets, or a line up to its LF of at most `limit` octets. */
export interface ProxyTurn {
  readonly send: Uint8Array | undefined;
  readonly read: number | { readonly line: true; readonly limit: number };
}

/** Returns the result of the dialogue; throws ProxyFault. */
export type ProxyDialogue<T> = Generator<ProxyTurn, T, Buffer>;

/** A fault or a refusal of a proxy. The message continues "The proxy"; the connector inserts its name. */
export class ProxyFault extends Error {
  constructor(
    what: string,
    /** `words` is the proxy's own text as it arrived, one character per octet; the connector makes it safe to show. */
    readonly details: Pick<EmailErrorDetails, 'remedy' | 'retryable' | 'cause'> & {
      readonly words?: string | undefined;
    } = {},
    /** True if the connection ended before any octet of the answer. */
    readonly unanswered = false,
  ) {
    super(what);
  }
}

/**
 * Runs a dialogue over a stream. Rejects with ProxyFault, or with `abortError`; the stream is destroyed then. Later
 * errors of the stream are reported by the layer that uses it next.
 */
export async function runDialogue<T>(dialogue: ProxyDialogue<T>, stream: Duplex, signal: AbortSignal): Promise<T> {
  stream.on('error', () => undefined);
  try {
    let turn = dialogue.next();
    while (!turn.done) {
      const { send, read } = turn.value;
      if (send !== undefined) stream.write(send);
      turn = dialogue.next(await readExactly(stream, read, signal));
    }
    return turn.value;
  } catch (cause) {
    stream.destroy();
    throw cause;
  }
}

/** Reads exactly the requested octets; a stream in paused mode keeps the rest. */
function readExactly(stream: Duplex, wanted: ProxyTurn['read'], signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    let stop = (): void => {};
    const settle = (act: () => void): void => {
      stream.off('readable', attempt).off('end', onEnd).off('close', onEnd).off('error', onError);
      stop();
      act();
    };
    const onError = (cause: Error): void =>
      settle(() =>
        reject(
          new ProxyFault(
            `lost the connection: ${showText(reasonOf(cause))}`,
            { retryable: true, remedy: whyClosed, cause },
            length === 0,
          ),
        ),
      );
    const onEnd = (): void => settle(() => reject(closedAfter(length)));
    const attempt = (): void => {
      const line = typeof wanted === 'object';
      const limit = line ? wanted.limit : wanted;
      while (length < limit) {
        // A line is read octet by octet, so that the octets after it stay in the stream.
        const chunk = stream.read(line ? 1 : limit) as Buffer | null;
        if (chunk === null) return;
        parts.push(chunk);
        length += chunk.length;
        if (line ? chunk[0] === 0x0a : length < limit) break;
      }
      const bytes = Buffer.concat(parts);
      if (!line && length < limit) return onEnd();
      if (line && bytes.at(-1) !== 0x0a)
        return settle(() => reject(new ProxyFault('sent a header without end', { remedy: notAProxy })));
      settle(() => resolve(bytes));
    };
    if (signal.aborted) return reject(abortError(signal));
    if (stream.destroyed || stream.readableEnded) return reject(closedAfter(0));
    stop = onAbort(signal, () => settle(() => reject(abortError(signal))));
    stream.on('readable', attempt).on('end', onEnd).on('close', onEnd).on('error', onError);
    attempt();
  });
}

function closedAfter(length: number): ProxyFault {
  const where = length === 0 ? 'without an answer' : `in the middle of an answer, after ${length} octets`;
  return new ProxyFault(`closed the connection ${where}`, { retryable: true, remedy: whyClosed }, length === 0);
}

const whyClosed = 'Check proxy.type and proxy.port, and whether the proxy allows this machine.';

/** The remedy for answers that do not belong to the protocol. */
export const notAProxy = 'Check proxy.type and proxy.port: another service seems to use this port.';

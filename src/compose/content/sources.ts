/**
 * What one message is read from. A stream that was given is the message's from the call on: it is read once or destroyed, whatever
 * comes of the send, so that no failure leaves a file open or an 'error' that nobody hears.
 * @module
 */
import { abortError } from '../../errors/abort.js';
import { createEmailError, isEmailError, isError, reasonOf } from '../../errors/email-error.js';
import type { MailMessage } from '../../model/message.js';
import { isBytes } from '../../util/bytes.js';
import { isStream, SourceReader } from './source-reader.js';
import type { Stream } from './source-reader.js';
import { TextChunks } from './text-chunks.js';

/** Everything that one message reads from, and that ends with it. */
export class Sources {
  readonly #signal: AbortSignal | undefined;
  readonly #endings: (() => void | Promise<void>)[] = [];
  readonly #readers = new Set<SourceReader>();
  #used = false;
  #closed = false;
  #taken: WeakSet<object> | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Is there anything to close? */
  get used(): boolean {
    return this.#used;
  }

  /** Takes the streams of a message. `taken` are those of all messages before: a stream that is spent would be sent as nothing. */
  take(message: MailMessage, taken: WeakSet<object>): void {
    this.#taken = taken;
    let fault: Error | undefined;
    for (const [field, stream] of streamsOf(message)) {
      this.#used = true;
      if (taken.has(stream) || isSpent(stream)) fault ??= spent(field, stream);
      else {
        taken.add(stream);
        const reader = new SourceReader(stream);
        this.#endings.push(() => reader.cancel(ended()));
      }
    }
    if (fault) throw fault;
  }

  /** The stream that a function gave. One that can be read but once it must not give again, for that would be read as nothing. */
  fresh(field: string, stream: Stream): Stream {
    if (isSpent(stream) || this.#taken?.has(stream)) throw spent(field, stream);
    if (readsOnce(stream)) this.#taken?.add(stream);
    return stream;
  }

  /** Will be called when the message is done with. */
  atEnd(ending: () => void | Promise<void>): void {
    this.#used = true;
    this.#endings.push(ending);
  }

  /** Reads a source at each call. Chunks are passed on; an error names the field where it fails or gives something else than bytes. */
  opener(field: string, open: () => Stream): () => AsyncIterable<Uint8Array> {
    this.#used = true;
    return () => this.#read(field, open);
  }

  /** Ends what is still read, destroys what was not, and removes what was kept. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const reader of this.#readers) reader.cancel(ended());
    await Promise.all(this.#endings.splice(0).map((ending) => ending()));
  }

  async *#read(field: string, open: () => Stream): AsyncGenerator<Uint8Array> {
    let reader: SourceReader | undefined;
    try {
      // Content may still be made of a message that has been given up.
      if (this.#closed) throw ended();
      const text = new TextChunks();
      reader = new SourceReader(open(), this.#signal);
      this.#readers.add(reader);
      for await (const chunk of reader) {
        const bytes = typeof chunk === 'string' ? text.encode(chunk) : chunk;
        if (!isBytes(bytes)) throw new TypeError(`the stream gave a ${typeof chunk} in place of bytes or text`);
        if (bytes.length > 0) yield bytes;
      }
      text.end();
    } catch (cause) {
      if (this.#signal?.aborted) throw abortError(this.#signal, { phase: 'content' });
      throw contentError(cause, field);
    } finally {
      if (reader) this.#readers.delete(reader);
    }
  }
}

/** The failure of a source, with its place in the message. */
function contentError(cause: unknown, field: string): Error {
  if (isEmailError(cause)) return cause;
  return createEmailError('ERR_CONTENT', `${field}: the content's source failed: ${reasonOf(cause)}`, {
    phase: 'content',
    cause,
  });
}

function spent(field: string, stream: Stream): Error {
  const { errored }: { errored?: unknown } = Object(stream);
  if (isError(errored)) return contentError(errored, field);
  return createEmailError(
    'ERR_CONTENT',
    `${field}: the stream was given to a message before, was read, or is destroyed`,
    {
      phase: 'content',
      remedy: 'Give each message a stream of its own, or a function that opens one, which allows further attempts.',
    },
  );
}

function ended(): Error {
  return new Error('the message is done with');
}

/** Every stream that can be read but once, with its place. The message is not checked yet. */
function streamsOf(message: MailMessage): [string, Stream][] {
  if (typeof message !== 'object' || message === null) return [];
  const streams: [string, Stream][] = [];
  for (const field of ['text', 'html', 'raw'] as const) {
    const content: unknown = message[field];
    if (isStream(content)) streams.push([field, content]);
  }
  for (const list of ['attachments', 'alternatives'] as const) {
    const parts: unknown = message[list];
    if (!Array.isArray(parts)) continue;
    parts.forEach((part: { content?: unknown } | null, i) => {
      if (isStream(part?.content)) streams.push([`${list}.${i}.content`, part.content]);
    });
  }
  return streams;
}

/** An iterator, or a stream of the web or of Node; anything else gives a new iterator each time. */
function readsOnce(stream: Stream): boolean {
  return 'next' in stream || 'getReader' in stream || 'pipe' in stream;
}

/** Is nothing to come of it any more, as far as it tells? */
function isSpent(stream: Stream): boolean {
  const {
    destroyed,
    readableEnded,
    locked,
  }: {
    destroyed?: unknown;
    readableEnded?: unknown;
    locked?: unknown;
  } = Object(stream);
  return destroyed === true || readableEnded === true || locked === true;
}

/**
 * The streams of one message. From the call on, the message owns each stream that it was given: it is read once or
 * destroyed, whatever the outcome of the send. Thus no failure leaves a file open or an unhandled 'error' event.
 * @module
 */
import { abortError } from '../../errors/abort.js';
import { createEmailError, isEmailError, isError, reasonOf } from '../../errors/email-error.js';
import type { MailMessage } from '../../model/message.js';
import { isBytes } from '../../util/bytes.js';
import { isHtmlContent } from './html-choices.js';
import { isStream, SourceReader } from './source-reader.js';
import type { Stream } from './source-reader.js';
import { TextChunks } from './text-chunks.js';

/** All sources of one message, which are closed with it. */
export class Sources {
  readonly #signal: AbortSignal | undefined;
  readonly #endings: (() => void | Promise<void>)[] = [];
  #readers: Set<SourceReader> | undefined;
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

  /**
   * Takes over the streams of a message. `taken` contains the streams of all earlier messages: a used stream would be sent
   * as empty content.
   */
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

  /**
   * Checks a stream that a function returned. A stream that can be read only once must be a new one each time, else it
   * would be sent as empty content.
   */
  fresh(field: string, stream: Stream): Stream {
    if (isSpent(stream) || this.#taken?.has(stream)) throw spent(field, stream);
    if (readsOnce(stream)) this.#taken?.add(stream);
    return stream;
  }

  /** Registers a function to be called when the message is finished. */
  atEnd(ending: () => void | Promise<void>): void {
    this.#used = true;
    this.#endings.push(ending);
  }

  /**
   * Makes a function that reads a source at each call. Chunks are passed on. If reading fails, or a chunk is not bytes,
   * the error names the field.
   */
  opener(field: string, open: () => Stream): () => AsyncIterable<Uint8Array> {
    this.#used = true;
    return () => this.#read(field, open);
  }

  /** Ends sources that are being read, destroys those that were not read, and removes temporary files. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const reader of this.#readers ?? []) reader.cancel(ended());
    await Promise.all(this.#endings.splice(0).map((ending) => ending()));
  }

  async *#read(field: string, open: () => Stream): AsyncGenerator<Uint8Array> {
    let reader: SourceReader | undefined;
    try {
      // Content may still be opened after the message was given up.
      if (this.#closed) throw ended();
      const text = new TextChunks();
      reader = new SourceReader(open(), this.#signal);
      (this.#readers ??= new Set()).add(reader);
      for await (const chunk of reader) {
        const bytes = typeof chunk === 'string' ? text.encode(chunk) : chunk;
        if (!isBytes(bytes)) throw new TypeError(`the stream gave a ${typeof chunk} instead of bytes or text`);
        if (bytes.length > 0) yield bytes;
      }
      text.end();
    } catch (cause) {
      if (this.#signal?.aborted) throw abortError(this.#signal, { phase: 'content' });
      throw contentError(cause, field);
    } finally {
      if (reader) this.#readers?.delete(reader);
    }
  }
}

/** The error of a failed source, with its path in the message. */
function contentError(cause: unknown, field: string): Error {
  if (isEmailError(cause)) return cause;
  return createEmailError('ERR_CONTENT', `${field}: the source of the content failed: ${reasonOf(cause)}`, {
    phase: 'content',
    cause,
  });
}

function spent(field: string, stream: Stream): Error {
  const { errored }: { errored?: unknown } = Object(stream);
  if (isError(errored)) return contentError(errored, field);
  return createEmailError(
    'ERR_CONTENT',
    `${field}: the stream was used by another message, was already read, or is destroyed`,
    {
      phase: 'content',
      remedy: 'Give each message its own stream, or a function that opens one, which allows further attempts.',
    },
  );
}

function ended(): Error {
  return new Error('the message is done with');
}

/** All streams that can be read only once, with their paths. The message has not been checked yet. */
function streamsOf(message: MailMessage): [string, Stream][] {
  if (typeof message !== 'object' || message === null) return [];
  const streams: [string, Stream][] = [];
  for (const field of ['text', 'html', 'raw'] as const) {
    const content: unknown = message[field];
    if (isStream(content)) streams.push([field, content]);
    else if (field === 'html' && isHtmlContent(content) && isStream(content.content))
      streams.push(['html.content', content.content]);
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

/**
 * Can the stream be read only once? True for an iterator, a web stream and a Node stream. Other iterables make a new
 * iterator each time.
 */
function readsOnce(stream: Stream): boolean {
  return 'next' in stream || 'getReader' in stream || 'pipe' in stream;
}

/** Is the stream already used up, as far as its state shows? */
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

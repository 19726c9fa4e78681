/**
 * A transport that writes each message to a file of its own, for development and for a look before anything is sent.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError } from '../errors/abort.js';
import { createEmailError, reasonOf } from '../errors/email-error.js';
import { parseHeader } from '../mime/read/header.js';
import type { Envelope } from '../model/envelope.js';
import type { OutgoingContent, Transport, TransportResult, TransportSendOptions } from '../model/transport.js';
import { checked } from '../schema/check.js';
import { object, required } from '../schema/object.js';
import { path } from '../schema/text.js';
import { writeFileAtomically } from '../system/write-file.js';
import { notify } from '../util/notify.js';
import { showText } from '../util/show.js';
import { collectContent } from './collect-content.js';
import { Listeners } from './listeners.js';

/** Options of a `FileTransport`. */
export interface FileTransportOptions {
  /** The directory of the files. It is made with mode 0700 if it is missing; its parents too. */
  readonly directory: string;
}

/** A message that a `FileTransport` wrote. */
export interface WrittenMessage {
  /** The envelope, which is not in the file. */
  readonly envelope: Envelope;
  /** The path of the file. */
  readonly file: string;
  /** The time at which it was written. */
  readonly time: Date;
}

const optionsSchema = object<FileTransportOptions>({ directory: required(path('a directory')) });
const subject = { sentence: 'The options of FileTransport are not valid', root: 'options' };
const accepts = { eightBitMime: true, binaryMime: false, smtpUtf8: true } as const;
const maxIdLength = 80;
const maxHeaderBytes = 1024 * 1024;

/**
 * Writes one `.eml` file per message instead of sending it. The name is the time, the Message-ID with `_` instead of
 * other characters than letters, digits and `.-_@`, and a random number. A file is complete or absent, is readable by
 * this user only (mode 0600), and replaces no other. ERR_PROFILE_INVALID for wrong options.
 *
 * @example
 * ```ts
 * const transport = new FileTransport({ directory: 'mail' });
 * const mailer = createMailer(profile, { transport });
 * await mailer.send({ to: 'ann@example.com', subject: 'Welcome', text: 'Hello Ann' });
 * console.log(transport.sent[0]?.file);
 * ```
 */
export class FileTransport implements Transport {
  readonly #directory: string;
  readonly #sent: WrittenMessage[] = [];
  readonly #listeners = new Listeners();

  constructor(options: FileTransportOptions) {
    this.#directory = checked(optionsSchema, options, subject).directory;
  }

  /** All messages that this transport wrote, in order. */
  get sent(): readonly WrittenMessage[] {
    return this.#sent;
  }

  /** Calls the listener after each message. The result ends that. */
  onSent(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Accepts every recipient. ERR_CONNECT if the file cannot be written; then there is none. */
  async send(
    envelope: Envelope,
    compose: (offered?: typeof accepts) => Promise<OutgoingContent>,
    { signal, onProgress }: TransportSendOptions,
  ): Promise<TransportResult> {
    if (signal.aborted) throw abortError(signal);
    const outgoing = await compose(accepts);
    const content = await collectContent(outgoing, signal, (bytesSent) => {
      if (onProgress) notify(onProgress, { bytesSent, totalBytes: outgoing.size });
    });
    const time = new Date();
    const name = nameOf(content, time);
    const file = join(this.#directory, name);
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFileAtomically(file, content);
    } catch (cause) {
      throw createEmailError('ERR_CONNECT', `The message cannot be written to ${showText(file)}: ${reasonOf(cause)}`, {
        cause,
        remedy: 'Check the directory of FileTransport, its permissions and the space on its disk.',
      });
    }
    this.#sent.push({ envelope: { ...envelope, to: [...envelope.to] }, file, time });
    this.#listeners.call();
    return {
      accepted: [...envelope.to],
      rejected: [],
      reply: { code: 250, enhancedCode: '2.0.0', lines: [`OK: kept in ${name}`] },
    };
  }

  /** Does nothing: the files stay. */
  async close(): Promise<void> {}
}

function nameOf(content: Buffer, time: Date): string {
  const id = (parseHeader(content, 0, content.length, maxHeaderBytes).get('Message-ID') ?? '')
    .slice(0, 998)
    .replace(/^<|>$/g, '')
    .replace(/[^A-Za-z0-9.@_-]/g, '_')
    .slice(0, maxIdLength);
  // Colons of the time are not allowed in names on Windows.
  const start = time.toISOString().replace(/[-:]/g, '');
  return `${start}-${id === '' ? 'message' : id}-${randomBytes(4).toString('hex')}.eml`;
}

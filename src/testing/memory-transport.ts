/**
 * A transport for unit tests. It composes messages as for a server, but keeps them instead of sending them.
 * @module
 */
import { abortError } from '../errors/abort.js';
import { createEmailError, isError } from '../errors/email-error.js';
import type { Envelope } from '../model/envelope.js';
import type { EmailError } from '../model/error.js';
import type { SmtpReply } from '../model/reply.js';
import type { RejectedRecipient } from '../model/report.js';
import type { OutgoingContent, Transport, TransportResult, TransportSendOptions } from '../model/transport.js';
import { recipientsRejected } from '../smtp/transaction/recipients.js';
import { saysTooLarge } from '../smtp/reply-error.js';
import { showReply } from '../smtp/reply.js';
import { notify } from '../util/notify.js';
import { collectContent } from './collect-content.js';
import { type DecodedMessage, decodeMessage } from './decoded-message.js';
import { Listeners } from './listeners.js';

/** A message that a `MemoryTransport` accepted. */
export interface SentMessage extends DecodedMessage {
  /** The envelope without the recipients that were refused. */
  readonly envelope: Envelope;
  /** The whole message with CRLF line ends. */
  readonly content: Uint8Array;
}

const accepts = { eightBitMime: true, binaryMime: false, smtpUtf8: true } as const;
const accepted: SmtpReply = { code: 250, enhancedCode: '2.0.0', lines: ['OK: kept in memory'] };
const failedContent: SmtpReply = { code: 451, enhancedCode: '4.3.0', lines: ['Failed as the test requires'] };
const refusedRecipient: SmtpReply = { code: 550, enhancedCode: '5.1.1', lines: ['Refused as the test requires'] };

/**
 * For `createMailer(profile, { transport })` in unit tests. It acts like a server that accepts everything, unless
 * configured otherwise.
 *
 * @example
 * ```ts
 * const transport = new MemoryTransport();
 * const mailer = createMailer(profile, { transport });
 * await mailer.send({ to: 'ann@example.com', subject: 'Welcome', text: 'Hello Ann' });
 * assert.equal(transport.sent[0]?.text, 'Hello Ann');
 * ```
 */
export class MemoryTransport implements Transport {
  #sent: SentMessage[] = [];
  #failures: (SmtpReply | Error)[] = [];
  #rejections = new Map<string, SmtpReply>();
  readonly #listeners = new Listeners();

  /** All accepted messages, in order. */
  get sent(): readonly SentMessage[] {
    return this.#sent;
  }

  /**
   * Makes the next send fail: with this error before anything is composed, or with this reply to its end of data
   * (default code 451). Several calls affect several sends.
   */
  failNext(failure: Partial<SmtpReply> | Error): void {
    this.#failures.push(isError(failure) ? failure : completeReply(failure, failedContent));
  }

  /** Refuses this recipient (ASCII case ignored) from now on, with this reply (default code 550). */
  rejectRecipient(address: string, reply: Partial<SmtpReply> = {}): void {
    this.#rejections.set(address.toLowerCase(), completeReply(reply, refusedRecipient));
  }

  /** Calls the listener after each accepted message. The result ends that. */
  onSent(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Removes messages, planned failures and refused recipients. */
  clear(): void {
    this.#sent = [];
    this.#failures = [];
    this.#rejections.clear();
  }

  /**
   * Accepts a message, as the SMTP transport does. ERR_RECIPIENTS_REJECTED if no recipient is left, or if one is
   * refused and `requireAllRecipients` is set.
   */
  async send(
    envelope: Envelope,
    compose: (offered?: typeof accepts) => Promise<OutgoingContent>,
    options: TransportSendOptions,
  ): Promise<TransportResult> {
    const { signal, requireAllRecipients, onProgress } = options;
    if (signal.aborted) throw abortError(signal);
    const failure = this.#failures.shift();
    if (isError(failure)) throw failure;

    const rejected: RejectedRecipient[] = [];
    const taken: string[] = [];
    for (const recipient of envelope.to) {
      const reply = this.#rejections.get(recipient.toLowerCase());
      if (reply === undefined) taken.push(recipient);
      else rejected.push({ recipient, reply });
    }
    if (taken.length === 0 || (requireAllRecipients && rejected.length > 0))
      throw recipientsRejected(rejected, { taken: taken.length });

    const outgoing = await compose(accepts);
    const content = await collectContent(outgoing, signal, (bytesSent) => {
      if (onProgress) notify(onProgress, { bytesSent, totalBytes: outgoing.size });
    });
    if (failure !== undefined) throw contentRefused(failure);
    this.#sent.push({ envelope: { ...envelope, to: taken }, content, ...decodeMessage(content) });
    this.#listeners.call();
    return { accepted: taken, rejected, reply: accepted };
  }

  /** Does nothing: `sent` is kept, and another mailer may use the transport. A closed mailer refuses its own sends. */
  async close(): Promise<void> {}
}

function completeReply(reply: Partial<SmtpReply>, fallback: SmtpReply): SmtpReply {
  if (reply.code === undefined) return { ...fallback, ...reply };
  return { code: reply.code, enhancedCode: reply.enhancedCode, lines: reply.lines ?? fallback.lines };
}

function contentRefused(reply: SmtpReply): EmailError {
  const tooLarge = saysTooLarge(reply);
  const what = tooLarge ? 'refused the message as too large' : 'refused the message';
  return createEmailError(
    tooLarge ? 'ERR_MESSAGE_TOO_LARGE' : 'ERR_SMTP_REPLY',
    `The server ${what}: ${showReply(reply)}`,
    {
      reply,
      phase: 'acceptance',
      retryable: reply.code < 500,
    },
  );
}

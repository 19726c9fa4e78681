/**
 * An open connection and the transactions on it (see SmtpConnection in contract.ts).
 * @module
 */
import type { Duplex } from 'node:stream';
import { untilAborted } from '../async/until-aborted.js';
import { createEmailError, isEmailError, withDetails } from '../errors/email-error.js';
import type { Envelope } from '../model/envelope.js';
import type { EmailError } from '../model/error.js';
import type { Warning } from '../model/reply.js';
import type { TlsReport } from '../model/report.js';
import type { ContentCapabilities, OutgoingContent } from '../model/transport.js';
import { canonicalBytes } from '../smtp/transaction/content.js';
import { createEnvelopeCommands, hasRequests, type RequestWriter } from '../smtp/transaction/envelope-commands.js';
import { contentCapabilities } from '../smtp/extensions.js';
import type { RefusalStage } from '../smtp/provider-refusals.js';
import { isConcurrencyRefusal, replyError } from '../smtp/reply-error.js';
import type { Session } from '../smtp/session.js';
import { quit, reset } from '../smtp/simple-commands.js';
import { TransactionState } from '../smtp/transaction/transaction-state.js';
import { explainFailure, transact, unaskedRefusal } from '../smtp/transaction/transaction.js';
import { isBytes } from '../util/bytes.js';
import { notify } from '../util/notify.js';
import type { Channel } from './channel/channel.js';
import type { SmtpConnection, Transaction, TransactionOutcome } from './contract.js';
import { requireUsable } from './farewell.js';
import { isStale, markStale } from './stale.js';

/** The result of setting up a connection. */
export interface OpenedConnection {
  readonly id: number;
  /** The server's name in the profile. */
  readonly host: string;
  readonly channel: Channel;
  readonly session: Session;
  readonly mechanism: string | undefined;
  readonly tls: TlsReport | undefined;
  readonly warnings: readonly Warning[];
  /** All streams from TCP upwards, for ref() and unref(). */
  readonly streams: readonly Duplex[];
  readonly closed: Promise<void>;
}

/** After this much idling the server may have gone away unnoticed, so content waits for the replies to the envelope. */
const staleAfterMs = 3_000;
/** How long to wait for the reply to QUIT and the replies before it. QUIT is only a courtesy. */
const quitMs = 2_000;

/** The reason for closing after QUIT. It only appears in logs, so one error is shared. */
let hasQuit: Error | undefined;

/** Replies that are not where they belong: the replies to earlier commands may not have been theirs either. */
function brokeProtocol(reason: Error | undefined): boolean {
  return isEmailError(reason) && reason.code === 'ERR_SMTP_PROTOCOL';
}

/** SmtpConnection over a channel. */
export class EstablishedConnection implements SmtpConnection {
  readonly #opened: OpenedConnection;
  readonly accepts: ContentCapabilities;
  #inFlight = 0;
  #completed = 0;
  /** Has the server accepted a MAIL, and a message? Has it refused one because of the number of connections? */
  #mailTaken = false;
  #accepted = false;
  #oneTooMany = false;
  #quitting: Promise<EmailError | undefined> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(opened: OpenedConnection) {
    this.#opened = opened;
    this.accepts = contentCapabilities(opened.session.extensions);
  }

  get id(): number {
    return this.#opened.id;
  }

  get usable(): boolean {
    return this.#quitting === undefined && this.#opened.channel.usable;
  }

  get closeReason(): Error | undefined {
    return this.#opened.channel.closed;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get completed(): number {
    return this.#completed;
  }

  get served(): boolean {
    return this.#accepted || (this.#mailTaken && !this.#oneTooMany && !brokeProtocol(this.closeReason));
  }

  get extensions(): ReadonlyMap<string, readonly string[]> {
    return this.#opened.session.extensions;
  }

  get mechanism(): string | undefined {
    return this.#opened.mechanism;
  }

  get tls(): TlsReport | undefined {
    return this.#opened.tls;
  }

  get warnings(): readonly Warning[] {
    return this.#opened.warnings;
  }

  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    const state = new TransactionState(transaction.onWritten);
    this.#inFlight++;
    try {
      const { compose, signal } = transaction;
      const requests = hasRequests(transaction.envelope)
        ? (await import('../smtp/transaction/requests.js')).requestWriter
        : undefined;
      const content = ownContent(await untilAborted(compose(this.accepts), signal));
      const { channel } = this.#opened;
      if (!channel.usable && channel.idle) await this.#sayWhyUnusable(signal);
      const outcome = await this.#run(transaction, content, state, requests);
      this.#accepted = true;
      return outcome;
    } catch (error) {
      this.#oneTooMany ||= isConcurrencyRefusal(error);
      throw await explainRefusal(error, this.#opened.host);
    } finally {
      this.#mailTaken ||= state.mailTaken;
      this.#inFlight--;
      this.#completed++;
      this.#settleDown();
    }
  }

  ref(): void {
    for (const stream of this.#opened.streams) call(stream, 'ref');
  }

  unref(): void {
    for (const stream of this.#opened.streams) call(stream, 'unref');
    this.#opened.channel.unref();
  }

  quit(): Promise<EmailError | undefined> {
    this.#quitting ??= this.#quit();
    return this.#quitting;
  }

  destroy(reason?: Error): void {
    this.#opened.channel.close(reason ?? createEmailError('ERR_CLOSED', 'The connection was closed.'), 'caller');
  }

  onClose(listener: () => void): void {
    void this.#opened.closed.then(listener);
  }

  /**
   * Rejects with the reason why the connection ended, with the server's text if there is one. The transaction was not
   * started, so it may use another connection.
   */
  async #sayWhyUnusable(signal: AbortSignal | undefined): Promise<void> {
    const { channel, closed } = this.#opened;
    // A connection that was used before ended while idle. The rest of the server's farewell makes no difference and is
    // not awaited.
    if (this.#completed > 0) channel.abandon();
    try {
      await requireUsable(channel, closed, signal);
    } catch (error) {
      if (!isEmailError(error) || error !== channel.closed) throw error;
      throw markStale(withDetails(error, { phase: error.phase ?? 'transaction' }));
    }
  }

  #run(
    transaction: Transaction,
    content: OutgoingContent,
    state: TransactionState,
    requests: RequestWriter | undefined,
  ): Promise<TransactionOutcome> {
    const { channel, session } = this.#opened;
    const { requireAllRecipients, signal } = transaction;
    const envelope = ownEnvelope(transaction.envelope);
    const idleMs = performance.now() - channel.lastActivity;
    const stale = this.#completed > 0 || idleMs > staleAfterMs;
    const plan = {
      commands: createEnvelopeCommands(envelope, content, session, requests),
      recipients: envelope.to,
      content,
      requireAllRecipients,
      envelopeFirst: channel.idle && idleMs > staleAfterMs,
      onSent: progressOf(transaction, content.size),
    };
    return channel.run(transact(plan, session, state), {
      source: isBytes(content.bytes) ? undefined : content.bytes,
      sasl: undefined,
      signal,
      refuse: (reply) => unaskedRefusal(reply, state),
      explain: (error) => explainFailure(error, state),
      mayRetry: (begun) => !state.begun && state.delivery === 'not-delivered' && (stale || !begun),
    });
  }

  /** After the last transaction in flight: sends RSET if the server still has a failed one. */
  #settleDown(): void {
    if (this.#inFlight > 0) return;
    const { channel, session } = this.#opened;
    if (channel.usable && channel.idle && session.needsReset) channel.run(reset(session)).catch(() => {});
    this.#whenIdle?.();
  }

  async #quit(): Promise<EmailError | undefined> {
    const { channel, session, closed } = this.#opened;
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    const end = (): void => this.destroy((hasQuit ??= createEmailError('ERR_CLOSED', 'The connection was closed.')));
    const timer = setTimeout(end, quitMs);
    let refusal: EmailError | undefined;
    try {
      channel.abandon();
      if (channel.usable) {
        const reply = await channel.run(quit(session));
        if (reply.negative) refusal = replyError('refused QUIT', reply, { phase: 'quit' });
      }
    } catch {
      // The connection is closed, as expected after QUIT.
    }
    clearTimeout(timer);
    end();
    await closed;
    const reason = refusal ?? channel.closed;
    // Closing without a reply is fine. A refusal, or bytes that are not a reply, are not.
    return isEmailError(reason) && (reason.reply !== undefined || reason.code === 'ERR_SMTP_PROTOCOL')
      ? reason
      : undefined;
  }
}

/**
 * A copy of the content in which every field is its own, so that none can be inherited. Content in memory gets its
 * canonical form.
 */
function ownContent(given: OutgoingContent): OutgoingContent {
  const { body, smtpUtf8, bytes } = given;
  const size = Object.hasOwn(given, 'size') ? given.size : undefined;
  const canonical = Object.hasOwn(given, 'canonical') ? given.canonical : undefined;
  const own = { body, smtpUtf8, size, bytes, canonical };
  if (!isBytes(bytes)) return own;
  const whole = canonicalBytes(bytes, own);
  own.bytes = whole;
  own.size = whole.length;
  return own;
}

/** A copy of the envelope in which every field is its own, so that none can be inherited. */
function ownEnvelope(given: Envelope): Envelope {
  const { from, to } = given;
  return {
    from,
    to,
    dsn: Object.hasOwn(given, 'dsn') ? given.dsn : undefined,
    requireTls: Object.hasOwn(given, 'requireTls') ? given.requireTls : undefined,
    deliverBy: Object.hasOwn(given, 'deliverBy') ? given.deliverBy : undefined,
    holdUntil: Object.hasOwn(given, 'holdUntil') ? given.holdUntil : undefined,
    mtPriority: Object.hasOwn(given, 'mtPriority') ? given.mtPriority : undefined,
  };
}

const stages: Readonly<Record<string, RefusalStage>> = { transaction: 'MAIL', content: 'DATA', acceptance: 'END' };

/** Replaces the general remedy by the provider's, for refusals at any stage of a transaction. */
async function explainRefusal(error: unknown, host: string): Promise<unknown> {
  if (!isEmailError(error) || error.reply === undefined || isStale(error)) return error;
  const stage = error.code === 'ERR_RECIPIENTS_REJECTED' ? 'RCPT' : stages[error.phase ?? ''];
  if (stage === undefined) return error;
  // If the table cannot be loaded, the refusal is still the error to throw.
  const table = await import('../smtp/provider-refusals.js').catch(() => undefined);
  const remedy = table?.providerRemedy(error.reply, { host, stage });
  return remedy === undefined ? error : withDetails(error, { remedy });
}

function call(stream: Duplex, name: 'ref' | 'unref'): void {
  const method = (stream as { ref?: unknown; unref?: unknown })[name];
  if (typeof method === 'function') method.call(stream);
}

function progressOf(
  { onProgress }: Transaction,
  totalBytes: number | undefined,
): ((bytesSent: number) => void) | undefined {
  if (onProgress === undefined) return undefined;
  return (bytesSent) => notify(onProgress, { bytesSent, totalBytes });
}

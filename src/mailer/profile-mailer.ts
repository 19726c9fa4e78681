/**
 * The mailer: passes a message through the composer to the transport, once per copy, and reports the outcome.
 * @module
 */
import { allowManyListeners, createAbortController } from '../async/abort-controller.js';
import { joinSignals } from '../async/deadline-signal.js';
import { untilAborted } from '../async/until-aborted.js';
import type { MessageCopy, PreparedMessage } from '../compose/prepared-message.js';
import type { LateComposer } from '../compose/late-composer.js';
import { throwIfAborted } from '../errors/abort.js';
import { closedError } from '../errors/closed-error.js';
import { createEmailError, reasonOf } from '../errors/email-error.js';
import type { SendOrigin } from '../errors/send-error.js';
import { sends, traced } from '../logging/diagnostics.js';
import type { EventSink } from '../logging/event-sink.js';
import type { AddressInput } from '../model/address.js';
import type { EmailError } from '../model/error.js';
import type { ComposedMessage, Mailer, MailerStats, SendAllResult, SendOptions, SendResult } from '../model/mailer.js';
import type { MailMessage } from '../model/message.js';
import type { AuthorizeOptions } from '../model/settings/oauth2.js';
import type { ConnectionReport, SmimeReport } from '../model/report.js';
import type { OAuth2Tokens } from '../model/store.js';
import type { SendTrace } from '../model/log.js';
import type { Transport } from '../model/transport.js';
import {
  checkAuthorizeOptions,
  checkCloseOptions,
  checkSendOptions,
  checkTestOptions,
} from '../profile/mailer-options.js';
import { isBytes } from '../util/bytes.js';
import { deliver } from './deliver.js';
import type { SmimeTester } from './late-protection.js';
import type { OwnTransport } from './late-transport.js';
import type { OAuth2Service } from './oauth2/oauth2-service.js';
import { SendCounts } from './send-counts.js';
import type { TestFacts } from './test-email.js';
import { TransportClosing } from './transport-closing.js';
import { transportFailure } from '../transport/transport-failure.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** The parts of a mailer. */
export interface MailerParts extends SendOrigin {
  readonly composer: LateComposer;
  readonly transport: Transport;
  /**
   * The transport again, if it is the library's own. Others may not report the octets sent, and are informed of a forced
   * close() by a signal.
   */
  readonly ownTransport: OwnTransport | undefined;
  readonly events: EventSink | undefined;
  /** Closed last, because they log the end of each connection. */
  readonly logs: { close(): Promise<void> } | undefined;
  readonly smime: SmimeTester;
  readonly oauth2: Pick<OAuth2Service, 'authorize' | 'close'>;
  readonly totalMs: number;
  /** Sends that `sendAll` runs at once. */
  readonly window: number;
  /** Names and values that the test e-mail lists: profile, server, security, protection. */
  readonly facts: TestFacts;
  readonly senderAddress: string;
  /** Fields of every send trace. */
  readonly traced: Pick<SendTrace, 'profile' | 'server' | 'port'>;
}

type TestOptions = { readonly signal?: AbortSignal | undefined };
const noOptions: SendOptions = withoutPrototype({});
/** Stats of a transport that is not the library's own. */
const noConnections = { connections: { open: 0, idle: 0, opening: 0, limit: 0 }, waiting: 0 } as const;

export class ProfileMailer implements Mailer {
  readonly #parts: MailerParts;
  /** Aborts when close() is forced. */
  readonly #abort = createAbortController();
  /** The signal of sends without another reason to abort. */
  readonly #forcedEnd = joinSignals([this.#abort.signal]);
  /** Aborts at close(), forced or not. */
  readonly #closed = createAbortController();
  /** Number of operations under way. */
  #pending = 0;
  /** The promise that close() waits for: it resolves once no operation is under way. */
  #idle: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;
  readonly #closing: TransportClosing;
  readonly #counts = new SendCounts();

  constructor(parts: MailerParts) {
    this.#parts = parts;
    this.#closing = new TransportClosing(parts.transport);
    allowManyListeners(this.#abort.signal);
    allowManyListeners(this.#closed.signal);
  }

  send(message: MailMessage, options?: SendOptions): Promise<SendResult> {
    if (this.#closed.signal.aborted) return Promise.reject(closedError());
    return this.#start(message, options);
  }

  #start(message: MailMessage, options: SendOptions | undefined): Promise<SendResult> {
    return sends.hasSubscribers ? this.#sendTraced(message, options) : this.#send(message, options);
  }

  stats(): MailerStats {
    const { ownTransport } = this.#parts;
    const { inFlight, sent, failed } = this.#counts;
    return { ...(ownTransport?.stats() ?? noConnections), inFlight, sent, failed };
  }

  sendAll(
    messages: Iterable<MailMessage> | AsyncIterable<MailMessage>,
    given?: SendOptions,
  ): AsyncIterable<SendAllResult> {
    return this.#sendAll(messages, given === undefined ? undefined : checkSendOptions(given));
  }

  async *#sendAll(
    messages: Iterable<MailMessage> | AsyncIterable<MailMessage>,
    options: SendOptions | undefined,
  ): AsyncGenerator<SendAllResult, void, undefined> {
    const { sendWindow } = await import('./send-all.js');
    const send = (message: MailMessage, each: SendOptions | undefined): Promise<SendResult> => this.send(message, each);
    yield* sendWindow(messages, { size: this.#parts.window, send, closed: this.#closed.signal }, options);
  }

  compose(message: MailMessage, options?: TestOptions): Promise<ComposedMessage> {
    if (options !== undefined) return this.#withSignal(options, (signal) => this.#compose(message, signal));
    return this.#closed.signal.aborted ? Promise.reject(closedError()) : this.#compose(message, this.#abort.signal);
  }

  /** The signal also ends the wait for a source or key that does not respond. */
  async #compose(message: MailMessage, signal: AbortSignal): Promise<ComposedMessage> {
    this.#pending++;
    let prepared: PreparedMessage | undefined;
    try {
      prepared = await this.#parts.composer.prepare(message, signal);
      const copy = prepared.copies[0] as MessageCopy;
      const { bytes } = await copy.compose();
      return { envelope: copy.envelope, content: isBytes(bytes) ? bytes : await collect(bytes) };
    } finally {
      if (prepared?.dispose) await this.#remove(prepared.dispose);
      this.#ended();
    }
  }

  testConnection(options?: TestOptions): Promise<ConnectionReport> {
    return this.#withSignal(options, async (signal) => {
      const { transport } = this.#parts;
      try {
        if (transport.test) return await transport.test({ signal });
        return (await import('../transport/connection-report.js')).emptyReport();
      } catch (cause) {
        throw transportFailure(cause, signal);
      }
    });
  }

  async sendTestEmail(to?: AddressInput, options?: SendOptions): Promise<SendResult> {
    if (this.#closed.signal.aborted) throw closedError();
    this.#pending++;
    try {
      const { testMessage } = await import('./test-email.js');
      return await this.#start(testMessage(to ?? this.#parts.senderAddress, this.#parts.facts), options);
    } finally {
      this.#ended();
    }
  }

  async authorize(options?: AuthorizeOptions): Promise<OAuth2Tokens> {
    const { signal: callers, ...rest } = checkAuthorizeOptions(options);
    if (this.#closed.signal.aborted) throw closedError();
    // close() waits for sends under way, but not for a person to sign in.
    const { signal, dispose } = joinSignals([this.#closed.signal, callers]);
    this.#pending++;
    try {
      return await this.#parts.oauth2.authorize({ ...rest, signal });
    } finally {
      this.#ended();
      dispose();
    }
  }

  testSigning(options?: TestOptions): Promise<SmimeReport> {
    return this.#withSignal(options, (signal) => this.#parts.smime.testSigning(signal));
  }

  testEncryption(recipients: AddressInput | readonly AddressInput[], options?: TestOptions): Promise<SmimeReport> {
    return this.#withSignal(options, (signal) => this.#parts.smime.testEncryption(recipients, signal));
  }

  async close(options?: { readonly force?: boolean | undefined }): Promise<void> {
    const { force = false } = checkCloseOptions(options);
    this.#closed.abort(closedError());
    if (force) this.#abort.abort(closedError());
    const forced = force ? Promise.all([this.#closing.close(true), this.#parts.oauth2.close(true)]) : undefined;
    if (this.#pending > 0) await (this.#idle ??= new Promise<void>((resolve) => (this.#whenIdle = resolve)));
    try {
      await (forced ?? Promise.all([this.#closing.close(false), this.#parts.oauth2.close(false)]));
    } finally {
      await this.#parts.logs?.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #withSignal<T>(options: TestOptions | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed.signal.aborted) throw closedError();
    const { signal: callers } = checkTestOptions(options);
    const combined = joinSignals([this.#abort.signal, callers]);
    this.#pending++;
    try {
      throwIfAborted(combined.signal);
      return await untilAborted(run(combined.signal), combined.signal);
    } finally {
      this.#ended();
      combined.dispose();
    }
  }

  /** Removes a message's temporary file. A failure is a warning and does not change the result of the send. */
  async #remove(dispose: () => Promise<void>): Promise<void> {
    try {
      await dispose();
    } catch (cause) {
      this.#parts.events?.warning({
        code: 'WARN_FILE_LEFT',
        message: `A temporary file with content of a message could not be removed: ${reasonOf(cause)}`,
      });
    }
  }

  /** Ends the wait of close() after the last operation. */
  #ended(): void {
    if (--this.#pending === 0) this.#whenIdle?.();
  }

  #sendTraced(message: MailMessage, options: SendOptions | undefined): Promise<SendResult> {
    const trace: SendTrace = { ...this.#parts.traced };
    return traced(
      sends,
      trace,
      () => this.#send(message, options),
      ({ accepted, rejected, bytes }) =>
        Object.assign(trace, { accepted: accepted.length, rejected: rejected.length, bytes }),
    );
  }

  async #send(message: MailMessage, given: SendOptions | undefined): Promise<SendResult> {
    const start = performance.now();
    const { composer, transport, ownTransport, events, totalMs } = this.#parts;
    const options = given === undefined ? noOptions : checkSendOptions(given);
    const combined =
      totalMs === 0 && options.signal === undefined
        ? this.#forcedEnd
        : joinSignals([this.#abort.signal, options.signal], { ms: totalMs, passed: () => sendTimedOut(totalMs) });
    this.#pending++;
    this.#counts.begin();
    let prepared: PreparedMessage | undefined;
    try {
      prepared = await composer.prepare(message, combined.signal, true);
      events?.message(prepared.messageId, 'started', 0, 0);
      const isQuiet = combined === this.#forcedEnd;
      const { signal } = combined;
      const result = await deliver(prepared, options, { transport, ownTransport, signal, isQuiet, start });
      this.#counts.succeeded();
      if (events) {
        events.message(result.messageId, 'sent', result.bytes, result.durationMs);
        for (const warning of result.warnings) events.warning(warning);
      }
      return result;
    } catch (cause) {
      prepared?.identity?.release();
      // Only failures need the texts of remedies.
      const { sendError } = await import('../errors/send-error.js');
      const error = sendError(cause, this.#parts, prepared?.messageId);
      this.#counts.failedWith(error);
      if (events) {
        if (prepared) events.message(prepared.messageId, 'failed', 0, Math.round(performance.now() - start));
        events.error(error);
      }
      throw error;
    } finally {
      combined.dispose();
      if (prepared?.dispose) await this.#remove(prepared.dispose);
      this.#counts.end();
      this.#ended();
    }
  }
}

/** The error of a send that exceeded server.timeouts.totalMs. */
export function sendTimedOut(totalMs: number): EmailError {
  return createEmailError('ERR_TIMEOUT', `The send did not finish within ${totalMs} ms (server.timeouts.totalMs).`, {
    retryable: true,
    remedy: 'Raise server.timeouts.totalMs, or check why the server is slow.',
  });
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

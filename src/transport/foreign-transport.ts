/**
 * Wraps the caller's transport, and counts the octets of its messages. If it does not settle within 250 ms of an abort
 * or a forced close, send() or close() rejects.
 * @module
 */
import { createAbortController } from '../async/abort-controller.js';
import { onAbort } from '../async/on-abort.js';
import { untilAborted } from '../async/until-aborted.js';
import { abortError } from '../errors/abort.js';
import { createEmailError } from '../errors/email-error.js';
import type { Envelope } from '../model/envelope.js';
import type {
  ContentCapabilities,
  OutgoingContent,
  Transport,
  TransportResult,
  TransportSendOptions,
} from '../model/transport.js';
import { isBytes } from '../util/bytes.js';
import { transportFailure } from './transport-failure.js';

/** After the abort of a send, and after a forced close, how long the transport may take to settle on its own. */
const graceMs = 250;

/** Passes calls on, and stops waiting 250 ms after an abort or a forced close. */
export class ForeignTransport implements Transport {
  /** Absent if the transport has none. */
  declare readonly test?: Required<Transport>['test'];
  readonly #transport: Transport;
  readonly #givenUp = createAbortController();

  constructor(transport: Transport) {
    this.#transport = transport;
    if (transport.test !== undefined)
      this.test = async (options) => await (transport as Required<Transport>).test(options);
  }

  /**
   * Passes the call on, and makes an EmailError of every failure. After an abort, it rejects with delivery 'unknown' if
   * the transport had asked for the content, because the transport may have given it to a server.
   */
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: TransportSendOptions,
  ): Promise<TransportResult> {
    const { signal } = options;
    let hasContent = false;
    const counter = new OctetCounter(compose);
    const give = (accepts?: ContentCapabilities): Promise<OutgoingContent> => {
      hasContent = true;
      const content = counter.compose(accepts);
      // The transport may not wait for it.
      content.catch(() => undefined);
      return content;
    };
    const sending = (async () => withTransactions(await this.#transport.send(envelope, give, options), counter))();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const giveUp = (): void => reject(abortError(signal, hasContent ? { delivery: 'unknown' } : {}));
      const stop = onAbort(signal, () => (timer = setTimeout(giveUp, graceMs)));
      const fail = (cause: unknown): void => reject(transportFailure(cause, signal));
      sending.then(resolve, fail).finally(() => {
        stop();
        clearTimeout(timer);
      });
    });
  }

  /**
   * Closes the transport. If it does not close within 250 ms of a call with `force`, all pending closes reject with
   * ERR_TIMEOUT, and so do all later ones, at once.
   */
  async close(options?: { readonly force?: boolean | undefined }): Promise<void> {
    const timer = options?.force === true ? setTimeout(() => this.#givenUp.abort(notClosed()), graceMs) : undefined;
    try {
      const closing = (async () => await this.#transport.close(options))();
      await untilAborted(closing, this.#givenUp.signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A transport need not report its transactions. Then there was one. */
function withTransactions(result: TransportResult, { octets }: OctetCounter): TransportResult {
  const { accepted, rejected, reply, warnings, transactions } = result;
  if (transactions !== undefined) return result;
  return { accepted, rejected, reply, warnings, transactions: [{ recipients: accepted, reply, bytes: octets }] };
}

/** Counts the octets of the content, for transports that do not report them. */
class OctetCounter {
  octets = 0;
  readonly #compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>;

  constructor(compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>) {
    this.#compose = compose;
  }

  async compose(accepts?: ContentCapabilities): Promise<OutgoingContent> {
    const content = await this.#compose(accepts);
    const { bytes, size = isBytes(bytes) ? bytes.length : undefined } = content;
    this.octets = size ?? 0;
    return size === undefined && !isBytes(bytes) ? { ...content, bytes: this.#counted(bytes) } : content;
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.octets += chunk.length;
      yield chunk;
    }
  }
}

function notClosed(): Error {
  return createEmailError('ERR_TIMEOUT', `The transport did not close within ${graceMs} ms, though it was forced to.`, {
    remedy: 'Check the transport that was passed to createMailer.',
  });
}

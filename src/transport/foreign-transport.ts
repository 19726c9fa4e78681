/**
 * A transport of the caller's own. It may leave a promise pending for ever: neither a send nor close() waits for that once
 * the signal has aborted, or the close is forced.
 *
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

/** After the abort of a send, and after a forced close, how long the transport may take to settle by itself. */
const graceMs = 250;

/** Passes everything on. */
export class ForeignTransport implements Transport {
  /** Absent where the transport has none. */
  declare readonly test?: Required<Transport>['test'];
  readonly #transport: Transport;
  readonly #givenUp = createAbortController();

  constructor(transport: Transport) {
    this.#transport = transport;
    if (transport.test !== undefined)
      this.test = async (options) => await (transport as Required<Transport>).test(options);
  }

  /** Once the transport has asked for the content, only the transport can say whether the server has the message. */
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: TransportSendOptions,
  ): Promise<TransportResult> {
    const { signal } = options;
    let hasContent = false;
    const give = (accepts?: ContentCapabilities): Promise<OutgoingContent> => {
      hasContent = true;
      const content = compose(accepts);
      // The transport may not wait for it.
      content.catch(() => undefined);
      return content;
    };
    const sending = (async () => await this.#transport.send(envelope, give, options))();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const giveUp = (): void => reject(abortError(signal, hasContent ? { delivery: 'unknown' } : {}));
      const stop = onAbort(signal, () => (timer = setTimeout(giveUp, graceMs)));
      sending.then(resolve, reject).finally(() => {
        stop();
        clearTimeout(timer);
      });
    });
  }

  /** With `force`, all closes that are under way end after a while, with ERR_TIMEOUT. */
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

function notClosed(): Error {
  return createEmailError('ERR_TIMEOUT', `The transport did not close within ${graceMs} ms, though it was forced to.`, {
    remedy: 'See the transport that createMailer was given.',
  });
}

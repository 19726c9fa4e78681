/** A transport that is loaded when something first goes through it: a program that only makes a mailer loads no protocol and no TLS. */
import type { ConnectionReport } from '../model/report.js';
import type { Envelope } from '../model/envelope.js';
import type { ContentCapabilities, OutgoingContent, Transport, TransportResult, TransportSendOptions } from '../model/transport.js';
import { createEmailError } from '../errors/email-error.js';

export class LateTransport implements Transport {
  readonly #load: () => Promise<Transport>;
  #loading: Promise<Transport> | undefined;
  #loaded: Transport | undefined;

  constructor(load: () => Promise<Transport>) {
    this.#load = load;
  }

  send(envelope: Envelope, compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>, options: TransportSendOptions): Promise<TransportResult> {
    if (this.#loaded) return this.#loaded.send(envelope, compose, options);
    return this.#ready().then((transport) => transport.send(envelope, compose, options));
  }

  async test(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport> {
    const { test } = await this.#ready();
    if (!test) throw createEmailError('ERR_CONNECT', 'The transport has nothing to test.');
    return test.call(this.#loaded, options);
  }

  /** What was never loaded has nothing open. */
  async close(options?: { readonly force?: boolean | undefined }): Promise<void> {
    const transport = await this.#loading?.catch(() => undefined);
    await transport?.close(options);
  }

  #ready(): Promise<Transport> {
    this.#loading ??= this.#load().then(
      (transport) => (this.#loaded = transport),
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}

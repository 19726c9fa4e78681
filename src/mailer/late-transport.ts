/**
 * A transport that is loaded on first use, so that a program that only makes a mailer loads neither the protocol nor
 * TLS.
 * @module
 */
import type { ConnectionReport } from '../model/report.js';
import type { Envelope } from '../model/envelope.js';
import type { ContentCapabilities, OutgoingContent, Transport, TransportResult } from '../model/transport.js';
import type { PoolStats } from '../transport/pool/pool.js';
import type { OwnSendOptions } from '../transport/smtp-transport.js';
import { closedError } from '../errors/closed-error.js';

/** The library's own transport. Its sends need no signal, and it can be tested. */
export interface OwnTransport extends Required<Transport> {
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
  ): Promise<TransportResult>;
  /** Numbers of connections and of waiting messages. */
  stats(): PoolStats;
}

export class LateTransport implements OwnTransport {
  readonly #load: () => Promise<OwnTransport>;
  readonly #maxConnections: number;
  readonly #unloaded: Pick<Transport, 'close'> | undefined;
  #loading: Promise<OwnTransport> | undefined;
  #loaded: OwnTransport | undefined;
  #closed = false;

  /** `unloaded` is closed if nothing was loaded. */
  constructor(load: () => Promise<OwnTransport>, maxConnections: number, unloaded?: Pick<Transport, 'close'>) {
    this.#load = load;
    this.#maxConnections = maxConnections;
    this.#unloaded = unloaded;
  }

  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
  ): Promise<TransportResult> {
    if (this.#loaded) return this.#loaded.send(envelope, compose, options);
    return this.#ready().then((transport) => transport.send(envelope, compose, options));
  }

  stats(): PoolStats {
    if (this.#loaded) return this.#loaded.stats();
    return { connections: { open: 0, idle: 0, opening: 0, limit: this.#maxConnections }, waiting: 0 };
  }

  async test(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport> {
    return (await this.#ready()).test(options);
  }

  /**
   * A transport that was never loaded has nothing to close. After close() it is not loaded any more: a forced close()
   * may come while a message is still being prepared.
   */
  async close(options?: { readonly force?: boolean | undefined }): Promise<void> {
    this.#closed = true;
    const transport = (await this.#loading?.catch(() => undefined)) ?? this.#unloaded;
    await transport?.close(options);
  }

  #ready(): Promise<OwnTransport> {
    if (this.#closed && !this.#loading) return Promise.reject(closedError());
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

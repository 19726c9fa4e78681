/**
 * TLS to mail servers, as one module that is loaded when the first connection needs it.
 * @module
 */
import type { Duplex } from 'node:stream';
import { untilAborted } from '../../async/until-aborted.js';
import type { TlsSettings } from '../../model/settings/server.js';
import type { LoadClientIdentity } from '../tls-identity.js';
import { TlsContexts } from './tls-contexts.js';
import { secure, type SecuredStream } from './tls.js';

/** The server to be secured, by the name and the port of the profile. */
export interface TlsServer {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings;
  readonly loadClientIdentity?: LoadClientIdentity | undefined;
}

/** Performs handshakes. It keeps a context for each settings object, and the sessions that can be resumed. */
export class TlsClient {
  readonly #contexts = new TlsContexts();

  /** See `secure`. The settings' files are read before the first handshake. */
  async secure(stream: Duplex, server: TlsServer, signal: AbortSignal): Promise<SecuredStream> {
    const { host, port, tls, loadClientIdentity } = server;
    const material = await untilAborted(this.#contexts.get(tls, loadClientIdentity), signal);
    return await secure(stream, { host, port, settings: tls, material }, signal);
  }
}

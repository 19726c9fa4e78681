/**
 * The mechanism EXTERNAL.
 * @module
 */
import type { SaslMechanism } from '../model/sasl.js';
import { utf8 } from '../util/bytes.js';
import { unexpectedChallenge } from './mechanism.js';

/**
 * EXTERNAL (RFC 4422 appendix A). The TLS client certificate authenticates the client. Only the identity to act as is
 * sent; it is empty if the server takes it from the certificate.
 */
export class ExternalMechanism implements SaslMechanism {
  readonly name = 'EXTERNAL';
  complete = false;
  readonly #identity: Buffer;

  constructor(authorizationId: string | undefined) {
    this.#identity = utf8(authorizationId ?? '');
  }

  start(): Uint8Array {
    this.complete = true;
    return this.#identity;
  }

  next(): Uint8Array {
    throw unexpectedChallenge(this.name);
  }
}

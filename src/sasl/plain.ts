/**
 * The mechanism PLAIN.
 * @module
 */
import type { SaslMechanism } from '../model/sasl.js';
import { utf8 } from '../util/bytes.js';
import { unexpectedChallenge } from './mechanism.js';

/**
 * PLAIN (RFC 4616): everything in one message. Strings go out as given: section 2 has the server prepare them before it compares,
 * and a server that compares bytes would not know a password that we changed.
 */
export class PlainMechanism implements SaslMechanism {
  readonly name = 'PLAIN';
  complete = false;
  readonly #message: Buffer;

  constructor(username: string, password: string, authorizationId: string | undefined) {
    this.#message = utf8(`${authorizationId ?? ''}\0${username}\0${password}`);
  }

  start(): Uint8Array {
    this.complete = true;
    return this.#message;
  }

  next(): Uint8Array {
    throw unexpectedChallenge(this.name);
  }
}

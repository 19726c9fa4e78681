/**
 * The mechanism PLAIN.
 * @module
 */
import type { SaslMechanism } from '../model/sasl.js';
import { utf8 } from '../util/bytes.js';
import { unexpectedChallenge } from './mechanism.js';

/**
 * PLAIN (RFC 4616): everything in one message. The strings are sent unchanged: by section 2 the server prepares them
 * before comparing, and a server that compares bytes would not recognize a password prepared here.
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

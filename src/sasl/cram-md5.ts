/**
 * The mechanism CRAM-MD5.
 * @module
 */
import { createHmac } from 'node:crypto';
import type { SaslMechanism } from '../model/sasl.js';
import { utf8 } from '../util/bytes.js';
import { challengeInvalid, unexpectedChallenge } from './mechanism.js';

/**
 * CRAM-MD5 (RFC 2195): the user name and the HMAC-MD5 of the server's challenge under the password, both UTF-8 as
 * given.
 */
export class CramMd5Mechanism implements SaslMechanism {
  readonly name = 'CRAM-MD5';
  complete = false;
  readonly #username: string;
  readonly #password: string;

  constructor(username: string, password: string) {
    this.#username = username;
    this.#password = password;
  }

  start(): undefined {
    return undefined;
  }

  next(challenge: Uint8Array): Uint8Array {
    if (this.complete) throw unexpectedChallenge(this.name);
    // The digest of an empty challenge is the same at every login, and could be recorded and replayed.
    if (challenge.length === 0) throw challengeInvalid(this.name, 'sent an empty challenge');
    const digest = createHmac('md5', utf8(this.#password)).update(challenge).digest('hex');
    this.complete = true;
    return utf8(`${this.#username} ${digest}`);
  }
}

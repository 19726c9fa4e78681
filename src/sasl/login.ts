/**
 * The mechanism LOGIN.
 * @module
 */
import type { SaslMechanism } from '../model/sasl.js';
import { utf8 } from '../util/bytes.js';
import { unexpectedChallenge } from './mechanism.js';

/**
 * LOGIN, never a standard (draft-murchison-sasl-login): the server asks twice, the user name is the first answer and the password
 * the second. What the prompts say is not looked at: servers differ, and some say nothing.
 */
export class LoginMechanism implements SaslMechanism {
  readonly name = 'LOGIN';
  readonly #answers: Buffer[];

  constructor(username: string, password: string) {
    this.#answers = [utf8(username), utf8(password)];
  }

  get complete(): boolean {
    return this.#answers.length === 0;
  }

  start(): undefined {
    return undefined;
  }

  next(): Uint8Array {
    const answer = this.#answers.shift();
    if (answer === undefined) throw unexpectedChallenge(this.name);
    return answer;
  }
}

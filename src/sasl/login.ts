/**
 * The mechanism LOGIN.
 * @module
 */
import type { SaslMechanism } from '../model/sasl.js';
import { utf8 } from '../util/bytes.js';
import { unexpectedChallenge } from './mechanism.js';

/**
 * LOGIN, which was never standardized (draft-murchison-sasl-login). The server prompts twice; the first answer is the
 * user name, the second the password. The text of the prompts is ignored, because it differs between servers and may be
 * empty.
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

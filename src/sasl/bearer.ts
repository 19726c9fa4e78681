/**
 * Mechanisms that send a bearer token.
 * @module
 */
import type { SaslContext, SaslMechanism } from '../model/sasl.js';
import { asBuffer, noBytes, utf8 } from '../util/bytes.js';
import { Secrets } from '../util/secrets.js';
import { showText } from '../util/show.js';
import { type ExplainsFailure, unexpectedChallenge } from './mechanism.js';
import { escapeSaslName } from './sasl-name.js';

/**
 * The base of XOAUTH2 (Google, Microsoft) and OAUTHBEARER (RFC 7628). Both send the token at once. A server that
 * refuses it sends a challenge with its reasons in JSON and fails only after an answer: an empty one for XOAUTH2, 0x01
 * for OAUTHBEARER.
 */
abstract class BearerMechanism implements SaslMechanism, ExplainsFailure {
  abstract readonly name: string;
  protected abstract readonly acknowledgement: Uint8Array;
  failure: string | undefined;
  #started = false;
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  get complete(): boolean {
    return this.#started && this.failure === undefined;
  }

  start(context: SaslContext): Uint8Array {
    this.#started = true;
    return utf8(this.message(this.#token, context));
  }

  next(challenge: Uint8Array): Uint8Array {
    if (!this.complete) throw unexpectedChallenge(this.name);
    this.failure = explain(challenge, this.#token);
    return this.acknowledgement;
  }

  protected abstract message(token: string, context: SaslContext): string;
}

/** The mechanism XOAUTH2. */
export class Xoauth2Mechanism extends BearerMechanism {
  readonly name = 'XOAUTH2';
  protected readonly acknowledgement = noBytes;
  readonly #username: string;

  constructor(username: string, token: string) {
    super(token);
    this.#username = username;
  }

  protected message(token: string): string {
    return `user=${this.#username}\x01auth=Bearer ${token}\x01\x01`;
  }
}

/** The mechanism OAUTHBEARER. */
export class OauthBearerMechanism extends BearerMechanism {
  readonly name = 'OAUTHBEARER';
  protected readonly acknowledgement = Uint8Array.of(1);
  readonly #identity: string;

  constructor(authorizationId: string, token: string) {
    super(token);
    this.#identity = escapeSaslName(authorizationId);
  }

  protected message(token: string, { host, port }: SaslContext): string {
    return `n,a=${this.#identity},\x01host=${host}\x01port=${port}\x01auth=Bearer ${token}\x01\x01`;
  }
}

/** Fields of RFC 7628 section 3.2.2, and those that Google and Microsoft add. */
const fields = ['status', 'error', 'error_description', 'scope', 'schemes', 'openid-configuration'] as const;

/**
 * The JSON of a refusal in one line; text that is no such JSON as it is. Words that repeat the token are hidden whole.
 */
function explain(challenge: Uint8Array, token: string): string {
  const text = asBuffer(challenge).toString('utf8');
  const said = fieldsOf(text) ?? text;
  return showText(new Secrets([token]).shown(said)) || 'the token was refused without a reason';
}

function fieldsOf(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const given = new Map<string, unknown>(Object.entries(value));
  const said = fields.flatMap((name) => {
    const field = given.get(name);
    return typeof field === 'string' || typeof field === 'number' ? [`${name} ${field}`] : [];
  });
  return said.length === 0 ? undefined : said.join(', ');
}

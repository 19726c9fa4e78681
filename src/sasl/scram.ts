/**
 * The mechanisms of SCRAM (RFC 5802, RFC 7677).
 * @module
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { createEmailError } from '../errors/email-error.js';
import type { ChannelBinding, SaslContext, SaslMechanism } from '../model/sasl.js';
import { asBuffer, noBytes, utf8, wipe } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { challengeInvalid, type ExplainsFailure, unexpectedChallenge } from './mechanism.js';
import { escapeSaslName } from './sasl-name.js';
import { parseServerFinal, parseServerFirst } from './scram-message.js';
import { hasOwn } from '../util/own.js';

const deriveKey = promisify(pbkdf2);

/** The hash functions that have a SCRAM mechanism. */
export type ScramHash = 'SHA-1' | 'SHA-256' | 'SHA-512';

/** The input of a SCRAM exchange. `username` and `password` are already prepared (RFC 4013). */
export interface ScramOptions {
  readonly hash: ScramHash;
  /** Use the -PLUS variant? */
  readonly plus: boolean;
  readonly username: string;
  readonly password: string;
  readonly authorizationId?: string | undefined;
  /** A fixed nonce for test vectors. Default: 18 random bytes in base64. */
  readonly nonce?: string | undefined;
}

type State = 'initial' | 'first sent' | 'final sent' | 'verified' | 'failed';

/**
 * SCRAM (RFC 5802, RFC 7677) with SHA-1, SHA-256 or SHA-512. The -PLUS variants bind the proof to the TLS channel (RFC
 * 5929, RFC 9266). The messages are: client first, server first, client final, server final. The exchange is complete
 * only after the server's final message has proved that it knows the password too.
 */
export class ScramMechanism implements SaslMechanism, ExplainsFailure {
  readonly name: string;
  failure: string | undefined;
  readonly #options: ScramOptions;
  readonly #digest: string;
  readonly #nonce: string;
  #state: State = 'initial';
  #gs2Header = '';
  #binding: ChannelBinding | undefined;
  #clientFirstBare = '';
  #serverSignature: Buffer | undefined;

  constructor(options: ScramOptions) {
    this.name = `SCRAM-${options.hash}${options.plus ? '-PLUS' : ''}`;
    this.#options = options;
    this.#digest = options.hash.replace('-', '').toLowerCase();
    this.#nonce = options.nonce ?? randomBytes(18).toString('base64');
  }

  get complete(): boolean {
    return this.#state === 'verified';
  }

  start(context: SaslContext): Uint8Array {
    const { username, authorizationId } = this.#options;
    const identity = authorizationId === undefined ? '' : `a=${escapeSaslName(authorizationId)}`;
    this.#gs2Header = `${this.#bindingFlag(context)},${identity},`;
    this.#clientFirstBare = `n=${escapeSaslName(username)},r=${this.#nonce}`;
    this.#state = 'first sent';
    return utf8(this.#gs2Header + this.#clientFirstBare);
  }

  next(challenge: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (this.#state === 'first sent') return this.#answerFirst(asBuffer(challenge).toString('utf8'));
    if (this.#state === 'final sent') return this.#checkFinal(asBuffer(challenge).toString('utf8'));
    throw unexpectedChallenge(this.name);
  }

  /**
   * RFC 5802 section 6: 'y' says that this client could bind, but was not offered it. A server with a -PLUS variant
   * thereby detects that an attacker removed it from the list or answered 504 in its place.
   */
  #bindingFlag(context: SaslContext): string {
    if (!this.#options.plus) return context.channelBinding === undefined ? 'n' : 'y';
    this.#binding = context.channelBinding;
    if (this.#binding === undefined) {
      throw createEmailError(
        'ERR_AUTH_UNAVAILABLE',
        `${this.name} needs a TLS channel to bind to, which this connection does not provide.`,
        {
          phase: 'authenticate',
          remedy:
            "Connect with TLS (server.security 'explicit' or 'implicit'), or choose another authentication.method.",
        },
      );
    }
    return `p=${this.#binding.type}`;
  }

  async #answerFirst(message: string): Promise<Uint8Array> {
    const first = parseServerFirst(this.name, message, this.#nonce);
    if (hasOwn(first, 'error')) return this.#refused(first.error);
    const bound = Buffer.concat([utf8(this.#gs2Header), this.#binding?.data ?? noBytes]).toString('base64');
    const clientFinalBare = `c=${bound},r=${first.nonce}`;
    const authMessage = `${this.#clientFirstBare},${message},${clientFinalBare}`;

    const salted = await deriveKey(
      utf8(this.#options.password),
      first.salt,
      first.iterations,
      hashBytes[this.#options.hash],
      this.#digest,
    );
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#digest).update(clientKey).digest();
    const clientSignature = this.#hmac(storedKey, authMessage);
    const proof = clientKey.map((byte, i) => byte ^ (clientSignature[i] ?? 0));
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), authMessage);
    wipe(salted);
    wipe(clientKey);
    this.#state = 'final sent';
    return utf8(`${clientFinalBare},p=${asBuffer(proof).toString('base64')}`);
  }

  #checkFinal(message: string): Uint8Array {
    const final = parseServerFinal(this.name, message);
    if (hasOwn(final, 'error')) return this.#refused(final.error);
    const expected = this.#serverSignature ?? noBytes;
    if (final.signature.length !== expected.length || !timingSafeEqual(final.signature, expected)) {
      this.#state = 'failed';
      throw challengeInvalid(
        this.name,
        'did not prove that it knows the password: its signature is wrong',
        'This may not be the intended server: check server.host and the network path to it.',
      );
    }
    this.#state = 'verified';
    return noBytes;
  }

  /** Handles the server's `e=`. The empty response lets the server go on to its own refusal. */
  #refused(error: string): Uint8Array {
    this.#state = 'failed';
    this.failure = showText(error, 100);
    return noBytes;
  }

  #hmac(key: Uint8Array, text: string): Buffer {
    return createHmac(this.#digest, key).update(text, 'utf8').digest();
  }
}

const hashBytes: Readonly<Record<ScramHash, number>> = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-512': 64 };

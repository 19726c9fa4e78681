import { isEmailError } from '../../../src/errors/email-error.js';
import type { Authentication } from '../../../src/model/settings/authentication.js';
import type { EmailError } from '../../../src/model/error.js';
import type { SaslContext } from '../../../src/model/sasl.js';

/** A connection without and with TLS. */
export const plainText: SaslContext = { host: 'mail.example.com', port: 587, secure: false };
export const underTls: SaslContext = { ...plainText, secure: true };

/** A profile's authentication. Its password differs from the one that the mechanism is given. */
export function auth(method: Authentication['method'], more: object = {}): Authentication {
  return { method, username: 'user', password: 'reference', ...more } as Authentication;
}

/** The bytes as UTF-8 text. */
export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

/** The EmailError that a call throws. */
export async function errorOf(call: () => unknown): Promise<EmailError> {
  try {
    await call();
  } catch (error) {
    if (isEmailError(error)) return error as EmailError;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A generator of numbers below 2^32 from a seed (xorshift32). */
export function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

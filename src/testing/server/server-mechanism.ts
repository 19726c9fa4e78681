/**
 * The server side of a SASL mechanism, as an interface.
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ChannelBinding } from '../../model/sasl.js';

/** The next step: a challenge, the authenticated user, or a refusal. */
export type ServerStep = { readonly challenge: Uint8Array } | { readonly user: string } | { readonly refused: string };

/** One exchange. `response` is undefined at the start if the client sent no initial response. */
export type ServerMechanism = (response: Buffer | undefined) => ServerStep;

/** Facts about server and client for the mechanisms. */
export interface ServerAuthContext {
  /** The password (or token) of a user. */
  passwordOf(user: string): string | undefined;
  /** Mechanisms offered to this client. */
  readonly offered: readonly string[];
  /** Empty without TLS. */
  readonly channelBindings: readonly ChannelBinding[];
  /** CN of the client's verified certificate. */
  readonly certificateName: string | undefined;
}

/** Are both texts equal? Compares in constant time, as a real server must. */
export function sameText(a: string, b: string): boolean {
  const key = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

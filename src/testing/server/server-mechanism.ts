/**
 * What the server's side of a SASL mechanism is.
 *
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ChannelBinding } from '../../model/sasl.js';

/** What comes next: a challenge, the user who is proven, or a refusal. */
export type ServerStep = { readonly challenge: Uint8Array } | { readonly user: string } | { readonly refused: string };

/** One exchange. `response` is undefined at the start, where the client sent no initial response. */
export type ServerMechanism = (response: Buffer | undefined) => ServerStep;

/** What the mechanisms know of server and client. */
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

/** Same text? In constant time, as in a server that matters. */
export function sameText(a: string, b: string): boolean {
  const key = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

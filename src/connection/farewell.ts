/**
 * A channel is checked after each step of the set-up, and before a transaction: a server may have said something behind its last reply
 * that ends the connection, a 421 of a rate limiter above all.
 *
 * @module
 */
import { untilAborted } from '../async/until-aborted.js';
import type { Channel } from './channel/channel.js';

/** How long the rest of a refusal is waited for, once its first bytes have come. */
const farewellMs = 2_000;

/** Rejects with the reason why the channel is of no more use, in the server's own words where it had them. Resolves if it is usable. */
export async function requireUsable(
  channel: Channel,
  closed: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (channel.usable) return;
  if (channel.closed === undefined) {
    const timer = setTimeout(() => channel.abandon(), farewellMs);
    try {
      await untilAborted(closed, signal);
    } finally {
      clearTimeout(timer);
    }
  }
  throw channel.closed;
}

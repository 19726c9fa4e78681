/**
 * Checks a channel after each step of the set-up and before a transaction. After its last reply a server may have sent
 * something that ends the connection, in particular the 421 of a rate limiter.
 * @module
 */
import { untilAborted } from '../async/until-aborted.js';
import type { Channel } from './channel/channel.js';

/** How long to wait for the rest of a refusal after its first bytes. */
const farewellMs = 2_000;

/**
 * Rejects with the reason why the channel cannot be used, with the server's text if there is one. Resolves if it is
 * usable.
 */
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

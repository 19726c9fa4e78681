/**
 * The open connections of a pool, and the choice of one for a message.
 * @module
 */
import type { SmtpConnection } from '../../connection/contract.js';
import { Slot, type SlotLimits } from './slot.js';

export class Slots extends Set<Slot> {
  /** The number of the latest connection. */
  latest = 0;

  /** Number of connections without a message. */
  get idle(): number {
    let idle = 0;
    for (const slot of this) if (slot.leases === 0) idle++;
    return idle;
  }

  adopt(connection: SmtpConnection, limits: SlotLimits): Slot {
    const slot = new Slot(connection, ++this.latest, limits);
    this.add(slot);
    return slot;
  }

  /** An idle connection with a number above `after`. */
  findIdle(after = 0): Slot | undefined {
    for (const slot of this) if (slot.number > after && slot.canTake(1)) return slot;
    return undefined;
  }

  /** The least busy connection with a number above `after` that has fewer than `most` messages. */
  findShared(most: number, after = 0): Slot | undefined {
    let best: Slot | undefined;
    for (const slot of this) if (slot.number > after && slot.canTake(best?.leases ?? most)) best = slot;
    return best;
  }

  /** Number of usable connections, without this one. */
  othersThan(connection: SmtpConnection): number {
    let others = 0;
    for (const slot of this) if (slot.connection !== connection && slot.connection.usable) others++;
    return others;
  }
}

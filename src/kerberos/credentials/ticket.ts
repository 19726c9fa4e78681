/**
 * A ticket, wherever it came from.
 *
 * @module
 */
import type { EncryptionKey } from '../crypto/encryption-type.js';
import type { Principal } from '../protocol/principal.js';

/** A ticket with its session key. Times in milliseconds by the KDC's clock. */
export interface KerberosTicket {
  readonly client: Principal;
  readonly server: Principal;
  /** The ticket as the KDC made it. */
  readonly der: Uint8Array;
  readonly key: EncryptionKey;
  readonly startTime: number;
  readonly endTime: number;
  readonly renewTill: number | undefined;
  readonly flags: number;
  /** Types with which anything on the way to this ticket was encrypted. */
  readonly encryptionTypes: readonly number[];
}

/**
 * A ticket from any source.
 * @module
 */
import type { EncryptionKey } from '../crypto/encryption-type.js';
import type { Principal } from '../protocol/principal.js';

/** A ticket with its session key. Times in milliseconds by the KDC's clock. */
export interface KerberosTicket {
  readonly client: Principal;
  readonly server: Principal;
  /** The ticket, unchanged from the KDC. */
  readonly der: Uint8Array;
  readonly key: EncryptionKey;
  readonly startTime: number;
  readonly endTime: number;
  readonly renewTill: number | undefined;
  readonly flags: number;
  /** Encryption types used anywhere on the way to this ticket. */
  readonly encryptionTypes: readonly number[];
}

/**
 * Passwords for exports that are read back at once.
 * @module
 */
import { randomBytes } from 'node:crypto';

/** A password for one use: 192 random bits in hex. */
export function oneTimePassword(): string {
  return randomBytes(24).toString('hex');
}

/**
 * RC4-HMAC (RFC 4757), which is broken, and only used if krb5.conf permits it.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { md4 } from '../../sasl/ntlm/md4.js';
import { rc4 } from '../../util/crypto/rc4.js';
import { asBuffer } from '../../util/bytes.js';
import { MalformedError } from '../errors.js';
import { badChecksum, hmac, requireEqual } from './encryption-type.js';
import type { EncryptionType } from './encryption-type.js';

const macBytes = 16;
const confounderBytes = 8;

/** Microsoft's numbers for some usages (RFC 4757 section 3), little-endian. */
function messageType(usage: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(usage === 3 || usage === 9 ? 8 : usage === 23 ? 13 : usage);
  return number;
}

/** The checksum of RFC 4757 section 4, for one of Microsoft's message types. */
export function rc4Checksum(key: Uint8Array, type: Uint8Array, ...data: readonly Uint8Array[]): Buffer {
  const digest = createHash('md5').update(type);
  for (const piece of data) digest.update(piece);
  return hmac('md5', hmac('md5', key, Buffer.from('signaturekey\0')), digest.digest());
}

/** rc4-hmac (RFC 4757, historic by RFC 8429), only used if krb5.conf requests it. */
export const rc4Hmac: EncryptionType = {
  id: 23,
  name: 'arcfour-hmac',
  keyBytes: 16,
  checksumType: -138,
  checksumBytes: macBytes,
  defaultIterations: undefined,
  async stringToKey(password) {
    return asBuffer(md4(Buffer.from(password, 'utf16le')));
  },
  encrypt(key, usage, plain, confounder = randomBytes(confounderBytes)) {
    const input = Buffer.concat([confounder, plain]);
    const base = hmac('md5', key, messageType(usage));
    const checksum = hmac('md5', base, input);
    return Buffer.concat([checksum, rc4(hmac('md5', base, checksum), input)]);
  },
  decrypt(key, usage, cipher) {
    if (cipher.length < macBytes + confounderBytes) throw new MalformedError('the ciphertext is too short');
    const bytes = asBuffer(cipher);
    const checksum = bytes.subarray(0, macBytes);
    const base = hmac('md5', key, messageType(usage));
    const plain = asBuffer(rc4(hmac('md5', base, checksum), bytes.subarray(macBytes)));
    requireEqual(checksum, hmac('md5', base, plain), badChecksum);
    return plain.subarray(confounderBytes);
  },
  checksum: (key, usage, data) => rc4Checksum(key, messageType(usage), data),
};

/**
 * AES with HMAC of SHA-256 and SHA-384 (RFC 8009).
 * @module
 */
import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { asBuffer } from '../../util/bytes.js';
import { MalformedError } from '../errors.js';
import { ctsDecrypt, ctsEncrypt } from './cts.js';
import { badChecksum, hmac, requireEqual, usageConstant } from './encryption-type.js';
import type { EncryptionType } from './encryption-type.js';

const confounderBytes = 16;
const initialState = Buffer.alloc(16);

/** KDF-HMAC-SHA2 of RFC 8009 section 3; one block of the hash is always enough. */
export function kdfHmacSha2(hash: string, key: Uint8Array, label: Uint8Array, bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes * 8);
  return hmac(hash, key, Buffer.of(0, 0, 0, 1), label, Buffer.of(0), length).subarray(0, bytes);
}

/** The numbers in which the two types differ (RFC 8009 section 8). */
interface Sha2Parameters {
  readonly id: number;
  readonly name: string;
  readonly hash: string;
  readonly keyBytes: number;
  readonly macBytes: number;
  readonly checksumType: number;
}

/** aes128-cts-hmac-sha256-128 and aes256-cts-hmac-sha384-192 (RFC 8009): the checksum is over the ciphertext. */
function aesSha2({ id, name, hash, keyBytes, macBytes, checksumType }: Sha2Parameters): EncryptionType {
  const encryptionKey = (key: Uint8Array, usage: number): Buffer =>
    kdfHmacSha2(hash, key, usageConstant(usage, 0xaa), keyBytes);
  const integrity = (key: Uint8Array, usage: number, cipher: Uint8Array): Buffer =>
    hmac(hash, kdfHmacSha2(hash, key, usageConstant(usage, 0x55), macBytes), initialState, cipher).subarray(
      0,
      macBytes,
    );
  return {
    id,
    name,
    keyBytes,
    checksumType,
    checksumBytes: macBytes,
    defaultIterations: 32768,
    async stringToKey(password, salt, iterations) {
      const salted = Buffer.concat([Buffer.from(`${name}\0`), salt]);
      const seed = await promisify(pbkdf2)(password, salted, iterations, keyBytes, hash);
      return kdfHmacSha2(hash, seed, Buffer.from('kerberos'), keyBytes);
    },
    encrypt(key, usage, plain, confounder = randomBytes(confounderBytes)) {
      const cipher = ctsEncrypt(encryptionKey(key, usage), Buffer.concat([confounder, plain]));
      return Buffer.concat([cipher, integrity(key, usage, cipher)]);
    },
    decrypt(key, usage, cipher) {
      if (cipher.length < confounderBytes + macBytes) throw new MalformedError('the ciphertext is too short');
      const bytes = asBuffer(cipher);
      const body = bytes.subarray(0, -macBytes);
      requireEqual(bytes.subarray(-macBytes), integrity(key, usage, body), badChecksum);
      return ctsDecrypt(encryptionKey(key, usage), body).subarray(confounderBytes);
    },
    checksum: (key, usage, data) =>
      hmac(hash, kdfHmacSha2(hash, key, usageConstant(usage, 0x99), macBytes), data).subarray(0, macBytes),
  };
}

/** aes128-cts-hmac-sha256-128. */
export const aes128Sha2 = aesSha2({
  id: 19,
  name: 'aes128-cts-hmac-sha256-128',
  hash: 'sha256',
  keyBytes: 16,
  macBytes: 16,
  checksumType: 19,
});
/** aes256-cts-hmac-sha384-192. */
export const aes256Sha2 = aesSha2({
  id: 20,
  name: 'aes256-cts-hmac-sha384-192',
  hash: 'sha384',
  keyBytes: 32,
  macBytes: 24,
  checksumType: 20,
});

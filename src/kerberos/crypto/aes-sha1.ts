/**
 * AES with HMAC of SHA-1 (RFC 3962).
 * @module
 */
import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { asBuffer } from '../../util/bytes.js';
import { MalformedError } from '../errors.js';
import { aesCbcEncrypt, ctsDecrypt, ctsEncrypt } from './cts.js';
import { badChecksum, hmac, requireEqual, usageConstant } from './encryption-type.js';
import type { EncryptionType } from './encryption-type.js';
import { nFold } from './n-fold.js';

const macBytes = 12;
const confounderBytes = 16;

/** DR and DK of RFC 3961 section 5.1 with AES, where random-to-key is the identity. */
export function deriveKey(key: Uint8Array, constant: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  let last = nFold(constant, 16);
  for (let length = 0; length < key.length; length += 16) {
    last = aesCbcEncrypt(key, last);
    blocks.push(last);
  }
  return Buffer.concat(blocks).subarray(0, key.length);
}

/** aes128- and aes256-cts-hmac-sha1-96 (RFC 3962). */
function aesSha1(id: number, name: string, keyBytes: number, checksumType: number): EncryptionType {
  const mac = (key: Uint8Array, constant: Buffer, data: Uint8Array): Buffer =>
    hmac('sha1', deriveKey(key, constant), data).subarray(0, macBytes);
  return {
    id,
    name,
    keyBytes,
    checksumType,
    checksumBytes: macBytes,
    defaultIterations: 4096,
    async stringToKey(password, salt, iterations) {
      const seed = await promisify(pbkdf2)(password, salt, iterations, keyBytes, 'sha1');
      return deriveKey(seed, Buffer.from('kerberos'));
    },
    encrypt(key, usage, plain, confounder = randomBytes(confounderBytes)) {
      const input = Buffer.concat([confounder, plain]);
      return Buffer.concat([
        ctsEncrypt(deriveKey(key, usageConstant(usage, 0xaa)), input),
        mac(key, usageConstant(usage, 0x55), input),
      ]);
    },
    decrypt(key, usage, cipher) {
      if (cipher.length < confounderBytes + macBytes) throw new MalformedError('the ciphertext is too short');
      const bytes = asBuffer(cipher);
      const plain = ctsDecrypt(deriveKey(key, usageConstant(usage, 0xaa)), bytes.subarray(0, -macBytes));
      requireEqual(bytes.subarray(-macBytes), mac(key, usageConstant(usage, 0x55), plain), badChecksum);
      return plain.subarray(confounderBytes);
    },
    checksum: (key, usage, data) => mac(key, usageConstant(usage, 0x99), data),
  };
}

/** aes128-cts-hmac-sha1-96. */
export const aes128Sha1 = aesSha1(17, 'aes128-cts-hmac-sha1-96', 16, 15);
/** aes256-cts-hmac-sha1-96. */
export const aes256Sha1 = aesSha1(18, 'aes256-cts-hmac-sha1-96', 32, 16);

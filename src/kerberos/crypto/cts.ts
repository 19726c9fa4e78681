/**
 * AES in CBC mode with ciphertext stealing (RFC 3962 section 5).
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { asBuffer } from '../../util/bytes.js';
import { MalformedError } from '../errors.js';

const block = 16;
const zeroIv = Buffer.alloc(block);

/** AES-CBC without padding and with a zero initial vector; whole blocks in, whole blocks out. */
export function aesCbcEncrypt(key: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, zeroIv).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

function aesCbcDecrypt(key: Uint8Array, data: Uint8Array): Buffer {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, zeroIv).setAutoPadding(false);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

/**
 * AES in CBC mode with ciphertext stealing (RFC 3962 section 5): the last two blocks change places, and no byte is
 * added.
 */
export function ctsEncrypt(key: Uint8Array, plain: Uint8Array): Buffer {
  const whole = Math.max(1, Math.ceil(plain.length / block)) * block;
  const cipher = aesCbcEncrypt(key, Buffer.concat([plain, Buffer.alloc(whole - plain.length)]));
  if (whole === block) return cipher;
  return Buffer.concat([
    cipher.subarray(0, whole - 2 * block),
    cipher.subarray(whole - block),
    cipher.subarray(whole - 2 * block, whole - block),
  ]).subarray(0, plain.length);
}

/** Reverses `ctsEncrypt`. Requires at least one block. */
export function ctsDecrypt(key: Uint8Array, cipher: Uint8Array): Buffer {
  if (cipher.length < block) throw new MalformedError('the ciphertext is shorter than a cipher block');
  if (cipher.length === block) return aesCbcDecrypt(key, cipher);
  const bytes = asBuffer(cipher);
  const tail = cipher.length % block || block;
  const stolen = bytes.subarray(cipher.length - tail);
  const last = bytes.subarray(cipher.length - tail - block, cipher.length - tail);
  const head = bytes.subarray(0, cipher.length - tail - block);
  // The last whole block decrypts to the last plaintext block, padded with zeros, XOR the block before it.
  const mixed = aesCbcDecrypt(key, last);
  const before = Buffer.concat([stolen, mixed.subarray(tail)]);
  const end = Buffer.alloc(tail);
  for (let i = 0; i < tail; i++) end[i] = (mixed[i] ?? 0) ^ (stolen[i] ?? 0);
  return Buffer.concat([aesCbcDecrypt(key, Buffer.concat([head, before])), end]);
}

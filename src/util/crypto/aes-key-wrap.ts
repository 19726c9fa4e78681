/**
 * AES key wrap (RFC 3394) over AES in ECB mode, for runtimes whose crypto library has no cipher for it: BoringSSL
 * (Deno, Bun).
 * @module
 */
import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';

/** The initial value by which a correctly unwrapped key is recognized (section 2.2.3.1). */
const initialValue = Buffer.alloc(8, 0xa6);
const rounds = 6;

let isNative: boolean | undefined;

/**
 * Does the runtime have a cipher for it? Found out by using it, because lists of ciphers are not reliable everywhere.
 */
export function hasKeyWrapCipher(): boolean {
  return (isNative ??= worksNatively());
}

function worksNatively(): boolean {
  const [kek, key] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
  try {
    const cipher = createCipheriv('id-aes128-wrap', kek, initialValue);
    return Buffer.concat([cipher.update(key), cipher.final()]).equals(wrapAesKey(kek, key));
  } catch {
    return false;
  }
}

/** Wraps key data of 16 octets or more, in whole blocks of 8, under a key of 16, 24 or 32 octets (section 2.2.1). */
export function wrapAesKey(kek: Uint8Array, key: Uint8Array): Buffer {
  checkLength(key.length, 16);
  const cipher = createCipheriv(ecb(kek), kek, null).setAutoPadding(false);
  const output = Buffer.concat([initialValue, key]);
  const blocks = key.length / 8;
  const block = Buffer.alloc(16);
  for (let step = 1; step <= rounds * blocks; step++) {
    const at = 8 + 8 * ((step - 1) % blocks);
    output.copy(block, 0, 0, 8);
    output.copy(block, 8, at, at + 8);
    cipher.update(block).copy(block);
    countIn(block, step);
    block.copy(output, 0, 0, 8);
    block.copy(output, at, 8, 16);
  }
  return output;
}

/** Unwraps key data (section 2.2.2). RangeError if the length or the check value is wrong. */
export function unwrapAesKey(kek: Uint8Array, wrapped: Uint8Array): Buffer {
  checkLength(wrapped.length, 24);
  const decipher = createDecipheriv(ecb(kek), kek, null).setAutoPadding(false);
  const output = Buffer.from(wrapped);
  const blocks = wrapped.length / 8 - 1;
  const block = Buffer.alloc(16);
  for (let step = rounds * blocks; step >= 1; step--) {
    const at = 8 + 8 * ((step - 1) % blocks);
    output.copy(block, 0, 0, 8);
    output.copy(block, 8, at, at + 8);
    countIn(block, step);
    decipher.update(block).copy(block);
    block.copy(output, 0, 0, 8);
    block.copy(output, at, 8, 16);
  }
  if (!timingSafeEqual(output.subarray(0, 8), initialValue)) throw new RangeError('the wrapped key does not fit');
  return output.subarray(8);
}

function ecb(kek: Uint8Array): string {
  return `aes-${kek.length * 8}-ecb`;
}

/** A = A xor t, with t in 64 bits. No key is long enough for the upper half to matter. */
function countIn(block: Buffer, step: number): void {
  block.writeUInt32BE((block.readUInt32BE(4) ^ step) >>> 0, 4);
}

function checkLength(length: number, least: number): void {
  if (length < least || length % 8 !== 0 || length > 1 << 20)
    throw new RangeError('a wrapped key cannot have this length');
}

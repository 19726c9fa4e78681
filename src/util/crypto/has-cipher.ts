/**
 * Finds out which ciphers a runtime lacks. OpenSSL has all that this library uses; BoringSSL (Bun) and Deno's library
 * do not.
 * @module
 */
import { createCipheriv } from 'node:crypto';

/** The sizes of a cipher's key and initialization vector in octets; 0 for a cipher that takes no vector. */
export interface CipherShape {
  readonly name: string;
  readonly keyBytes: number;
  readonly ivBytes: number;
}

const known = new Map<string, boolean>();

/** True if the runtime has the cipher. One is created to find out, because Deno lists AES-192 but cannot use it. */
export function hasCipher(shape: CipherShape): boolean {
  const { name } = shape;
  let has = known.get(name);
  if (has === undefined) {
    has = canMake(shape);
    known.set(name, has);
  }
  return has;
}

function canMake({ name, keyBytes, ivBytes }: CipherShape): boolean {
  try {
    createCipheriv(name, Buffer.alloc(keyBytes, 1), ivBytes === 0 ? null : Buffer.alloc(ivBytes));
    return true;
  } catch {
    return false;
  }
}

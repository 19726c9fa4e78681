/**
 * Derives the keys of a store from its key, and encrypts single values with them.
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { withoutPrototype } from '../util/without-prototype.js';
import { jsonText } from '../util/own.js';

/** How the keys of a file are derived; part of its header. */
export interface KeyDerivation {
  /** 'scrypt' of a passphrase; 'raw' for a key of 32 bytes. */
  readonly kdf: 'scrypt' | 'raw';
  /** Base64 of 16 bytes, new for each key. */
  readonly salt: string;
  /** CPU and memory cost of scrypt. */
  readonly cost?: number | undefined;
}

/** A passphrase, or the key itself. */
export type KeyMaterial = string | Uint8Array;

/** Length of the keys that are derived. */
const keyBytes = 32;
/** Cost of new files: 128 MiB and about half a second. Files with less are refused. */
const scryptCost = 2 ** 17;
const maxScryptCost = 2 ** 20;
const scryptBlockSize = 8;
const nonceBytes = 12;
const tagBytes = 16;

/** The keys of one file. They are in closures and private fields, so that no log or error shows them. */
export class StoreKeys {
  readonly #encryption: Buffer;
  readonly #authentication: Buffer;
  /** Part of the header: distinguishes a wrong key from a changed file. */
  readonly check: string;

  constructor(master: Uint8Array, salt: Uint8Array) {
    const derive = (use: string): Buffer =>
      Buffer.from(hkdfSync('sha256', master, salt, `sealpost store: ${use}`, keyBytes));
    this.#encryption = derive('encrypt');
    this.#authentication = derive('authenticate');
    this.check = derive('check').subarray(0, 16).toString('base64');
  }

  /** HMAC-SHA-256. */
  authenticate(...parts: readonly (string | Uint8Array)[]): Buffer {
    const hmac = createHmac('sha256', this.#authentication);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  }

  /** AES-256-GCM, as base64 of nonce, ciphertext and tag. It opens only with the same `context`. */
  seal(value: Uint8Array, context: readonly (string | number)[]): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#encryption, nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(jsonText(context)));
    return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** The value, or undefined if it was encrypted with another key or context, or was changed. */
  open(sealed: string, context: readonly (string | number)[]): Buffer | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#encryption, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(jsonText(context)));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

/** A new salt, and the derivation for such a key. */
export function newDerivation(material: KeyMaterial): KeyDerivation {
  const salt = randomBytes(16).toString('base64');
  return typeof material === 'string' ? { kdf: 'scrypt', salt, cost: scryptCost } : { kdf: 'raw', salt };
}

/** Derives the keys, or returns the reason why they do not fit. */
export async function deriveKeys(
  derivation: KeyDerivation,
  material: KeyMaterial,
): Promise<StoreKeys | 'not-a-passphrase' | 'not-a-key' | 'unknown-derivation'> {
  const { kdf, salt, cost = 0 } = derivation;
  const saltBytes = Buffer.from(salt, 'base64');
  if (kdf === 'raw') return typeof material === 'string' ? 'not-a-passphrase' : new StoreKeys(material, saltBytes);
  if (typeof material !== 'string') return 'not-a-key';
  const isPowerOfTwo = Number.isInteger(Math.log2(cost));
  if (kdf !== 'scrypt' || !isPowerOfTwo || cost < scryptCost || cost > maxScryptCost) return 'unknown-derivation';
  const options = withoutPrototype({ N: cost, r: scryptBlockSize, p: 1, maxmem: 256 * cost * scryptBlockSize });
  const master = await new Promise<Buffer>((settle, reject) => {
    scrypt(material.normalize('NFC'), saltBytes, keyBytes, options, (error, key) => {
      if (error) reject(error);
      else settle(key);
    });
  });
  return new StoreKeys(master, saltBytes);
}

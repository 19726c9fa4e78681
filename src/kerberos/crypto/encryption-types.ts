/**
 * The encryption types by number and name.
 * @module
 */
import { MalformedError } from '../errors.js';
import { aes128Sha1, aes256Sha1 } from './aes-sha1.js';
import { aes128Sha2, aes256Sha2 } from './aes-sha2.js';
import type { EncryptionKey, EncryptionType } from './encryption-type.js';
import { rc4Hmac } from './rc4-hmac.js';

/**
 * Implemented types, in the order in which they are requested: AES with SHA-1 first, like MIT's defaults, because every
 * KDC supports it.
 */
const types: readonly EncryptionType[] = [aes256Sha1, aes128Sha1, aes256Sha2, aes128Sha2, rc4Hmac];

/** Numbers requested if krb5.conf has no setting: all except RC4. */
export const defaultTypes: readonly number[] = types.filter((type) => type !== rc4Hmac).map((type) => type.id);

export const rc4Type = rc4Hmac.id;

const names: Readonly<Record<string, readonly number[]>> = {
  'aes256-cts-hmac-sha1-96': [18],
  'aes256-cts': [18],
  'aes256-sha1': [18],
  'aes128-cts-hmac-sha1-96': [17],
  'aes128-cts': [17],
  'aes128-sha1': [17],
  'aes256-cts-hmac-sha384-192': [20],
  'aes256-sha2': [20],
  'aes128-cts-hmac-sha256-128': [19],
  'aes128-sha2': [19],
  aes: [18, 17, 20, 19],
  'arcfour-hmac': [23],
  'arcfour-hmac-md5': [23],
  'rc4-hmac': [23],
  rc4: [23],
};

/** The type with this number; undefined if it is not implemented. */
export function encryptionType(id: number): EncryptionType | undefined {
  return types.find((type) => type.id === id);
}

/** The type of a received key. MalformedError if the type is not implemented or the length of the key is wrong. */
export function typeOfKey(key: EncryptionKey): EncryptionType {
  const type = encryptionType(key.type);
  if (type === undefined) throw new MalformedError(`encryption type ${key.type} is not supported`);
  if (key.value.length !== type.keyBytes)
    throw new MalformedError(`a key of ${type.name} has ${key.value.length} bytes`);
  return type;
}

/** A number with its name, for people. */
export function describeType(id: number): string {
  const name = encryptionType(id)?.name;
  return name === undefined ? `encryption type ${id}` : `${name} (${id})`;
}

/**
 * Parses a list as in krb5.conf: names, families, `DEFAULT`, and `-name` to remove one. Types that are not implemented
 * are left out.
 */
export function parseTypeList(text: string): readonly number[] {
  const chosen = new Set<number>();
  for (const word of text.toLowerCase().split(/[\s,]+/)) {
    const name = word.replace(/^[-+]/, '');
    const ids = name === 'default' ? defaultTypes : Object.hasOwn(names, name) ? (names[name] ?? []) : [];
    for (const id of ids) {
      if (word.startsWith('-')) chosen.delete(id);
      else chosen.add(id);
    }
  }
  return [...chosen];
}

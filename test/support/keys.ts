/**
 * Private keys of the kinds that take long to generate, from test/fixtures/keys.json (PKCS#8, base64).
 * @module
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { read } from '../project/sources.js';

export type StoredKind = 'rsa' | 'rsa1024' | 'rsa-pss' | 'dsa-1024-160' | 'dsa-2048-224' | 'dsa-2048-256';

const stored = JSON.parse(read('test/fixtures/keys.json')) as Readonly<Record<StoredKind, readonly string[]>>;
const taken = new Map<StoredKind, number>();

/** The next key of a kind. After the last key the first one comes again. Keys of the kind 'rsa' have 2048 bits. */
export function storedKey(kind: StoredKind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const keys = stored[kind];
  const count = taken.get(kind) ?? 0;
  taken.set(kind, count + 1);
  const der = Buffer.from(keys[count % keys.length] ?? '', 'base64');
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

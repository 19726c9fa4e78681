/**
 * Reads private keys: PKCS#8, plain and encrypted, and the older forms of RSA and EC keys. All are converted to PKCS#8.
 * @module
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { withoutPrototype } from '../../util/without-prototype.js';
import { itemsOf, octetsOf, readStructure } from './ber-structure.js';
import { certificateError } from '../certificate-error.js';
import type { FilePasswords, Reading } from './contents.js';
import { decryptPemKey, decryptWithPassword } from './password-encryption.js';
import { passwordForms } from './password.js';
import type { PemBlock } from './pem.js';

/** The key as a node:crypto object. ERR_CERTIFICATE if it is damaged or of a kind that OpenSSL does not support. */
export function openPrivateKey(der: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): KeyObject {
  return opened(() => createPrivateKey(withoutPrototype({ key: der, format: 'der' as const, type })));
}

/** Turns any error of OpenSSL into ERR_CERTIFICATE. */
function opened<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw certificateError(
      'the private key cannot be read: it is damaged, or of a kind that is not supported',
      'Use an RSA, EC or Ed25519 key in PKCS#8.',
      error,
    );
  }
}

/** Converts a key to PKCS#8. */
export function toPkcs8(der: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1'): Buffer {
  const key = openPrivateKey(der, type);
  return opened(() => key.export({ format: 'der', type: 'pkcs8' }));
}

/** The public key; ERR_CERTIFICATE if OpenSSL cannot derive it, such as from a key with inconsistent numbers. */
export function publicHalf(privateKey: KeyObject): KeyObject {
  return opened(() => createPublicKey(privateKey));
}

/** SubjectPublicKeyInfo (DER) of a public key. */
export function spkiOf(publicKey: KeyObject): Buffer {
  return opened(() => publicKey.export({ format: 'der', type: 'spki' }));
}

/** Decrypts EncryptedPrivateKeyInfo (RFC 5958). ERR_CERTIFICATE if the password is missing or wrong. */
export async function decryptPkcs8(der: Buffer, { passwords, budget }: Reading): Promise<Buffer> {
  const [algorithm, data] = itemsOf(readStructure(der, { allowTail: true }), 'the encrypted key');
  const password = await keyPassword(passwords);
  for (const form of passwordForms(password)) {
    const plain = await decryptWithPassword(algorithm, octetsOf(data, 'the encrypted key'), form, budget);
    // One wrong password in 256 passes the check of the padding, so the key inside is checked too.
    if (plain !== undefined && isPrivateKeyInfo(plain)) return toPkcs8(plain, 'pkcs8');
  }
  throw wrongPassword(passwords);
}

/** Decrypts a PEM key with `DEK-Info`. */
export async function decryptPem(
  block: PemBlock,
  type: 'pkcs8' | 'pkcs1' | 'sec1',
  { passwords, budget }: Reading,
): Promise<Buffer> {
  const [cipherName = '', iv = ''] = (block.headers.get('dek-info') ?? '').split(',').map((part) => part.trim());
  if (!/^(?:[0-9A-Fa-f]{2}){8,16}$/.test(iv))
    throw certificateError(`the DEK-Info of the key in line ${block.line} is not well-formed`, 'Copy the whole file.');
  const password = await keyPassword(passwords);
  const encrypted = { cipherName, iv: Buffer.from(iv, 'hex'), data: block.bytes };
  const plain = await decryptPemKey(encrypted, Buffer.from(password, 'utf8'), budget);
  if (plain === undefined || !isSequence(plain)) throw wrongPassword(passwords);
  return toPkcs8(plain, type);
}

async function keyPassword(passwords: FilePasswords): Promise<string> {
  const password = await passwords.key();
  if (password !== undefined) return password;
  throw certificateError(
    'the private key is encrypted, and no password was given',
    `Give it in \`${passwords.ownKeyField}\`.`,
  );
}

function wrongPassword(passwords: FilePasswords): Error {
  return certificateError(
    'the password of the private key is wrong, or the key is damaged',
    `Check \`${passwords.keyField}\`: case and spaces count.`,
  );
}

/** Is it a SEQUENCE? Its length is not checked. */
function isSequence(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes[0] === 0x30;
}

/** SEQUENCE { INTEGER 0 or 1, … }. */
function isPrivateKeyInfo(bytes: Buffer): boolean {
  if (!isSequence(bytes)) return false;
  const lengthOctet = bytes[1] ?? 0;
  const start = lengthOctet < 0x80 ? 2 : 2 + (lengthOctet & 0x7f);
  return bytes[start] === 0x02 && bytes[start + 1] === 0x01;
}

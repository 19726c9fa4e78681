/**
 * Decrypts CMS. Every failure that depends on a secret is the same error.
 * @module
 */
import { createDecipheriv } from 'node:crypto';
import type { CipherGCMTypes } from 'node:crypto';
import { rc2CbcDecrypt } from '../../pki/formats/rc2.js';
import { hasCipher } from '../../util/crypto/has-cipher.js';
import { cmsOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { Budget } from '../cms/budget.js';
import { readEncrypted } from '../cms/enveloped-data-reader.js';
import type { EncryptedMessage, Recipient } from '../cms/enveloped-data-reader.js';
import { RecipientIndex } from '../cms/recipient-index.js';
import { readContentInfo } from '../cms/signed-data-reader.js';
import { cipherMissing, decryptionError, smimeError } from '../cms/smime-error.js';
import { contentKey, isImplicitlyRejected } from './content-key.js';
import type { RecipientKey } from './content-key.js';

/**
 * The most attempts. Normally a message names a certificate once; it may name several of one reader, or one several
 * times.
 */
const maxAttempts = 8;

/** A decrypted content, and the cipher it was encrypted with. */
export interface DecryptedContent {
  readonly content: Buffer;
  readonly algorithm: string;
}

/** Returns the keys of the certificates that a message names. Other keys need not be opened. */
export type KeysFor = (named: RecipientIndex) => AsyncIterable<RecipientKey> | Iterable<RecipientKey>;

/** Decrypts a ContentInfo. ERR_SMIME; its text is the same for every failure that depends on a secret. */
export async function decryptContent(
  cms: Uint8Array,
  keysFor: KeysFor,
  signal: AbortSignal,
  budget: Budget = new Budget(),
): Promise<DecryptedContent> {
  const { type, content } = readContentInfo(cms);
  if (type !== cmsOids.envelopedData && type !== cmsOids.authEnvelopedData) {
    throw smimeError(
      type === cmsOids.signedData
        ? 'The message is signed, not encrypted.'
        : `The message contains CMS of type ${type}, which is not encrypted data.`,
      'Give an encrypted message; verify() reads signed ones.',
    );
  }
  const message = readEncrypted(type, content, budget);
  const { cipher } = message;
  if (cipher.name !== 'rc2-cbc' && !hasCipher(cipher))
    throw cipherMissing(cipher.name, 'which the message is encrypted with');
  const named = new RecipientIndex(message.recipients);
  let attempts = 0;
  for await (const own of keysFor(named)) {
    for (const recipient of named.waysOf(own.certificate)) {
      if (++attempts > maxAttempts) throw decryptionError();
      const plain = await attempt(message, recipient, own, { signal, budget, isFirst: attempts === 1 });
      if (plain !== undefined) return { content: plain, algorithm: message.cipher.name };
    }
  }
  if (attempts > 0) throw decryptionError();
  throw smimeError(
    `The message is not encrypted for this certificate; it names ${named.size} other recipients.`,
    'Use the certificate that the sender used, with its key. All certificates of a file or store are tried, even expired ones.',
  );
}

/** Tries one recipient. Returns the content, undefined if that fails. */
async function attempt(
  message: EncryptedMessage,
  recipient: Recipient,
  own: RecipientKey,
  { signal, budget, isFirst }: { readonly signal: AbortSignal; readonly budget: Budget; readonly isFirst: boolean },
): Promise<Buffer | undefined> {
  const key = await contentKey(recipient, own, message.cipher.keyBytes, signal);
  const { cipher, ciphertext } = message;
  if (cipher.name === 'rc2-cbc') budget.take('octets to decrypt with RC2', ciphertext.length);
  if (cipher.name === 'des-ede3-cbc' && !isFirst) budget.take('octets to decrypt with 3DES again', ciphertext.length);
  const plain = key === undefined ? undefined : open(message, key);
  return plain !== undefined && (!isImplicitlyRejected(recipient) || isSure(message, plain)) ? plain : undefined;
}

/**
 * The plain text. undefined if tag or padding are wrong. With GCM no plain text is returned before the tag has been
 * checked.
 */
function open(message: EncryptedMessage, key: Buffer): Buffer | undefined {
  try {
    return message.cipher.mode === 'gcm' ? openGcm(message, key) : openCbc(message, key);
  } catch {
    return undefined;
  }
}

function openGcm({ cipher, iv, tag, associatedData, ciphertext }: EncryptedMessage, key: Buffer): Buffer | undefined {
  if (tag === undefined) return undefined;
  const decipher = createDecipheriv(
    cipher.name as CipherGCMTypes,
    key,
    iv,
    withoutPrototype({ authTagLength: tag.length }),
  );
  if (associatedData !== undefined) decipher.setAAD(associatedData);
  decipher.setAuthTag(tag);
  const plain = decipher.update(ciphertext);
  decipher.final();
  return plain;
}

function openCbc({ cipher, iv, ciphertext }: EncryptedMessage, key: Buffer): Buffer | undefined {
  if (ciphertext.length === 0 || ciphertext.length % cipher.ivBytes !== 0) return undefined;
  const plain =
    cipher.name === 'rc2-cbc'
      ? rc2CbcDecrypt(key, 8 * key.length, iv, ciphertext)
      : decryptCbc(cipher.name, key, iv, ciphertext);
  const padding = paddingOf(plain, cipher.ivBytes);
  return padding === 0 ? undefined : plain.subarray(0, plain.length - padding);
}

function decryptCbc(name: string, key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const decipher = createDecipheriv(name, key, iv).setAutoPadding(false);
  const plain = decipher.update(ciphertext);
  decipher.final();
  return plain;
}

/**
 * Octets of padding (RFC 5652 section 6.3), 0 if it is wrong. Every octet of the last block is compared in any case.
 */
function paddingOf(plain: Buffer, blockBytes: number): number {
  const count = plain[plain.length - 1] ?? 0;
  let bad = Number(count === 0) | Number(count > blockBytes);
  for (let i = 1; i <= blockBytes; i++) bad |= Number(i <= count) & Number(plain[plain.length - i] !== count);
  return bad === 0 ? count : 0;
}

/**
 * Is it certain that the key was not a random one, which implicit rejection returns instead of a wrong one? A random
 * key gives one octet of valid padding once in 256 times, hardly ever more octets, and a text that does not begin with
 * header fields. The body may be anything.
 */
function isSure({ tag, ciphertext }: EncryptedMessage, plain: Buffer): boolean {
  return tag !== undefined || ciphertext.length - plain.length > 1 || beginsWithFields(plain);
}

function beginsWithFields(plain: Buffer): boolean {
  let isEmptyLine = true;
  for (const octet of plain.subarray(0, 64)) {
    if (octet === 0x0a) {
      if (isEmptyLine) return true;
      isEmptyLine = true;
    } else if (octet !== 0x0d) {
      if (octet < 0x20 && octet !== 0x09) return false;
      isEmptyLine = false;
    }
  }
  return true;
}

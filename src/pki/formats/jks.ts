/**
 * Java key stores: JKS, and JCEKS, which encrypts keys differently. The format is Java's own, not ASN.1.
 * @module
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { algorithmOf, itemsOf, numberOf, octetsOf, readStructure } from './ber-structure.js';
import { certificateError } from '../certificate-error.js';
import { maxItems, once, tooMany } from './contents.js';
import type { ContainedCertificate, ContainedKey, Contents, Reading } from './contents.js';
import { hashCallsMs, md5WithSuffix } from './key-derivation.js';
import { unpadded } from './password-encryption.js';
import { inSlices } from './work-budget.js';
import type { WorkBudget } from './work-budget.js';

const magics: ReadonlyMap<number, string> = new Map([
  [0xfeedfeed, 'JKS'],
  [0xcececece, 'JCEKS'],
]);

const protections = { jks: '1.3.6.1.4.1.42.2.17.1.1', jceks: '1.3.6.1.4.1.42.2.19.1' };
const digestLength = 20;

/** Does it begin like a Java key store? */
export function isJavaKeyStore(bytes: Buffer): boolean {
  return bytes.length >= 4 && magics.has(bytes.readUInt32BE(0));
}

/** Reads big-endian fields. RangeError if the bytes end too early. */
class FieldReader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.bytes.length)
      throw new RangeError(`the key store ends at byte ${this.bytes.length}, in the middle of an entry`);
    const part = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  text(): string {
    return this.take(this.take(2).readUInt16BE(0)).toString('utf8');
  }

  block(): Buffer {
    return this.take(this.uint32());
  }
}

/** Reads a Java key store. ERR_CERTIFICATE for wrong passwords, a RangeError for a damaged file. */
export async function readJavaKeyStore(bytes: Buffer, reading: Reading): Promise<Contents> {
  const { passwords, wantKeys } = reading;
  const format = magics.get(bytes.readUInt32BE(0)) ?? 'JKS';
  const password = await passwords.file();
  if (password !== undefined) checkIntegrity(bytes, password, passwords.fileField, format);
  const fields = new FieldReader(bytes.subarray(0, Math.max(0, bytes.length - digestLength)));
  fields.uint32();
  const version = fields.uint32();
  if (version !== 1 && version !== 2) throw new RangeError(`the ${format} version is not 1 or 2`);
  const count = fields.uint32();
  if (count > maxItems) throw tooMany('entries');
  const certificates: ContainedCertificate[] = [];
  const keys: ContainedKey[] = [];
  const readCertificate = (alias: string): void => {
    const type = version === 2 ? fields.text() : 'X.509';
    const der = fields.block();
    if (type === 'X.509') certificates.push({ der, alias });
    if (certificates.length > maxItems) throw tooMany('certificates');
  };
  for (let i = 0; i < count; i++) {
    const kind = fields.uint32();
    const alias = fields.text();
    fields.take(8); // when it was made
    if (kind === 1) {
      const encrypted = fields.block();
      const leaf = certificates.length;
      for (let rest = fields.uint32(); rest > 0; rest--) readCertificate(alias);
      // Each key may have a password of its own.
      if (wantKeys)
        keys.push({
          open: once(() => decryptKey(encrypted, alias, reading)),
          alias,
          certificate: certificates[leaf]?.der,
        });
    } else if (kind === 2) readCertificate(alias);
    // A serialized Java object has no length, so nothing after it can be read.
    else if (kind === 3)
      throw certificateError(
        `the ${format} file contains a secret key, which cannot be skipped`,
        'Export the entry to a separate file, as PKCS#12.',
      );
    else throw new RangeError(`entry ${i + 1} of the ${format} file is of an unknown kind`);
  }
  return { format, certificates, keys, crls: [] };
}

function utf16(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16();
}

function checkIntegrity(bytes: Buffer, password: string, field: string, format: string): void {
  const body = bytes.subarray(0, -digestLength);
  const digest = createHash('sha1').update(utf16(password)).update('Mighty Aphrodite').update(body).digest();
  const stored = bytes.subarray(-digestLength);
  if (stored.length === digestLength && timingSafeEqual(digest, stored)) return;
  throw certificateError(
    `the password of the ${format} file is wrong, or the file is damaged or truncated`,
    `Check \`${field}\`: case and spaces count.`,
  );
}

async function decryptKey(encrypted: Buffer, alias: string, { passwords, budget }: Reading): Promise<Buffer> {
  const password = await passwords.key();
  if (password === undefined)
    throw certificateError(
      `the key ${JSON.stringify(alias)} is protected by a password, and none was given`,
      `Give it in \`${passwords.keyField}\`.`,
    );
  const [algorithm, octets] = itemsOf(readStructure(encrypted), 'the encrypted key');
  const data = octetsOf(octets, 'the encrypted key');
  const { oid, parameters } = algorithmOf(algorithm, 'the encryption of the key');
  let plain: Buffer | undefined;
  if (oid === protections.jks) plain = await decryptJks(data, utf16(password), budget);
  else if (oid === protections.jceks) {
    const [salt, rounds] = itemsOf(parameters, 'the parameters of the key');
    const hardening = { salt: octetsOf(salt, 'the salt'), rounds: numberOf(rounds, 'the iteration count') };
    plain = await decryptJceks(data, Buffer.from(password, 'latin1'), hardening, budget);
  } else
    throw certificateError(
      `the encryption ${oid} of the key is not supported`,
      'Convert the store to PKCS#12: `keytool -importkeystore -deststoretype pkcs12`.',
    );
  if (plain !== undefined) return plain;
  throw certificateError(
    `the password of the key ${JSON.stringify(alias)} is wrong`,
    `Give the key's own password in \`${passwords.ownKeyField}\`; it may differ from that of the store.`,
  );
}

/** JKS encryption: a keystream of SHA-1, and a SHA-1 over password and key at the end. */
async function decryptJks(data: Buffer, password: Buffer, budget: WorkBudget): Promise<Buffer | undefined> {
  if (data.length < 2 * digestLength) throw new RangeError('the encrypted key is too short');
  const plain = Buffer.from(data.subarray(digestLength, -digestLength));
  const blocks = Math.ceil(plain.length / digestLength);
  budget.spend(`${blocks} blocks of a keystream of sha1`, hashCallsMs(blocks));
  let block: Buffer = data.subarray(0, digestLength);
  let at = 0;
  await inSlices(blocks, budget.signal, (count) => {
    for (const end = at + count * digestLength; at < end && at < plain.length; at++) {
      if (at % digestLength === 0) block = hash('sha1', Buffer.concat([password, block]), 'buffer');
      plain[at] = (plain[at] ?? 0) ^ (block[at % digestLength] ?? 0);
    }
  });
  const check = hash('sha1', Buffer.concat([password, plain]), 'buffer');
  return timingSafeEqual(check, data.subarray(-digestLength)) ? plain : undefined;
}

/** PBEWithMD5AndTripleDES as Sun implemented it: each half of the salt is hashed separately. */
async function decryptJceks(
  data: Buffer,
  password: Buffer,
  { salt, rounds }: { readonly salt: Buffer; readonly rounds: number },
  budget: WorkBudget,
): Promise<Buffer | undefined> {
  if (salt.length !== 8) throw new RangeError('the salt is not 8 octets');
  const [first, second] = [Buffer.from(salt.subarray(0, 4)), Buffer.from(salt.subarray(4))];
  if (first.equals(second)) {
    // Sun's code was meant to reverse the half but swaps this way, and files depend on it.
    const [a = 0, b = 0, , d = 0] = first;
    first.set([d, a, b]);
  }
  const derived = Buffer.concat([
    await md5WithSuffix(first, password, rounds, budget),
    await md5WithSuffix(second, password, rounds, budget),
  ]);
  return unpadded({ cipher: 'des-ede3-cbc', key: derived.subarray(0, 24), iv: derived.subarray(24) }, data, budget);
}

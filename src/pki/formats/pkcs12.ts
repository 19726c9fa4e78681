/**
 * Reads PKCS#12 (RFC 7292, RFC 9579), as exported by Windows, macOS, Java, NSS, GnuTLS and all versions of OpenSSL.
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { cmsOids, hashOids, passwordOids, pkcs12Oids } from '../../util/oids.js';
import { certificateError } from '../certificate-error.js';
import type { BerElement } from '../../util/ber.js';
import {
  algorithmOf,
  isContext,
  isUniversal,
  itemsOf,
  numberOf,
  octetsOf,
  oidOf,
  rawOf,
  readStructure,
} from './ber-structure.js';
import { maxItems, once, plainKey, tooMany } from './contents.js';
import type { ContainedCertificate, ContainedKey, Contents, Reading } from './contents.js';
import { digestLength, pkcs12Derive, pkcs12Purpose } from './key-derivation.js';
import type { Hardening } from './key-derivation.js';
import { decryptWithPassword, deriveMacKey, hmacName } from './password-encryption.js';
import { passwordForms } from './password.js';
import type { PasswordForm } from './password.js';

/** Hashes of the MAC. MD5 occurs in old files, and is used nowhere else in this library. */
const macHashes: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.5', 'md5'],
  ...(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const).map((hash) => [hashOids[hash], hash] as const),
]);

/** A certificate or key with its labels in the file. */
interface Labelled<T> {
  readonly item: T;
  /** Octets that a key and its certificate share, in hex. */
  readonly localKeyId: string | undefined;
}

interface Pkcs12Reading extends Reading {
  readonly certificates: Labelled<ContainedCertificate>[];
  readonly keys: Labelled<ContainedKey>[];
  readonly crls: Uint8Array[];
  /** The encoding of the password that proved right, or all that might be. */
  forms: readonly PasswordForm[];
  /** Did the MAC prove the password? */
  proved: boolean;
}

/**
 * Reads a PKCS#12 file. ERR_CERTIFICATE for a wrong password and for unsupported algorithms, a RangeError for a damaged
 * file.
 */
export async function readPkcs12(bytes: Uint8Array, context: Reading): Promise<Contents> {
  const { passwords } = context;
  // Java and some tokens pad their output. The MAC does not cover the padding.
  const [version, authSafe, macData] = itemsOf(readStructure(bytes, { allowTail: true }), 'the PKCS#12 structure');
  if (numberOf(version, 'the version') !== 3) throw new RangeError('the PKCS#12 version is not 3');
  const [type, content] = itemsOf(authSafe, 'the content of the PKCS#12 file');
  if (oidOf(type, 'the content') !== cmsOids.data) {
    throw certificateError(
      'its integrity is protected by a signature, not a password',
      'Export the certificate again with a password.',
    );
  }
  const data = octetsOf(itemsOf(content, 'the content')[0], 'the content');
  const reading: Pkcs12Reading = {
    ...context,
    certificates: [],
    keys: [],
    crls: [],
    forms: passwordForms(await passwords.file()),
    proved: false,
  };
  if (macData !== undefined) await checkMac(macData, data, reading);
  for (const info of itemsOf(readStructure(data), 'the list of contents')) await readContentInfo(info, reading);
  const { certificates, crls } = reading;
  return { format: 'PKCS#12', certificates: certificates.map(({ item }) => item), keys: keysOf(reading), crls };
}

/** The keys, each with its certificate if exactly one has the same localKeyId; some programs give all the same one. */
function keysOf({ keys, certificates }: Pkcs12Reading): readonly ContainedKey[] {
  const owners = groupById(certificates);
  const rivals = groupById(keys);
  return keys.map(({ item, localKeyId }) => {
    const [owner, another] = owners.get(localKeyId) ?? [];
    const isClear = localKeyId !== undefined && another === undefined && rivals.get(localKeyId)?.length === 1;
    return isClear && owner !== undefined ? { ...item, certificate: owner.der } : item;
  });
}

function groupById<T>(all: readonly Labelled<T>[]): ReadonlyMap<string | undefined, readonly T[]> {
  const groups = new Map<string | undefined, T[]>();
  for (const { item, localKeyId } of all) {
    const group = groups.get(localKeyId);
    if (group === undefined) groups.set(localKeyId, [item]);
    else group.push(item);
  }
  return groups;
}

async function checkMac(macData: BerElement, data: Buffer, reading: Pkcs12Reading): Promise<void> {
  const [digestInfo, salt, rounds] = itemsOf(macData, 'the MAC');
  const [algorithm, digest] = itemsOf(digestInfo, 'the MAC');
  const expected = octetsOf(digest, 'the MAC');
  const hardening = {
    salt: octetsOf(salt, 'the salt of the MAC'),
    rounds: rounds === undefined ? 1 : numberOf(rounds, 'the iteration count of the MAC'),
  };
  for (const form of reading.forms) {
    const actual = createHmac(...(await macKey(algorithm, form, hardening, reading)))
      .update(data)
      .digest();
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) continue;
    // NSS before 3.30 derived the keys of PBES2 from the encoding for the MAC.
    reading.forms = [form, { bmp: form.bmp, utf8: form.bmp }];
    reading.proved = true;
    return;
  }
  throw await wrongPassword(reading);
}

/** The hash and the key of the MAC. */
async function macKey(
  algorithm: BerElement | undefined,
  form: PasswordForm,
  hardening: Hardening,
  { budget }: Reading,
): Promise<[hash: string, key: Buffer]> {
  const { oid, parameters } = algorithmOf(algorithm, 'the MAC');
  if (oid === passwordOids.pbmac1) {
    const [derivation, scheme] = itemsOf(parameters, 'the parameters of PBMAC1');
    const name = hmacName(algorithmOf(scheme, 'the HMAC').oid);
    return [name, await deriveMacKey(derivation, form.utf8, budget)];
  }
  const name = macHashes.get(oid);
  if (name === undefined)
    throw certificateError(`its MAC ${oid} is not supported`, 'Export the file again with a MAC of SHA-256.');
  const wanted = { hash: name, purpose: pkcs12Purpose.mac, length: digestLength(name) };
  return [name, await pkcs12Derive(wanted, form.bmp, hardening, budget)];
}

async function wrongPassword({ passwords, proved }: Pkcs12Reading): Promise<Error> {
  const field = passwords.fileField;
  if (proved)
    return certificateError(
      'the PKCS#12 file is damaged: its password is right, but its protected contents cannot be read',
      'Export the certificate again.',
    );
  return (await passwords.file()) === undefined
    ? certificateError('the PKCS#12 file is protected by a password, and none was given', `Give it in \`${field}\`.`)
    : certificateError(
        'the password of the PKCS#12 file is wrong, or the file was changed',
        `Check \`${field}\`: case and spaces count.`,
      );
}

async function readContentInfo(info: BerElement, reading: Pkcs12Reading): Promise<void> {
  const [type, content] = itemsOf(info, 'a content');
  const oid = oidOf(type, 'a content');
  const inner = itemsOf(content, 'a content')[0];
  if (oid === cmsOids.data) return readBags(octetsOf(inner, 'a content'), reading, 0);
  if (oid !== cmsOids.encryptedData) {
    throw certificateError(
      `part of it is encrypted by another method than a password (${oid})`,
      'Export the certificate again with a password.',
    );
  }
  const [, algorithm, encrypted] = itemsOf(itemsOf(inner, 'encrypted data')[1], 'encrypted data');
  const data = octetsOf(encrypted, 'encrypted data');
  const plain = await decryptAny(algorithm, data, reading, reading.forms);
  if (plain === undefined) throw await wrongPassword(reading);
  return readBags(plain, reading, 0);
}

/** Undefined if no password fits. */
async function decryptAny(
  algorithm: BerElement | undefined,
  data: Buffer,
  { budget }: Reading,
  forms: readonly PasswordForm[],
): Promise<Buffer | undefined> {
  for (const form of forms) {
    const plain = await decryptWithPassword(algorithm, data, form, budget);
    // Without a MAC, only a structure that parses shows that the password was right.
    if (plain !== undefined && isSequence(plain)) return plain;
  }
  return undefined;
}

function isSequence(bytes: Buffer): boolean {
  try {
    return isUniversal(readStructure(bytes), 16);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

async function readBags(bytes: Buffer, reading: Pkcs12Reading, depth: number): Promise<void> {
  if (depth > 8) throw new RangeError('bags are nested too deep');
  for (const bag of itemsOf(readStructure(bytes), 'the bags')) {
    const [type, value, attributes] = itemsOf(bag, 'a bag');
    const content = itemsOf(value, 'a bag')[0];
    const { alias, localKeyId } = labelsOf(attributes);
    switch (oidOf(type, 'a bag')) {
      case pkcs12Oids.keyBag:
        reading.keys.push({ item: plainKey(rawOf(content, 'a key'), alias), localKeyId });
        break;
      case pkcs12Oids.shroudedKeyBag:
        if (reading.wantKeys)
          reading.keys.push({ item: { open: once(() => decryptKey(content, reading)), alias }, localKeyId });
        break;
      case pkcs12Oids.certBag:
        readTyped(content, pkcs12Oids.x509Certificate, (der) => {
          reading.certificates.push({ item: { der, alias }, localKeyId });
        });
        break;
      case pkcs12Oids.crlBag:
        readTyped(content, pkcs12Oids.x509Crl, (der) => {
          reading.crls.push(der);
        });
        break;
      case pkcs12Oids.safeContentsBag:
        await readBags(rawOf(content, 'the bags'), reading, depth + 1);
        break;
      default: // secrets and the like are not used here
    }
    if (reading.certificates.length + reading.keys.length + reading.crls.length > maxItems)
      throw tooMany('certificates and keys');
  }
}

/** A key may have a password of its own, as Java's programs allow. The MAC does not cover that. */
async function decryptKey(content: BerElement | undefined, reading: Pkcs12Reading): Promise<Buffer> {
  const [algorithm, data] = itemsOf(content, 'an encrypted key');
  const key = await reading.passwords.key();
  const ownPassword = key !== (await reading.passwords.file());
  const forms = ownPassword ? [...passwordForms(key), ...reading.forms] : reading.forms;
  const plain = await decryptAny(algorithm, octetsOf(data, 'an encrypted key'), reading, forms);
  if (plain !== undefined) return plain;
  if (!reading.proved) throw await wrongPassword(reading);
  throw certificateError(
    ownPassword
      ? 'the password of the key in the PKCS#12 file is wrong'
      : 'the key in the PKCS#12 file has a password of its own',
    `Give the key's own password in \`${reading.passwords.ownKeyField}\`; or export certificate and key again, ` +
      'with one password for both.',
  );
}

/** CertBag and CRLBag: a type, and the octets of the certificate or list. */
function readTyped(content: BerElement | undefined, wanted: string, take: (der: Buffer) => void): void {
  const [type, value] = itemsOf(content, 'a bag');
  if (oidOf(type, 'a bag') === wanted && isContext(value, 0)) take(octetsOf(itemsOf(value, 'a bag')[0], 'a bag'));
}

/** The labels in the attributes of a bag. */
function labelsOf(attributes: BerElement | undefined): { readonly alias?: string; readonly localKeyId?: string } {
  const labels: { alias?: string; localKeyId?: string } = {};
  for (const attribute of attributes === undefined ? [] : itemsOf(attributes, 'the attributes of a bag')) {
    const [type, values] = itemsOf(attribute, 'an attribute');
    const [value] = itemsOf(values, 'an attribute');
    const oid = oidOf(type, 'an attribute');
    if (value === undefined) continue;
    if (oid === pkcs12Oids.localKeyId && isUniversal(value, 4))
      labels.localKeyId ??= octetsOf(value, 'the local key ID').toString('hex');
    if (oid !== pkcs12Oids.friendlyName || !isUniversal(value, 30)) continue;
    const octets = octetsOf(value, 'the friendly name');
    if (octets.length % 2 === 0) labels.alias ??= Buffer.from(octets).swap16().toString('utf16le');
  }
  return labels;
}

/**
 * SignedData and EnvelopedData assembled by hand: forgeries, and valid forms that this library does not write but other
 * programs do.
 * @module
 */
import {
  constants,
  createCipheriv,
  createHash,
  generateKeyPairSync,
  diffieHellman,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import {
  bitString,
  children,
  context,
  contextPrimitive,
  element,
  integer,
  nullElement,
  octetString,
  oid,
  readElement,
  sequence,
  tag,
  time,
  wholeOf,
} from '../../../src/util/der.js';
import { deriveKek, wrapKey } from '../../../src/smime/cms/key-agreement.js';
import { agreementByOid, keyWraps } from '../../../src/smime/cms/algorithms.js';
import type { Issued } from './issue.js';

export const dataOid = oid('1.2.840.113549.1.7.1');
const sha256 = sequence(oid('2.16.840.1.101.3.4.2.1'));

export function attribute(type: string, ...values: readonly Buffer[]): Buffer {
  return sequence(oid(type), element(tag.set, ...values));
}
export const contentType = (type = dataOid): Buffer => attribute('1.2.840.113549.1.9.3', type);
export const messageDigest = (content: Buffer): Buffer =>
  attribute('1.2.840.113549.1.9.4', octetString(createHash('sha256').update(content).digest()));
export const signingTime = (at: Date): Buffer => attribute('1.2.840.113549.1.9.5', time(at));

/** The IssuerAndSerialNumber of a certificate. */
export function nameOf({ der }: Issued): Buffer {
  const [tbs] = [...children(der, readElement(der, 0))];
  const fields = tbs === undefined ? [] : [...children(der, tbs)].map((field) => wholeOf(der, field));
  return sequence(fields[3] as Buffer, fields[1] as Buffer);
}

export interface SignerOptions {
  readonly signer: Issued;
  /** Signed attributes in this order; empty: none. */
  readonly attributes: readonly Buffer[];
  readonly id?: Buffer | undefined;
  /** The bytes to sign, if they are not the SET of the attributes in the given order. */
  readonly signedBytes?: Buffer | undefined;
  readonly signature?: Buffer | undefined;
  readonly digestAlgorithm?: Buffer | undefined;
  readonly algorithm?: Buffer | undefined;
  /** Attributes that the signature does not cover. */
  readonly unsigned?: readonly Buffer[] | undefined;
}

/** A SignerInfo with an EC key and SHA-256. */
export function signerInfo(options: SignerOptions): Buffer {
  const set = element(tag.set, ...options.attributes);
  const signature = options.signature ?? sign('sha256', options.signedBytes ?? set, options.signer.key.privateKey);
  return sequence(
    integer(1),
    options.id ?? nameOf(options.signer),
    options.digestAlgorithm ?? sha256,
    ...(options.attributes.length > 0 ? [element(0xa0, ...options.attributes)] : []),
    options.algorithm ?? sequence(oid('1.2.840.10045.4.3.2')),
    octetString(signature),
    ...(options.unsigned === undefined ? [] : [element(0xa1, ...options.unsigned)]),
  );
}

/** A ContentInfo, with or without the content inside. */
export function signedData(
  content: Buffer | undefined,
  signerInfos: readonly Buffer[],
  certificates: readonly Buffer[],
  type = dataOid,
  lists: readonly Buffer[] = [],
): Buffer {
  return sequence(
    oid('1.2.840.113549.1.7.2'),
    context(
      0,
      sequence(
        integer(1),
        element(tag.set, sha256),
        sequence(type, ...(content === undefined ? [] : [context(0, octetString(content))])),
        ...(certificates.length > 0 ? [element(0xa0, ...certificates)] : []),
        ...(lists.length > 0 ? [element(0xa1, ...lists)] : []),
        element(tag.set, ...signerInfos),
      ),
    ),
  );
}

/** A CRL of an authority with a P-256 key. It is valid for a day around `at` and lists these certificates. */
export function revocationList(issuer: Issued, revoked: readonly Issued[] = [], at = new Date()): Buffer {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const entries = revoked.map((one) => {
    const [, serial] = [...children(nameOf(one), readElement(nameOf(one), 0))].map((part) =>
      wholeOf(nameOf(one), part),
    );
    return sequence(serial as Buffer, time(at));
  });
  const [from, to] = [new Date(at.getTime() - 43_200_000), new Date(at.getTime() + 43_200_000)];
  const tbs = sequence(
    integer(1),
    algorithm,
    issuer.name,
    time(from),
    time(to),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
  );
  return sequence(tbs, algorithm, bitString(sign('sha256', tbs, issuer.key.privateKey)));
}

export const skiOf = ({ keyIdentifier }: Issued): Buffer => contextPrimitive(0, keyIdentifier);

/** A key transport with RSAES-PKCS1-v1_5. */
export function transport(recipient: Issued, key: Buffer, id?: Buffer): Buffer {
  const encrypted = publicEncrypt({ key: recipient.key.publicKey, padding: constants.RSA_PKCS1_PADDING }, key);
  return sequence(
    integer(0),
    id ?? nameOf(recipient),
    sequence(oid('1.2.840.113549.1.1.1'), nullElement()),
    octetString(encrypted),
  );
}

/** A key agreement with any scheme of RFC 5753, with or without user keying material. */
export function agreement(
  recipient: Issued,
  key: Buffer,
  schemeOid: string,
  ukm: Buffer | undefined,
  withCurve: boolean,
): Buffer {
  const scheme = agreementByOid.get(schemeOid);
  if (scheme === undefined) throw new Error('unknown scheme');
  const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient.key.publicKey });
  const wrapAlgorithm = sequence(oid(keyWraps.aes128.oid));
  const wrapped = wrapKey(keyWraps.aes128, deriveKek(scheme, secret, wrapAlgorithm, ukm, 16), key);
  const spki = ephemeral.publicKey.export({ format: 'der', type: 'spki' });
  const [algorithm, point] = [...children(spki, readElement(spki, 0))].map((part) => wholeOf(spki, part));
  const named = withCurve ? (algorithm as Buffer) : sequence(oid('1.2.840.10045.2.1'));
  return context(
    1,
    integer(3),
    context(0, context(1, named, point as Buffer)),
    ...(ukm === undefined ? [] : [context(1, octetString(ukm))]),
    sequence(oid(schemeOid), wrapAlgorithm),
    sequence(sequence(nameOf(recipient), octetString(wrapped))),
  );
}

export interface Envelope {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
}

/** AES-128-CBC with the given padding; default that of RFC 5652. */
export function encryptCbc(content: Buffer, padding?: Buffer): Envelope {
  const key = randomBytes(16);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(padding === undefined);
  return {
    key,
    iv,
    ciphertext: Buffer.concat([cipher.update(content), cipher.update(padding ?? Buffer.alloc(0)), cipher.final()]),
  };
}

/** EnvelopedData; `encrypted` replaces the [0] field with the ciphertext, `cipher` the name of AES-128-CBC. */
export function envelopedData(
  recipients: readonly Buffer[],
  { iv, ciphertext }: Envelope,
  encrypted = contextPrimitive(0, ciphertext),
  cipher = '2.16.840.1.101.3.4.1.2',
): Buffer {
  const algorithm = sequence(oid(cipher), octetString(iv));
  return sequence(
    oid('1.2.840.113549.1.7.3'),
    context(0, sequence(integer(0), element(tag.set, ...recipients), sequence(dataOid, algorithm, encrypted))),
  );
}

/**
 * The element with indefinite lengths on every constructed element and octet strings in pieces. Elements that must be
 * DER are unchanged.
 */
export function indefinite(der: Buffer, pieceBytes: number, kept: readonly Buffer[]): Buffer {
  if (kept.some((one) => one.equals(der))) return der;
  const { tag: tagByte, start, end } = readElement(der, 0);
  if (tagByte & 0x20) {
    const inner: Buffer[] = [];
    for (const child of children(der, readElement(der, 0)))
      inner.push(indefinite(wholeOf(der, child), pieceBytes, kept));
    return Buffer.concat([Buffer.of(tagByte, 0x80), ...inner, Buffer.alloc(2)]);
  }
  if ((tagByte === tag.octetString || tagByte === 0x80) && end - start > pieceBytes) {
    const pieces: Buffer[] = [];
    for (let at = start; at < end; at += pieceBytes)
      pieces.push(octetString(der.subarray(at, Math.min(at + pieceBytes, end))));
    return Buffer.concat([Buffer.of(tagByte | 0x20, 0x80), ...pieces, Buffer.alloc(2)]);
  }
  return der;
}

/**
 * Gets the content-encryption key from a RecipientInfo. The reason of a failure is never reported, because an attacker
 * could learn from it.
 * @module
 */
import { constants, KeyObject, privateDecrypt } from 'node:crypto';
import type { HashAlgorithm, PrivateKeyDecryptor } from '../../model/certificate.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { isBytes } from '../../util/bytes.js';
import { children, readElement, sequence, tag, wholeOf } from '../../util/der.js';
import { keyOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { agreementByOid, keyWrapByOid } from '../cms/algorithms.js';
import { berChildren, berWhole } from '../../util/ber.js';
import { wrapName } from '../cms/enveloped-data-reader.js';
import type { KeyAgreement, KeyTransport, Recipient } from '../cms/enveloped-data-reader.js';
import { agree, deriveKek, peerPublicKey, requireKeyWrap, unwrapKey } from '../cms/key-agreement.js';
import { readMaskParameters } from '../cms/mask-parameters.js';
import type { OaepParameters } from '../cms/mask-parameters.js';
import { ask } from '../sign/private-key.js';
import { oaepDecode, pkcs1KeyOrRandom, rsaRawDecrypt } from './rsa-decoding.js';

/** The key that decrypts, with its certificate. */
export interface RecipientKey {
  readonly certificate: Certificate;
  readonly key: KeyObject | Partial<PrivateKeyDecryptor>;
}

/** Does a wrong key give random octets with this algorithm, instead of a failure? */
export function isImplicitlyRejected(recipient: Recipient): boolean {
  return recipient.kind === 'transport' && recipient.algorithm === keyOids.rsa;
}

/** The content-encryption key of `keyBytes` octets. undefined if this recipient and key do not yield it. */
export async function contentKey(
  recipient: Recipient,
  own: RecipientKey,
  keyBytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const key = await (recipient.kind === 'transport'
    ? transported(recipient, own.key, keyBytes, signal)
    : agreed(recipient, own, signal));
  return key?.length === keyBytes ? key : undefined;
}

async function transported(
  { algorithm, parameters, encryptedKey }: KeyTransport,
  key: RecipientKey['key'],
  keyBytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (algorithm === keyOids.rsa) {
    if (!isKeyObject(key)) return externalPkcs1(key, encryptedKey, keyBytes, signal);
    return key.asymmetricKeyType === 'rsa' ? pkcs1KeyOrRandom(rsaRawDecrypt(key, encryptedKey), keyBytes) : undefined;
  }
  const oaep = algorithm === keyOids.rsaOaep ? readMaskParameters(parameters) : undefined;
  if (oaep === undefined) return undefined;
  if (!isKeyObject(key)) return externalOaep(key, encryptedKey, oaep, signal);
  return key.asymmetricKeyType === 'rsa' ? decryptOaep(key, encryptedKey, oaep) : undefined;
}

function isKeyObject(key: RecipientKey['key']): key is KeyObject {
  return key instanceof KeyObject;
}

/** OAEP with any two hashes. node:crypto has a single option for both. */
export function decryptOaep(key: KeyObject, ciphertext: Uint8Array, parameters: OaepParameters): Buffer | undefined {
  const { digest, mgfDigest, label } = parameters;
  if (digest !== mgfDigest) {
    const block = rsaRawDecrypt(key, ciphertext);
    return block === undefined ? undefined : oaepDecode(block, parameters);
  }
  try {
    return privateDecrypt(
      withoutPrototype({
        key,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: digest,
        ...(label.length > 0 ? { oaepLabel: label } : {}),
      }),
      ciphertext,
    );
  } catch {
    return undefined;
  }
}

/**
 * A device may report wrong padding. Its refusal gives a random key too, so that a sender cannot tell the two apart.
 */
async function externalPkcs1(
  key: Partial<PrivateKeyDecryptor>,
  ciphertext: Buffer,
  keyBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const random = pkcs1KeyOrRandom(undefined, keyBytes);
  const decrypted = await external(
    () => key.rsaDecrypt?.({ ciphertext: new Uint8Array(ciphertext), scheme: 'pkcs1', signal }),
    signal,
  );
  return decrypted?.length === keyBytes ? decrypted : random;
}

/** Hashes that a device may be asked to use. */
const externalHashes: readonly HashAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512'];

async function externalOaep(
  key: Partial<PrivateKeyDecryptor>,
  ciphertext: Buffer,
  { digest, mgfDigest, label }: OaepParameters,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const hash = externalHashes.find((name) => name === digest);
  if (hash === undefined || digest !== mgfDigest || label.length > 0) return undefined;
  return external(
    () => key.rsaDecrypt?.({ ciphertext: new Uint8Array(ciphertext), scheme: 'oaep', hash, signal }),
    signal,
  );
}

/** The device's answer. undefined if it fails. An abort rejects. */
async function external(
  question: () => Promise<Uint8Array> | undefined,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    const answer: unknown = await ask(async () => question(), signal);
    return isBytes(answer) ? Buffer.from(answer) : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

async function agreed(recipient: KeyAgreement, own: RecipientKey, signal: AbortSignal): Promise<Buffer | undefined> {
  const scheme = agreementByOid.get(recipient.algorithm);
  const { oid: wrapOid, der: wrapAlgorithm } = wrapName(recipient.wrap);
  const wrap = keyWrapByOid.get(wrapOid);
  const peer = peerKey(recipient, own.certificate);
  if (scheme === undefined || wrap === undefined || peer === undefined) return undefined;
  requireKeyWrap(wrap, 'which protects the key of the message');
  const secret = await sharedSecret(own.key, peer, signal);
  if (secret === undefined) return undefined;
  try {
    return unwrapKey(
      wrap,
      deriveKek(scheme, secret, wrapAlgorithm, recipient.ukm, wrap.keyBytes),
      recipient.encryptedKey,
    );
  } catch {
    return undefined;
  }
}

/**
 * SubjectPublicKeyInfo of the sender's ephemeral key, with the curve of the own certificate. undefined if it names
 * another curve.
 */
function peerKey({ originator }: KeyAgreement, { spki }: Certificate): Buffer | undefined {
  if (originator === undefined) return undefined;
  const [ownAlgorithm] = [...children(spki, readElement(spki, 0))].map((part) => wholeOf(spki, part));
  if (ownAlgorithm === undefined) return undefined;
  const [ownName, ownCurve] = [...children(ownAlgorithm, readElement(ownAlgorithm, 0))].map((part) =>
    wholeOf(ownAlgorithm, part),
  );
  const [name, curve] = [...berChildren(originator.algorithm, 2)].map(berWhole);
  if (ownName === undefined || name === undefined || !ownName.equals(name)) return undefined;
  // RFC 5753 section 3.1.1: parameters are absent, NULL, or name the curve
  if (curve !== undefined && curve[0] !== tag.null && (ownCurve === undefined || !ownCurve.equals(curve)))
    return undefined;
  return sequence(ownAlgorithm, berWhole(originator.point));
}

async function sharedSecret(key: RecipientKey['key'], peer: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  if (!isKeyObject(key)) return external(() => key.agree?.({ peer: new Uint8Array(peer), signal }), signal);
  try {
    return agree(key, peerPublicKey(peer));
  } catch {
    return undefined;
  }
}

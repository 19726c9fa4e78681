/**
 * RecipientInfo (RFC 5652 section 6.2): the content-encryption key, encrypted for one certificate.
 * @module
 */
import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createEmailError, reasonOf } from '../../errors/email-error.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { hasStrength } from '../../pki/x509/public-key.js';
import {
  children,
  context,
  integer,
  nullElement,
  octetString,
  oid,
  readElement,
  sequence,
  wholeOf,
} from '../../util/der.js';
import { agreementOids, keyOids } from '../../util/oids.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { agreementByOid, keyWraps } from '../cms/algorithms.js';
import type { ContentCipher, KeyWrap } from '../cms/algorithms.js';
import { issuerAndSerial } from '../cms/certificate-id.js';
import { agree, deriveKek, requireKeyWrap, wrapKey } from '../cms/key-agreement.js';
import { maskParameters } from '../cms/signature.js';

/** Makes the recipient info of one certificate for one content-encryption key. */
export type RecipientWriter = (key: Uint8Array) => Buffer;

/** Options of key encryption. */
export interface RecipientOptions {
  readonly cipher: ContentCipher;
  readonly keyTransport: 'pkcs1' | 'oaep';
}

/** Prepares everything that does not depend on the message. ERR_CERTIFICATE if this kind of key cannot receive. */
export function recipientWriter(certificate: Certificate, options: RecipientOptions): RecipientWriter {
  const write =
    certificate.key.kind === 'rsa' ? keyTransport(certificate, options) : keyAgreement(certificate, options);
  return (key) => {
    try {
      return write(key);
    } catch (error) {
      const who = showText(certificate.info.subject);
      throw createEmailError(
        'ERR_CERTIFICATE',
        `Encryption with the certificate of ${who} failed: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
  };
}

/** KeyTransRecipientInfo (RFC 3370 section 4.2.1, RFC 3560). */
function keyTransport(certificate: Certificate, options: RecipientOptions): RecipientWriter {
  const { publicKey } = certificate;
  if (!hasStrength(publicKey)) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `The certificate of ${showText(certificate.info.subject)} has an RSA key of fewer than 1024 bits, or ` +
        'with an exponent below 3 or above 64 bits.',
      {
        remedy: 'Such a key protects nothing: ask its owner for another certificate.',
      },
    );
  }
  const isOaep = options.keyTransport === 'oaep';
  const algorithm = isOaep
    ? sequence(oid(keyOids.rsaOaep), sequence(...maskParameters('sha256')))
    : sequence(oid(keyOids.rsa), nullElement());
  const lead = Buffer.concat([integer(0), issuerAndSerial(certificate), algorithm]);
  const input = withoutPrototype(
    isOaep
      ? { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
      : { key: publicKey, padding: constants.RSA_PKCS1_PADDING },
  );
  return (key) => sequence(lead, octetString(publicEncrypt(input, key)));
}

/** The scheme for each kind of key: the hash is as strong as the curve (RFC 5753 section 8, RFC 8418 section 2). */
const schemes: ReadonlyMap<string, string> = new Map([
  ['P-256', agreementOids.standardSha256],
  ['P-384', agreementOids.standardSha384],
  ['P-521', agreementOids.standardSha512],
  ['x25519', agreementOids.hkdfSha256],
  ['x448', agreementOids.hkdfSha512],
]);

/** KeyAgreeRecipientInfo with an ephemeral key (RFC 5753 section 3.1.1). */
function keyAgreement(certificate: Certificate, { cipher }: RecipientOptions): RecipientWriter {
  const { key: kind, publicKey, spki } = certificate;
  const schemeOid = schemes.get(kind.curve ?? kind.kind) ?? '';
  const scheme = agreementByOid.get(schemeOid);
  if (scheme === undefined) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `The certificate of ${showText(certificate.info.subject)} has a key that S/MIME cannot encrypt with.`,
      {
        remedy: 'Use a certificate with an RSA key, an EC key on P-256, P-384 or P-521, or an X25519 key.',
      },
    );
  }
  const wrap = wrapFor(cipher);
  requireKeyWrap(wrap, `which ${cipher.name} needs for the certificate of ${showText(certificate.info.subject)}`);
  const wrapAlgorithm = sequence(oid(wrap.oid), ...(wrap === keyWraps.tripleDes ? [nullElement()] : []));
  const algorithm = sequence(oid(schemeOid), wrapAlgorithm);
  const recipient = issuerAndSerial(certificate);
  const makeKeys = ephemeralKeys(kind.curve ?? kind.kind);
  const [keyAlgorithm] = [...children(spki, readElement(spki, 0))].map((part) => wholeOf(spki, part));
  if (keyAlgorithm === undefined) throw new RangeError('the public key has no algorithm');
  return (key) => {
    const ephemeral = makeKeys();
    const secret = agree(ephemeral.privateKey, publicKey);
    const encrypted = wrapKey(wrap, deriveKek(scheme, secret, wrapAlgorithm, undefined, wrap.keyBytes), key);
    const own = ephemeral.publicKey.export({ format: 'der', type: 'spki' });
    const [, point] = [...children(own, readElement(own, 0))].map((part) => wholeOf(own, part));
    if (point === undefined) throw new RangeError('the ephemeral key has no point');
    const originator = context(0, context(1, keyAlgorithm, point));
    return context(1, integer(3), originator, algorithm, sequence(sequence(recipient, octetString(encrypted))));
  };
}

/** A key-encryption key as long as the content-encryption key. */
function wrapFor({ name, keyBytes }: ContentCipher): KeyWrap {
  if (name === 'des-ede3-cbc') return keyWraps.tripleDes;
  return keyBytes === 16 ? keyWraps.aes128 : keyBytes === 24 ? keyWraps.aes192 : keyWraps.aes256;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function ephemeralKeys(kind: string): () => KeyPair {
  if (kind === 'x25519') return () => generateKeyPairSync('x25519');
  if (kind === 'x448') return () => generateKeyPairSync('x448');
  return () => generateKeyPairSync('ec', withoutPrototype({ namedCurve: kind }));
}

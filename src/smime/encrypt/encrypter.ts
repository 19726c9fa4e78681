/**
 * Encrypts entities: EnvelopedData (RFC 5652 section 6) with CBC, AuthEnvelopedData (RFC 5083, 5084) with GCM. A stream
 * is encrypted while it is read, and its ciphertext is written directly as base64.
 * @module
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import type { CipherGCMTypes } from 'node:crypto';
import { abortError } from '../../errors/abort.js';
import type { RenderedEntity } from '../../model/entity.js';
import type { Warning } from '../../model/reply.js';
import type { SmimeEncryptSettings } from '../../model/settings/smime.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { isBytes, noBytes } from '../../util/bytes.js';
import { hasCipher } from '../../util/crypto/has-cipher.js';
import { header, integer, octetString, oid, sequence, setOf, tag } from '../../util/der.js';
import { cmsOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { contentCiphers } from '../cms/algorithms.js';
import type { ContentCipher } from '../cms/algorithms.js';
import { Enclosure } from '../cms/enclosure.js';
import { tripleDesKey } from '../cms/key-agreement.js';
import { cipherMissing, smimeError } from '../cms/smime-error.js';
import { Base64Body, Base64Lines, base64LinesSize } from '../entity/base64-lines.js';
import {
  chunksOf,
  contentError,
  headOf,
  memoryEntity,
  noLead,
  sizeOf,
  sizeOfParts,
  streamOf,
} from '../entity/transfer.js';
import type { Lead, MemoryEntity } from '../entity/transfer.js';
import { problemsOf, usabilityCheck, warningsOf } from '../usability.js';
import { recipientWriter } from './recipient-info.js';

/** Encrypts one entity after the other. */
export interface EntityEncrypter {
  /** Warnings: weak keys, certificates about to expire, 3DES. */
  warnings(recipients: readonly Certificate[]): readonly Warning[];
  /**
   * The encrypted entity, which each of the recipients can read. A stream stays a stream, and gives the same octets
   * each time it is read. ERR_CERTIFICATE if a certificate cannot be used; ERR_ABORTED.
   */
  encrypt(entity: RenderedEntity, recipients: readonly Certificate[], signal: AbortSignal): Promise<RenderedEntity>;
  /** Encrypts in memory. The result of `lead` precedes the body. */
  encryptBytes(entity: MemoryEntity, recipients: readonly Certificate[], lead: Lead): Buffer;
}

/** The settings of encryption, without those of the recipients. */
export type EncryptionSettings = Pick<SmimeEncryptSettings, 'algorithm' | 'keyTransport'>;

const blockBytes = 1 << 16;
const tagBytes = 16;

/** Makes a RecipientInfo. ERR_CERTIFICATE if the certificate may not be used at that time. */
type CheckedWriter = (key: Uint8Array, at: Date) => Buffer;

/** Prepares everything that does not depend on a message, once, and once for each certificate. */
export function prepareEncrypter(settings: EncryptionSettings): EntityEncrypter {
  const cipher = contentCiphers[settings.algorithm ?? 'aes-256-cbc'];
  if (!hasCipher(cipher)) throw cipherMissing(cipher.name, 'which `algorithm` names');
  const options = { cipher, keyTransport: settings.keyTransport ?? 'pkcs1' } as const;
  const envelope = new Envelope(cipher);
  const writers = new WeakMap<Certificate, CheckedWriter>();
  const writerOf = (certificate: Certificate): CheckedWriter => {
    const known = writers.get(certificate);
    if (known !== undefined) return known;
    const check = usabilityCheck(certificate, 'encrypt');
    const write = recipientWriter(certificate, options);
    const writer: CheckedWriter = (key, at) => {
      check(at);
      return write(key);
    };
    writers.set(certificate, writer);
    return writer;
  };
  const secretsFor = (recipients: readonly Certificate[]): MessageSecrets => {
    if (recipients.length === 0)
      throw smimeError('There is no certificate to encrypt for.', 'Give at least one recipient certificate.');
    const now = new Date();
    const random = randomBytes(cipher.keyBytes + cipher.ivBytes);
    const key = cipher.name === 'des-ede3-cbc' ? tripleDesKey() : random.subarray(0, cipher.keyBytes);
    const infos: Buffer[] = [];
    for (const certificate of new Set(recipients)) infos.push(writerOf(certificate)(key, now));
    return { key, iv: random.subarray(cipher.keyBytes), infos };
  };
  return {
    warnings(recipients) {
      const now = new Date();
      const weakCipher = {
        code: 'WARN_WEAK_CIPHER',
        message: 'Messages are encrypted with 3DES; use aes-256-cbc as soon as every receiver supports it.',
      };
      return [
        ...(cipher.name === 'des-ede3-cbc' ? [weakCipher] : []),
        ...recipients.flatMap((one) => warningsOf(problemsOf(one, 'encrypt', now))),
      ];
    },
    async encrypt(entity, recipients, signal) {
      if (signal.aborted) throw abortError(signal);
      const secrets = secretsFor(recipients);
      const { body } = entity;
      if (!isBytes(body)) return encryptStream(envelope, entity, secrets, signal);
      const bytes = encryptBytes(envelope, memoryEntity(entity, body), secrets, noLead);
      return { fields: envelope.fields, body: bytes, size: bytes.length, encoding: '7bit' };
    },
    encryptBytes: (entity, recipients, lead) => encryptBytes(envelope, entity, secretsFor(recipients), lead),
  };
}

/** Keys and RecipientInfos of one message. */
interface MessageSecrets {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly infos: readonly Buffer[];
}

/** A running cipher. `after` returns the octets after the ciphertext: the tag of GCM. */
interface Encryption {
  update(bytes: Uint8Array): Buffer;
  final(): Buffer;
  after(): Uint8Array;
}

/** The structure around the ciphertext. */
class Envelope {
  readonly cipher: ContentCipher;
  /** The entity's fields. */
  readonly fields: string;
  readonly #contentInfoOid: Buffer;
  readonly #dataOid = oid(cmsOids.data);
  readonly #cipherOid: Buffer;
  /**
   * Version if all recipients use key transport, and version otherwise (RFC 5652 section 6.1, RFC 5083 section 2.1).
   */
  readonly #versions: readonly [Buffer, Buffer];

  constructor(cipher: ContentCipher) {
    this.cipher = cipher;
    const isGcm = cipher.mode === 'gcm';
    this.#contentInfoOid = oid(isGcm ? cmsOids.authEnvelopedData : cmsOids.envelopedData);
    this.#cipherOid = oid(cipher.oid);
    this.#versions = [integer(0), integer(isGcm ? 0 : 2)];
    this.fields =
      `Content-Type: application/pkcs7-mime; smime-type=${isGcm ? 'authEnveloped-data' : 'enveloped-data'};\r\n` +
      ` name="smime.p7m"\r\n` +
      'Content-Transfer-Encoding: base64\r\n' +
      'Content-Disposition: attachment; filename="smime.p7m"\r\n';
  }

  start({ key, iv }: MessageSecrets): Encryption {
    const { name, mode } = this.cipher;
    if (mode === 'cbc') {
      const cipher = createCipheriv(name, key, iv);
      return { update: (bytes) => cipher.update(bytes), final: () => cipher.final(), after: () => noBytes };
    }
    const cipher = createCipheriv(name as CipherGCMTypes, key, iv, withoutPrototype({ authTagLength: tagBytes }));
    return {
      update: (bytes) => cipher.update(bytes),
      final: () => cipher.final(),
      after: () => octetString(cipher.getAuthTag()),
    };
  }

  /** Length of the ciphertext. */
  ciphertextBytes(size: number): number {
    return this.cipher.mode === 'gcm' ? size : size + this.cipher.ivBytes - (size % this.cipher.ivBytes);
  }

  /** The octets before the ciphertext in DER, and the length of the whole. */
  definite(secrets: MessageSecrets, size: number): Enclosure {
    const ciphertext = this.ciphertextBytes(size);
    const enclosure = new Enclosure(ciphertext)
      .wrap(0x80)
      .prepend(this.#dataOid, this.#algorithm(secrets))
      .wrap(tag.sequence);
    enclosure.prepend(...this.#lead(secrets)).append(this.cipher.mode === 'gcm' ? tagBytes + 2 : 0);
    return enclosure.wrap(tag.sequence, 0xa0).prepend(this.#contentInfoOid).wrap(tag.sequence);
  }

  /**
   * The octets before the ciphertext with indefinite lengths: a ciphertext of unknown length follows in OCTET STRINGs,
   * then `indefiniteEnd`.
   */
  indefinite(secrets: MessageSecrets): Buffer {
    const open = (tagByte: number): Buffer => Buffer.of(tagByte, 0x80);
    return Buffer.concat([
      ...[open(tag.sequence), this.#contentInfoOid, open(0xa0), open(tag.sequence), ...this.#lead(secrets)],
      ...[open(tag.sequence), this.#dataOid, this.#algorithm(secrets), open(0xa0)],
    ]);
  }

  /** The octets that end it, with the tag. */
  indefiniteEnd(tagField: Uint8Array): Buffer {
    return Buffer.concat([Buffer.alloc(4), tagField, Buffer.alloc(6)]);
  }

  #algorithm({ iv }: MessageSecrets): Buffer {
    const parameters = this.cipher.mode === 'gcm' ? sequence(octetString(iv), integer(tagBytes)) : octetString(iv);
    return sequence(this.#cipherOid, parameters);
  }

  /** Version and recipient infos. */
  #lead({ infos }: MessageSecrets): readonly [Buffer, Buffer] {
    const isTransport = infos.every((info) => info[0] === tag.sequence);
    return [this.#versions[isTransport ? 0 : 1], setOf(...infos)];
  }
}

function encryptBytes(envelope: Envelope, { parts }: MemoryEntity, secrets: MessageSecrets, lead: Lead): Buffer {
  const enclosure = envelope.definite(secrets, sizeOfParts(parts));
  const out = new Base64Body(enclosure.length, lead(envelope.fields));
  const cipher = envelope.start(secrets);
  out.write(enclosure.before());
  for (const part of parts) {
    for (let at = 0; at < part.length; at += blockBytes) out.write(cipher.update(part.subarray(at, at + blockBytes)));
  }
  out.write(cipher.final());
  out.write(cipher.after());
  return out.finish();
}

function encryptStream(
  envelope: Envelope,
  entity: RenderedEntity,
  secrets: MessageSecrets,
  signal: AbortSignal,
): RenderedEntity {
  const head = headOf(entity);
  const total = sizeOf(entity);
  const enclosure = total === undefined ? undefined : envelope.definite(secrets, total);
  const piece = (bytes: Buffer): Buffer =>
    enclosure === undefined && bytes.length > 0 ? Buffer.concat([header(tag.octetString, bytes.length), bytes]) : bytes;
  const { body: source, size } = entity;
  // A key and nonce encrypt one content only: a second pass must read the same octets as the first.
  let fingerprint: Buffer | undefined;
  const body = streamOf(async function* () {
    const cipher = envelope.start(secrets);
    const hash = createHash('sha256');
    const lines = new Base64Lines();
    yield lines.update(enclosure?.before() ?? envelope.indefinite(secrets));
    yield lines.update(piece(cipher.update(head)));
    for await (const chunk of chunksOf(source, size, signal)) {
      hash.update(chunk);
      yield lines.update(piece(cipher.update(chunk)));
    }
    const seen = hash.digest();
    fingerprint ??= seen;
    if (!fingerprint.equals(seen)) throw contentError('changed between two passes');
    yield lines.update(piece(cipher.final()));
    yield lines.update(enclosure === undefined ? envelope.indefiniteEnd(cipher.after()) : cipher.after());
    yield lines.end();
  });
  return {
    fields: envelope.fields,
    body,
    size: enclosure === undefined ? undefined : base64LinesSize(enclosure.length),
    encoding: '7bit',
  };
}
